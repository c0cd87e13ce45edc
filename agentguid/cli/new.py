"""Create a conversation in the current directory and print its id."""

import os
from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.client import Client, connect
from agentguid.cli.errors import USAGE, CliError
from agentguid.cli.output import print_json, say

MODES = ("ask", "accept_edits", "plan", "bypass")


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--agent", metavar="AGENT", help="default: $AGENTGUID_AGENT, else the first that is installed"
    )
    parser.add_argument("--model", metavar="NAME", help="default: the agent's own")
    parser.add_argument("--mode", choices=MODES, help="what the agent may do without asking; default: ask")
    parser.add_argument("--cwd", metavar="DIR", help="working directory; default: the current one")
    parser.add_argument("--title")


def run(args: Namespace) -> int:
    conversation = create(connect(args), args)
    if args.json:
        print_json(conversation)
    else:
        print(conversation["id"])
    return 0


def create(client: Client, args: Namespace) -> Any:
    """Creates the conversation that the arguments describe and returns it."""
    body = {
        "agentId": args.agent or os.environ.get("AGENTGUID_AGENT") or _first(client),
        "workingDirectory": os.path.abspath(args.cwd or "."),
        "title": args.title,
        "model": args.model,
        "mode": args.mode,
    }
    return client.post("/conversations", {name: value for name, value in body.items() if value is not None})[
        "conversation"
    ]


def _first(client: Client) -> str:
    installed = [
        agent for agent in client.get("/agents")["agents"] if agent.get("installed") and agent["id"] != "demo"
    ]
    if not installed:
        raise CliError("no coding agent is installed here; --agent demo tries things out without one", USAGE)
    say(f"agent: {installed[0]['id']}")
    return str(installed[0]["id"])
