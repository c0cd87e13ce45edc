"""Delete conversations. A running turn is stopped; the agent's own files and your working directory stay.

Asks first on a terminal; elsewhere --yes says that it is meant.
"""

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.client import connect, part
from agentguid.cli.errors import USAGE, CliError
from agentguid.cli.output import one_line, print_json, say


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversations", metavar="CONV", nargs="+")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def run(args: Namespace) -> int:
    client = connect(args)
    # All are looked up before the first one goes: a misspelt id deletes nothing.
    rows = [client.get(f"/conversations/{part(name)}")["conversation"] for name in args.conversations]
    if not args.yes and not _sure(rows):
        say("nothing was deleted")
        return 1
    for row in rows:
        answer = client.delete(f"/conversations/{part(row['id'])}")
        print_json({**answer, "id": row["id"]}) if args.json else say(f"deleted: {row['id'][:8]}")
    return 0


def _sure(rows: list[dict[str, Any]]) -> bool:
    if not sys.stdin.isatty():
        raise CliError("--yes is needed where nobody can be asked", USAGE)
    for row in rows:
        say(f"  {row['id'][:8]}  {one_line(row['title'], 60)}  ({row['messageCount']} messages)")
    print("Delete for good? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
