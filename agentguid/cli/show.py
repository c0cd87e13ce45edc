"""Print the transcript of a conversation."""

from argparse import ArgumentParser, Namespace

from agentguid.cli.client import connect, part
from agentguid.cli.keyboard import interactive
from agentguid.cli.output import print_json
from agentguid.cli.screen import Screen
from agentguid.cli.transcript import Transcript


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversation", metavar="CONV")
    parser.add_argument(
        "--after", type=int, default=0, metavar="N", help="begin after this position of the log"
    )


def run(args: Namespace) -> int:
    client = connect(args)
    conversation = client.get(f"/conversations/{part(args.conversation)}")["conversation"]
    drawing = Transcript(Screen() if not args.json and interactive() else None)
    for envelope in client.lines("/events", conversation=conversation["id"], after=args.after):
        print_json(envelope) if args.json else drawing.event(envelope)
    return 0
