"""Give a conversation another title."""

from argparse import ArgumentParser, Namespace

from agentguid.cli.client import connect, part
from agentguid.cli.output import one_line, print_json, say


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversation", metavar="CONV")
    parser.add_argument("title", metavar="TITLE")


def run(args: Namespace) -> int:
    answer = connect(args).post(f"/conversations/{part(args.conversation)}", {"title": args.title})
    if args.json:
        print_json(answer["conversation"])
    else:
        say(f"renamed: {one_line(answer['conversation']['title'])}")
    return 0
