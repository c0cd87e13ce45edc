"""Delete conversations. A running turn is stopped; the agent's own files and your working directory stay.

Asks first on a terminal; elsewhere --yes says that it is meant. What was said leaves the disk after seven days, with
--now at once.
"""

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.client import Client, connect, part
from agentguid.cli.errors import USAGE, CliError, Rejected
from agentguid.cli.output import one_line, print_json, say


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversations", metavar="CONV", nargs="+")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--now",
        action="store_true",
        help="what was said leaves the disk at once; also of one deleted before, named alone by its whole id",
    )


def run(args: Namespace) -> int:
    client = connect(args)
    # All are looked up before the first one goes: a misspelt id deletes nothing.
    rows = [_named(client, name, args) for name in args.conversations]
    if not args.yes and not _sure(rows, args.now):
        say("nothing was deleted")
        return 1
    for row in rows:
        answer = client.delete(f"/conversations/{part(row['id'])}", now=1 if args.now else None)
        print_json({**answer, "id": row["id"]}) if args.json else say(f"deleted: {row['id'][:8]}")
    return 0


def _named(client: Client, name: str, args: Namespace) -> dict[str, Any]:
    """A conversation. Of one that was deleted before only the id is known; it stands alone, as it may be misspelt."""
    try:
        found: dict[str, Any] = client.get(f"/conversations/{part(name)}")["conversation"]
    except Rejected as error:
        if not args.now or len(args.conversations) > 1 or error.status != 404:
            raise
        return {"id": name}
    return found


def _sure(rows: list[dict[str, Any]], now: bool) -> bool:
    if not sys.stdin.isatty():
        raise CliError("--yes is needed where nobody can be asked", USAGE)
    for row in rows:
        known = f"{one_line(row['title'], 60)}  ({row['messageCount']} messages)" if "title" in row else ""
        say(f"  {row['id'][:8]}  {known or 'deleted before'}")
    return _yes("Delete for good?") and (not now or _yes("All that was said leaves the disk at once. Sure?"))


def _yes(question: str) -> bool:
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
