"""The coding agents that are known here: which are installed, where, and in which version."""

from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.client import connect
from agentguid.cli.options import common
from agentguid.cli.output import complain, one_line, print_json, print_table


def arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ls|rescan")
    common(actions.add_parser("ls", help="as of the last search"))
    common(actions.add_parser("rescan", help="search again: after one was installed or updated"))


def run(args: Namespace) -> int:
    client = connect(args)
    answer = client.get("/agents") if args.action == "ls" else client.post("/agents/rescan")
    if args.json:
        print_json(answer)
        return 0
    print_table(
        ("ID", "NAME", "VERSION", "PATH OR WHAT TO DO"),
        map(_row, answer["agents"]),
        {"not installed": "dim"},
        spare=("NAME",),
    )
    if not any(agent["installed"] and agent["id"] != "demo" for agent in answer["agents"]):
        complain(
            "\nNone is installed. After an installation: agentguictl agents rescan. `--agent demo` needs none."
        )
    return 0


def _row(agent: dict[str, Any]) -> tuple[str, ...]:
    version = (agent["version"] or "?") if agent["installed"] else "not installed"
    where = agent["install"] if not agent["installed"] else agent["problem"] or agent["path"] or "built in"
    return agent["id"], agent["name"], one_line(version, 40), one_line(where, 500)
