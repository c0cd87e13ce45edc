"""Print the transcript of a conversation, or the slash commands that its agent has named."""

from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.client import connect, part
from agentguid.cli.keyboard import interactive
from agentguid.cli.output import print_json, print_table, say
from agentguid.cli.screen import Screen
from agentguid.cli.transcript import Transcript


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversation", metavar="CONV")
    parser.add_argument(
        "--after", type=int, default=0, metavar="N", help="begin after this position of the log"
    )
    parser.add_argument(
        "--commands", action="store_true", help="what a message to its agent may begin with, such as /compact"
    )


def run(args: Namespace) -> int:
    client = connect(args)
    conversation = client.get(f"/conversations/{part(args.conversation)}")["conversation"]
    if args.commands:
        _commands(client.get(f"/conversations/{part(conversation['id'])}/commands"), as_json=args.json)
        return 0
    drawing = Transcript(Screen() if not args.json and interactive() else None)
    for envelope in client.lines("/events", conversation=conversation["id"], after=args.after):
        print_json(envelope) if args.json else drawing.event(envelope)
    return 0


def _commands(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    elif not answer["commands"]:
        say("its agent has named none; most do once they have begun to work")
    else:
        rows = [(f"/{one['name']}", one["hint"], one["description"]) for one in answer["commands"]]
        print_table(("COMMAND", "MAY BE FOLLOWED BY", "WHAT IT DOES"), rows, spare=("MAY BE FOLLOWED BY",))
