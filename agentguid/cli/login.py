"""Print a one-time link that signs a browser in. It holds for five minutes and works once."""

from argparse import ArgumentParser, Namespace

from agentguid.cli.client import connect
from agentguid.cli.output import print_json, safe


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--open", action="store_true", help="open it in the browser of this machine")


def run(args: Namespace) -> int:
    ticket = connect(args).post("/tickets")
    if args.json:
        print_json(ticket)
    else:
        print(safe(ticket["url"]))
    if args.open:
        import webbrowser

        webbrowser.open(ticket["url"])
    return 0
