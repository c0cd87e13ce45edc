"""Keep conversations at the top of the list. With --undo they go back to their place."""

from argparse import ArgumentParser, Namespace

from agentguid.cli import archive


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversations", metavar="CONV", nargs="+")
    parser.add_argument("--undo", action="store_true", help="let them go")


def run(args: Namespace) -> int:
    return archive.change(args, {"pinned": not args.undo}, "let go" if args.undo else "pinned")
