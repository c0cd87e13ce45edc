"""List conversations, newest first."""

from argparse import ArgumentParser, Namespace
from itertools import islice
from typing import Any

from agentguid.cli.client import Client, connect
from agentguid.cli.output import STATUS_STYLES, ago, print_json, print_table

PAGE = 100


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "-n", "--limit", type=int, default=30, metavar="N", help="at most this many (30); 0 for all"
    )
    parser.add_argument("--archived", action="store_true", help="those that were archived")


def run(args: Namespace) -> int:
    rows = list(islice(_conversations(connect(args), args.archived, args.limit), args.limit or None))
    if args.json:
        print_json({"conversations": rows})
        return 0
    print_table(("ID", "STATUS", "AGENT", "UPDATED", "DIRECTORY", "TITLE"), map(_row, rows), STATUS_STYLES)
    return 0


def _conversations(client: Client, archived: bool, limit: int) -> Any:
    cursor = None
    while True:
        size = min(limit, PAGE) if limit else PAGE
        answer = client.get("/conversations", limit=size, cursor=cursor, archived=1 if archived else None)
        yield from answer["conversations"]
        cursor = answer.get("cursor")
        if not cursor:
            return


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    agent, directory = row.get("agentId") or row.get("agentType") or "", row.get("workingDirectory") or ""
    return row["id"][:8], row["status"], agent, ago(row["updated_at"]), directory, row.get("title") or ""
