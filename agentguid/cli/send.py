"""Send a message to a conversation. A turn begins at once, or after those that run and wait.

With `--steer` the agent takes the message into the turn that runs, where it can. With `--attach` pictures and texts go
with it.
"""

import secrets
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from agentguid.cli import attaching
from agentguid.cli.attaching import attachments
from agentguid.cli.client import Client, connect, part
from agentguid.cli.errors import USAGE, CliError
from agentguid.cli.follow import watch
from agentguid.cli.output import print_json, say
from agentguid.protocol.ids import turn_of


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversation", metavar="CONV")
    parser.add_argument("text", metavar="TEXT", help="the message; - reads it from standard input")
    parser.add_argument(
        "--steer", action="store_true", help="into the turn that runs, instead of waiting for its end"
    )
    attaching.arguments(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="watch until its turn ends")


def run(args: Namespace) -> int:
    client, files = connect(args), attachments(args.attach)
    before = client.get(f"/conversations/{part(args.conversation)}")
    conversation = before["conversation"]
    text = message(args.text, alone=not files)
    answer = send(client, conversation["id"], text, files, steer=args.steer)
    if args.follow:
        running = before["latestSession"] if answer.get("steering") else None
        turn = running["id"] if running else turn_of(answer["message"]["id"])
        return watch(
            client, conversation["id"], conversation["position"], turn, prompts=False, as_json=args.json
        )
    if args.json:
        print_json(answer)
    elif answer.get("steering"):
        say("the agent reads it before its next step; if the turn ends first, it is sent next")
    elif answer.get("queued"):
        say(f"queued at place {answer.get('queuePosition')}")
    else:
        say(f"running; agentguictl follow {conversation['id']} watches it")
    return 0


def send(
    client: Client,
    conversation: str,
    text: str,
    files: Sequence[Mapping[str, str]] = (),
    *,
    steer: bool = False,
) -> Any:
    """Posts a message and returns the daemon's answer. Its key makes sure that it never runs twice."""
    body: dict[str, Any] = {"content": text, "idempotencyKey": secrets.token_hex(12)} | (
        {"steer": True} if steer else {}
    )
    body |= {"attachments": files} if files else {}
    return client.post(f"/conversations/{part(conversation)}/messages", body)


def message(text: str, *, alone: bool = True) -> str:
    """The text of a command line argument, or of standard input for `-`. It may be empty when it is not `alone`."""
    content = sys.stdin.buffer.read().decode("utf-8", "replace") if text == "-" else text
    if alone and not content.strip():
        raise CliError("the message is empty", USAGE)
    return content
