"""Look at everything that can be wrong, and say what to do about it. Works with the daemon up or down.

Exit code 1 when something is broken.
"""

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from agentguid.cli.cells import columns, fold
from agentguid.cli.output import paint, print_json, safe

if TYPE_CHECKING:
    from agentguid.cli.checks import Check

INDENT = 12
"""Cells before the text of a check."""
MARKS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "broken": ("✗", "red")}


def arguments(parser: ArgumentParser) -> None:
    pass


def run(args: Namespace) -> int:
    from agentguid.cli import checks, machine, storage

    patient = checks.meet(args)
    every = (
        checks.versions,
        checks.settings,
        checks.daemon,
        storage.data,
        storage.log,
        machine.clock,
        checks.sockets,
        machine.port,
        checks.hosts,
        machine.linger,
        checks.agents,
    )
    found = [one for check in every for one in check(patient)]
    broken = any(one.state == "broken" for one in found)
    if args.json:
        print_json({"broken": broken, "checks": [one._asdict() for one in found]})
    else:
        _print(found)
    return 1 if broken else 0


def _print(found: "list[Check]") -> None:
    room = columns() - INDENT
    for one in found:
        mark, style = MARKS[one.state]
        lines = [
            *fold(safe(one.text), room),
            *(f"→ {line}" if n == 0 else f"  {line}" for n, line in enumerate(_todo(one, room))),
        ]
        print(f"{paint(mark, style, sys.stdout)} {one.name:<{INDENT - 2}}{lines[0]}")
        for line in lines[1:]:
            print(" " * INDENT + line)


def _todo(check: "Check", room: int) -> list[str]:
    return fold(safe(check.todo), room - 2) if check.todo else []
