"""The coding agents that are known here: which are installed, where, in which version, and signed in.

`login` runs an agent's own sign-in on this terminal, wherever the daemon is; `update` brings one up to date, or installs
it, by whatever has installed it. Both go on when they are left with Ctrl+].
"""

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.cells import columns, fold
from agentguid.cli.client import connect, part
from agentguid.cli.options import common
from agentguid.cli.output import complain, one_line, paint, print_json, print_table, safe


def arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ls|models|rescan|login|update")
    listing = common(actions.add_parser("ls", help="as of the last search"))
    listing.add_argument("agent", metavar="AGENT", nargs="?", help="all that is known of this one")
    models = common(actions.add_parser("models", help="which models an agent has, as it said last"))
    models.add_argument("agent", metavar="AGENT")
    models.add_argument(
        "--ask", action="store_true", help="start it to ask; takes seconds, and prompts nothing"
    )
    common(actions.add_parser("rescan", help="search again: after one was installed or updated"))
    login = common(actions.add_parser("login", help="sign in to one, on this terminal"))
    login.add_argument("agent", metavar="AGENT")
    ways = login.add_mutually_exclusive_group()
    ways.add_argument("--device", action="store_true", help="by a code that is typed on another device")
    ways.add_argument("--keep-token", action="store_true", help="by a long-lived token that is kept here")
    ways.add_argument("--end", action="store_true", help="end a sign-in that was left with Ctrl+]")
    update = common(actions.add_parser("update", help="bring one up to date, or install it"))
    update.add_argument("agent", metavar="AGENT")
    update.add_argument("--yes", action="store_true", help="run it without asking")


def run(args: Namespace) -> int:
    client = connect(args)
    if args.action == "models":
        path = f"/agents/{part(args.agent)}/models"
        return _models(args, client.post(path) if args.ask else client.get(path))
    if args.action in ("login", "update"):
        from agentguid.cli import signing

        return signing.login(client, args) if args.action == "login" else signing.update(client, args)
    if args.action == "ls":
        client.get("/agents/auth-status")  # looks at them anew
    if args.action == "ls" and args.agent:
        answer = client.get(f"/agents/{part(args.agent)}")
    else:
        answer = client.get("/agents") if args.action == "ls" else client.post("/agents/rescan")
    if args.json:
        print_json(answer)
    elif "agents" in answer:
        _print(answer["agents"])
    else:
        _whole(answer)
    return 0


def _models(args: Namespace, answer: dict[str, Any]) -> int:
    if args.json:
        print_json(answer)
        return 0
    for model in answer["models"]:
        print(safe(model["id"]) or paint("(its own choice)", "dim", sys.stdout))
    if answer["said"] is None:
        complain(
            f"\n{args.agent} has not been asked which others it has: agentguictl agents models {args.agent} --ask"
        )
    elif len(answer["models"]) == 1:
        complain(f"\n{args.agent} named no others.")
    for option in answer["options"]:
        values = ", ".join(choice["id"] for choice in option["choices"])
        own = f"; its own choice: {option['default']}" if option["default"] else ""
        complain(safe(f"\n--option {option['id']}=… ({option['label']}): {values}{own}"))
    return 0


def _print(agents: list[dict[str, Any]]) -> None:
    headings = ("ID", "NAME", "VERSION", "SIGNED IN", "PATH OR WHAT TO DO")
    styles = {"not installed": "dim", "unknown": "dim", "no": "yellow", "yes": "green"}
    print_table(headings, map(_row, agents), styles, spare=("NAME",))
    noted = [one for one in agents if one["installed"] and one["note"]]
    complain("\n".join(["", *(f"{one['id']}: {one['note']}" for one in noted)]) if noted else "")
    if not any(agent["installed"] and agent["id"] != "demo" for agent in agents):
        complain(
            "\nNone is installed. After an installation: agentguictl agents rescan. `--agent demo` needs none."
        )


def _row(agent: dict[str, Any]) -> tuple[str, ...]:
    if agent["installed"]:
        todo = f"agentguictl agents login {agent['id']}" if agent["auth"] == "no" else ""
        where = agent["problem"] or todo or agent["path"] or "built in"
    else:
        where = (
            agent["install"]
            if agent["protocol"] in ("acp", "stream-json", "app-server")
            else agent["problem"]
        )
    signed = agent["auth"] if agent["installed"] else ""
    return agent["id"], agent["name"], one_line(_version(agent), 40), signed, one_line(where, 500)


def _version(agent: dict[str, Any]) -> str:
    return (agent["version"] or "?") if agent["installed"] else "not installed"


def _whole(agent: dict[str, Any]) -> None:
    """All about one agent, in full sentences that are broken at words."""
    said = {
        "name": agent["name"],
        "version": _version(agent),
        "path": agent["path"],
        "problem": agent["problem"],
        "signed in": f"{agent['auth']}: {agent['authDetail']}" if agent["installed"] else "",
        "sign-in": agent["login"],
        "can do": agent["can"],
        "note": agent["note"],
        "our tests": agent["tried"],
        "more": agent["docs"],
    }
    for name, text in said.items():
        for number, line in enumerate(fold(safe(text), max(12, columns() - 11)) if text else ()):
            print(f"{paint((name if not number else '').ljust(9), 'dim', sys.stdout)}  {line}")
