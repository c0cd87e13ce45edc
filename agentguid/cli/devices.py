"""List the browsers that are signed in, or sign one out. `agentguictl login --qr` signs a phone in."""

from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.client import connect, part
from agentguid.cli.options import common
from agentguid.cli.output import ago, day, print_json, print_table, say


def arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ls|revoke")
    common(actions.add_parser("ls", help="those that are signed in"))
    revoke = common(actions.add_parser("revoke", help="sign one out; what it has open ends"))
    revoke.add_argument("which", metavar="DEVICE", help="its id or its name")


def run(args: Namespace) -> int:
    client = connect(args)
    if args.action == "revoke":
        answer = client.delete(f"/devices/{part(args.which)}")
        print_json(answer) if args.json else say("signed out")
        return 0
    answer = client.get("/devices")
    if args.json:
        print_json(answer)
    else:
        print_table(("ID", "LAST SEEN", "SIGNED IN", "NAME"), map(_row, answer["devices"]))
    return 0


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    seen = row.get("last_used_at")
    last = "now" if row.get("here") else f"{ago(seen)} ago" if seen else "never"
    return row["id"], last, day(row["created_at"]), row["name"]
