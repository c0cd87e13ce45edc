"""The coding agents that are known here: which are installed, where, and in which version."""

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.cells import columns, fold
from agentguid.cli.client import connect, part
from agentguid.cli.options import common
from agentguid.cli.output import complain, one_line, paint, print_json, print_table, safe


def arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ls|models|rescan")
    listing = common(actions.add_parser("ls", help="as of the last search"))
    listing.add_argument("agent", metavar="AGENT", nargs="?", help="all that is known of this one")
    models = common(actions.add_parser("models", help="which models an agent has, as it said last"))
    models.add_argument("agent", metavar="AGENT")
    models.add_argument(
        "--ask", action="store_true", help="start it to ask; takes seconds, and prompts nothing"
    )
    common(actions.add_parser("rescan", help="search again: after one was installed or updated"))


def run(args: Namespace) -> int:
    client = connect(args)
    if args.action == "models":
        path = f"/agents/{part(args.agent)}/models"
        return _models(args, client.post(path) if args.ask else client.get(path))
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
    return 0


def _print(agents: list[dict[str, Any]]) -> None:
    headings = ("ID", "NAME", "VERSION", "PATH OR WHAT TO DO")
    print_table(headings, map(_row, agents), {"not installed": "dim"}, spare=("NAME",))
    noted = [one for one in agents if one["installed"] and one["note"]]
    complain("\n".join(["", *(f"{one['id']}: {one['note']}" for one in noted)]) if noted else "")
    if not any(agent["installed"] and agent["id"] != "demo" for agent in agents):
        complain(
            "\nNone is installed. After an installation: agentguictl agents rescan. `--agent demo` needs none."
        )


def _row(agent: dict[str, Any]) -> tuple[str, ...]:
    if agent["installed"]:
        where = agent["problem"] or agent["path"] or "built in"
    else:
        where = agent["install"] if agent["protocol"] in ("acp", "stream-json") else agent["problem"]
    return agent["id"], agent["name"], one_line(_version(agent), 40), one_line(where, 500)


def _version(agent: dict[str, Any]) -> str:
    return (agent["version"] or "?") if agent["installed"] else "not installed"


def _whole(agent: dict[str, Any]) -> None:
    """All about one agent, in full sentences that are broken at words."""
    said = {
        "name": agent["name"],
        "version": _version(agent),
        "path": agent["path"],
        "problem": agent["problem"],
        "sign-in": agent["login"],
        "note": agent["note"],
        "our tests": agent["tried"],
        "more": agent["docs"],
    }
    for name, text in said.items():
        for number, line in enumerate(fold(safe(text), max(12, columns() - 11)) if text else ()):
            print(f"{paint((name if not number else '').ljust(9), 'dim', sys.stdout)}  {line}")
