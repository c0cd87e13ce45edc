"""Put conversations away: they leave the list and stay whole. With --undo they come back."""

from argparse import ArgumentParser, Namespace

from agentguid.cli.client import connect, part
from agentguid.cli.output import one_line, print_json, say


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversations", metavar="CONV", nargs="+")
    parser.add_argument("--undo", action="store_true", help="bring them back")


def run(args: Namespace) -> int:
    return change(args, {"archived": not args.undo}, "brought back" if args.undo else "archived")


def change(args: Namespace, body: dict[str, bool], done: str) -> int:
    """Changes each of the conversations, and says so."""
    client = connect(args)
    for name in args.conversations:
        row = client.post(f"/conversations/{part(name)}", body)["conversation"]
        if args.json:
            print_json(row)
        else:
            say(f"{done}: {row['id'][:8]} {one_line(row['title'], 60)}")
    return 0
