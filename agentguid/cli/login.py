"""Print a one-time link that signs a browser in. It holds for five minutes and works once.

With --qr it is a link that another device can reach, as a QR code for a phone's camera. With --approve it is the other
way round: the browser shows a code on its sign-in page, and is let in from here.
"""

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.client import Client, connect, part
from agentguid.cli.errors import FAILED, USAGE, CliError
from agentguid.cli.output import ago, one_line, print_json, safe, say


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--open", action="store_true", help="open it in the browser of this machine")
    parser.add_argument("--qr", action="store_true", help="for a phone: a QR code")
    parser.add_argument("--address", metavar="TEXT", help="with --qr: the address that has this in it")
    parser.add_argument("--approve", metavar="CODE", help="let the browser in that shows this code")
    parser.add_argument("-y", "--yes", action="store_true", help="with --approve: do not ask")


def run(args: Namespace) -> int:
    client = connect(args)
    if args.approve:
        return _approve(client, args)
    ticket = client.post("/tickets")
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


def _approve(client: Client, args: Namespace) -> int:
    path = f"/devices/requests/{part(args.approve)}"
    asked = client.get(path)
    name = one_line(asked["name"])
    sure = args.yes or asked["state"] != "waiting" or _sure(name, asked)  # what was answered is refused below
    answer = client.post(path, {"decision": "approve" if sure else "refuse"})
    print_json(answer) if args.json else say(f"{'signed in' if sure else 'refused'}: {name}")
    return 0 if sure else FAILED


def _sure(name: str, asked: dict[str, Any]) -> bool:
    if not sys.stdin.isatty():
        raise CliError("--yes is needed where nobody can be asked", USAGE)
    whence = one_line(asked["address"]) or "this machine"
    say(f"{name} at {whence} asked {ago(asked['requestedAt'])} ago and shows {safe(asked['code'])}.")
    say("It will be able to do everything that you can do, until you sign it out. Enter refuses it.")
    print("Sign it in? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _short(url: str) -> str:
    return safe(url.partition("/login")[0].split("/")[2])
