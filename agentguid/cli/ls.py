"""List conversations, newest first."""

import os
from argparse import ArgumentParser, Namespace
from itertools import islice
from typing import Any

from agentguid.cli.cells import cut_left
from agentguid.cli.client import Client, connect
from agentguid.cli.output import STATUS_STYLES, ago, complain, print_json, print_table

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
    if not rows:
        complain('no conversation yet; agentguictl run "what is to be done" begins one in this directory')
        return 0
    headings = ("ID", "STATUS", "AGENT", "UPDATED", "DIRECTORY", "TITLE")
    print_table(headings, map(_row, rows), STATUS_STYLES, spare=("DIRECTORY", "AGENT", "UPDATED"))
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
    agent, title = row.get("agentId") or row.get("agentType") or "", row.get("title") or ""
    directory = cut_left(_short(row.get("workingDirectory") or ""), 30)
    return row["id"][:8], row["status"], agent, ago(row["updated_at"]), directory, title


def _short(path: str) -> str:
    home = os.path.expanduser("~")
    return "~" + path.removeprefix(home) if path == home or path.startswith(home + "/") else path
