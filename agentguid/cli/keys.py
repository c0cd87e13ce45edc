"""Keys of model providers, for agents: set one, list what is set, forget one.

The key is asked for on a terminal, and otherwise read from standard input: never from the command line, which others can
see. Agents that are started from then on have it in their environment.
"""

import getpass
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.client import connect, part
from agentguid.cli.errors import USAGE, CliError
from agentguid.cli.options import common
from agentguid.cli.output import ago, complain, print_json, print_table, say


def arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="set|ls|rm")
    given = common(actions.add_parser("set", help="set a key; it is asked for, or read from standard input"))
    given.add_argument("name", metavar="NAME", help="the variable, such as ANTHROPIC_API_KEY")
    given.add_argument(
        "--agent", action="append", default=[], metavar="ID", help="only for this agent; may be repeated"
    )
    common(actions.add_parser("ls", help="what is set, masked"))
    common(actions.add_parser("rm", help="forget one")).add_argument("name", metavar="NAME")


def run(args: Namespace) -> int:
    client = connect(args)
    if args.action == "ls":
        answer = client.get("/keys")
        print_json(answer) if args.json else _print(answer["keys"])
        return 0
    path = f"/keys/{part(args.name)}"
    if args.action == "rm":
        answer = client.delete(path)
        print_json(answer) if args.json else say("forgotten" if answer["removed"] else "it was not set")
        return 0
    answer = client.put(path, {"value": _value(args.name), "agents": args.agent})
    print_json(answer) if args.json else say(
        f"set, for {', '.join(answer['agents'])}: from their next start on"
    )
    return 0


def _value(name: str) -> str:
    try:
        value = getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.read()
    except EOFError:
        value = ""
    if not value.strip():
        raise CliError("no key was given", USAGE)
    return value.strip()


def _print(rows: list[dict[str, Any]]) -> None:
    if not rows:
        complain("no key is set; agentguictl keys set NAME asks for one")
        return
    table = [
        (row["name"], row["masked"], f"{ago(row['updated_at'])} ago", ", ".join(row["agents"]))
        for row in rows
    ]
    print_table(("NAME", "KEY", "SET", "FOR"), table, spare=("SET",))
