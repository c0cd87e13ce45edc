"""Create, list and revoke tokens for programs. A token is shown once; the daemon keeps its hash."""

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any

from agentguid.cli.client import Client, connect, part
from agentguid.cli.options import common
from agentguid.cli.output import ago, day, print_json, print_table, safe, say

_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="create|ls|revoke")
    create = common(actions.add_parser("create", help="make one and print it"))
    create.add_argument("name", metavar="NAME", help="what it is for")
    create.add_argument(
        "--expires", type=seconds, metavar="30d", help="m, h, d or w from now; default: never"
    )
    create.add_argument("--scope", choices=("read", "write", "admin"), default="write")
    common(actions.add_parser("ls", help="those that there are"))
    revoke = common(actions.add_parser("revoke", help="end one"))
    revoke.add_argument("which", metavar="TOKEN", help="its id or its name")


def run(args: Namespace) -> int:
    client = connect(args)
    match args.action:
        case "create":
            return _create(client, args)
        case "ls":
            return _list(client, args)
    client.delete(f"/tokens/{part(args.which)}")
    say("revoked")
    return 0


def seconds(text: str) -> int:
    """`30d` in seconds."""
    if not (match := re.fullmatch(r"([1-9]\d{0,5})([mhdw])", text)):
        raise ArgumentTypeError(f"{text!r} is not like 90m, 12h, 30d or 4w")
    return int(match[1]) * _SECONDS[match[2]]


def _create(client: Client, args: Namespace) -> int:
    answer = client.post("/tokens", {"name": args.name, "scope": args.scope, "expiresIn": args.expires})
    if args.json:
        print_json(answer)
    else:
        print(safe(answer["token"]))
        say("This is the only time it is shown. Programs send it as `Authorization: Bearer TOKEN`.")
    return 0


def _list(client: Client, args: Namespace) -> int:
    answer = client.get("/tokens")
    if args.json:
        print_json(answer)
    else:
        print_table(("ID", "SCOPE", "CREATED", "LAST USED", "EXPIRES", "NAME"), map(_row, answer["tokens"]))
    return 0


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    times = (f"{ago(row['created_at'])} ago", ago(row.get("last_used_at")), day(row.get("expires_at")))
    return row["id"], row["scope"], *times, row["name"]
