"""Stop the running turn of a conversation, or keep a failed one from being tried again. Stopping an idle one succeeds and says so."""

from argparse import ArgumentParser, Namespace

from agentguid.cli.client import connect, part
from agentguid.cli.output import print_json, say


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversation", metavar="CONV")


def run(args: Namespace) -> int:
    answer = connect(args).post(f"/conversations/{part(args.conversation)}/cancel")
    if args.json:
        print_json(answer)
    else:
        say("stopping" if answer.get("cancelled") else "nothing was running")
    return 0
