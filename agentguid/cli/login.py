"""Print a one-time link that signs a browser in. It holds for five minutes and works once.

With --qr it is a link that another device can reach, as a QR code for a phone's camera.
"""

from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.client import connect
from agentguid.cli.errors import FAILED, CliError
from agentguid.cli.output import print_json, safe, say


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--open", action="store_true", help="open it in the browser of this machine")
    parser.add_argument("--qr", action="store_true", help="for a phone: a QR code")
    parser.add_argument("--address", metavar="TEXT", help="with --qr: the address that has this in it")


def run(args: Namespace) -> int:
    ticket = connect(args).post("/tickets")
    if args.qr:
        return _for_phone(ticket, args)
    if args.json:
        print_json(ticket)
    else:
        print(safe(ticket["url"]))
    if args.open:
        import webbrowser

        webbrowser.open(ticket["url"])
    return 0


def _for_phone(ticket: dict[str, Any], args: Namespace) -> int:
    urls = [url for url in ticket["urls"] if (args.address or "") in url.partition("/login")[0]]
    if not ticket["urls"]:
        raise CliError(ticket["hint"], FAILED)
    if not urls:
        raise CliError(
            f"there is no such address; there are {', '.join(_short(url) for url in ticket['urls'])}", FAILED
        )
    if args.json:
        print_json({**ticket, "url": urls[0]})
        return 0
    from agentguid.cli.qr import drawn

    print(f"{drawn(urls[0])}\n\n{safe(urls[0])}")
    others = [_short(url) for url in ticket["urls"] if url != urls[0]]
    if others:
        say(f"If the phone cannot reach it: --address with one of {', '.join(others)}")
    if urls[0].startswith("http:"):
        say("The way is not encrypted: use it in a network that you trust.")
    return 0


def _short(url: str) -> str:
    return safe(url.partition("/login")[0].split("/")[2])
