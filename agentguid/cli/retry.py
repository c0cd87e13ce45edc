"""Try the last turn of a conversation again, when it failed: its message is sent once more, or the agent is told to go on.

What a limit cut short is tried again by itself: then this does it now, or, with --cancel, leaves it.
"""

from argparse import ArgumentParser, Namespace

from agentguid.cli.client import connect, part
from agentguid.cli.output import print_json, say


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversation", metavar="CONV")
    parser.add_argument("--cancel", action="store_true", help="it is not to be tried again by itself")


def run(args: Namespace) -> int:
    path = f"/conversations/{part(args.conversation)}/retry"
    client = connect(args)
    answer = client.delete(path) if args.cancel else client.post(path)
    if args.json:
        print_json(answer)
    elif args.cancel:
        say("it is not tried again" if answer["cancelled"] else "nothing was to be tried again")
    else:
        say(f"running; agentguictl follow {args.conversation} watches it")
    return 0
