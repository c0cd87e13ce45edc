"""Keys of model providers, for agents: set one, list what is set, forget one; and sign in where there is no key.

The key is asked for on a terminal, and otherwise read from standard input: never from the command line, which others can
see. Agents that are started from then on have it in their environment. For Claude Code with a subscription, set
CLAUDE_CODE_OAUTH_TOKEN to what `claude setup-token` prints. `login gemini` signs in with a Google account.
"""

import getpass
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.client import Client, connect, part
from agentguid.cli.errors import USAGE, CliError
from agentguid.cli.options import common
from agentguid.cli.output import ago, complain, print_json, print_table, safe, say


def arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="set|ls|rm|login|logout")
    given = common(actions.add_parser("set", help="set a key; it is asked for, or read from standard input"))
    given.add_argument("name", metavar="NAME", help="the variable, such as ANTHROPIC_API_KEY")
    given.add_argument(
        "--agent", action="append", default=[], metavar="ID", help="only for this agent; may be repeated"
    )
    common(actions.add_parser("ls", help="what is set, masked"))
    common(actions.add_parser("rm", help="forget one")).add_argument("name", metavar="NAME")
    login = common(actions.add_parser("login", help="sign in to an agent's provider with a browser"))
    login.add_argument("agent", choices=["gemini"], help="gemini: with a Google account")
    login.add_argument("--open", action="store_true", help="open the page in the browser of this machine")
    logout = common(actions.add_parser("logout", help="forget such a sign-in"))
    logout.add_argument("agent", choices=["gemini"])


def run(args: Namespace) -> int:
    client = connect(args)
    if args.action == "ls":
        answer = client.get("/keys")
        print_json(answer) if args.json else _print(answer["keys"])
        return 0
    if args.action == "login":
        return _login(client, args)
    if args.action == "logout":
        answer = client.delete("/gemini-oauth")
        print_json(answer) if args.json else say(
            "signed out" if answer["removed"] else "nobody was signed in"
        )
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


def _login(client: Client, args: Namespace) -> int:
    from agentguid.cli.signin import gemini

    answer = gemini(client, args.open, say if args.json else _address)
    who = f" as {safe(answer['email'])}" if answer["email"] else ""
    print_json(answer) if args.json else say(f"signed in{who}; Gemini CLI has it from its next start on")
    return 0


def _address(url: str) -> None:
    print(safe(url), flush=True)


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
