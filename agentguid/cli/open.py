"""Open a conversation, or the home page, in the browser of this machine, signed in.

Without a browser, or with --print, the link is printed: it signs one browser in, once, within five minutes.
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from urllib.parse import quote, urlsplit

from agentguid.cli.client import Client, connect, part
from agentguid.cli.output import print_json, safe, say

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversation", metavar="CONV", nargs="?", help="default: the home page")
    parser.add_argument("--print", action="store_true", help="print the link and open nothing")


def run(args: Namespace) -> int:
    link = _link(connect(args), args.conversation)
    if args.json:
        print_json({"url": link})
    elif args.print or not _opened(link):
        print(safe(link))
    return 0


def _link(client: Client, conversation: str | None) -> str:
    url = str(client.post("/tickets")["url"])
    if conversation is None:
        return url
    row = client.get(f"/conversations/{part(conversation)}")["conversation"]
    base = urlsplit(url).path.removesuffix("/login")
    page = f"{base}/conversations/{row['id']}"
    return f"{url}&next={quote(page, safe='')}"


def _opened(link: str) -> bool:
    if sys.platform != "darwin" and not any(os.environ.get(name) for name in _DISPLAYS):
        say("no browser can be opened from here; open this link in one that reaches the daemon:")
        return False
    import webbrowser

    return webbrowser.open(link)
