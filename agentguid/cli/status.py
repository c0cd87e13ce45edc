"""How the daemon is."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any

from agentguid.cli.client import connect
from agentguid.cli.output import print_fields, print_json


def arguments(parser: ArgumentParser) -> None:
    pass


def run(args: Namespace) -> int:
    status = connect(args).get("/status")
    print_json(status) if args.json else print_fields(dict(_flat(status)))
    return 0


def _flat(value: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{above}{name}.")
        else:
            yield above + name, len(inner) if isinstance(inner, list) else inner
