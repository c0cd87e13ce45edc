"""Make the read models (lists, transcripts, queues) of a conversation, or of all, anew from the log.

The log itself is only read. The daemon goes on meanwhile; pages of what is not ready yet say so.
"""

import sys
import time
from argparse import ArgumentParser, Namespace

from agentguid.cli.client import connect
from agentguid.cli.output import print_json, say

PAUSE = 0.1
"""Seconds between two looks at how far it is."""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversation", metavar="CONV", nargs="?", help="default: all")
    parser.add_argument("--no-wait", action="store_true", help="do not wait until it is done")


def run(args: Namespace) -> int:
    client, begun = connect(args), time.monotonic()
    answer = client.post("/rebuild", {"conversation": args.conversation})
    while not args.no_wait and answer["rebuilding"]:
        time.sleep(PAUSE)
        answer = {"rebuilding": client.get("/status")["rebuilding"]}
        if sys.stderr.isatty():
            print(f"\rrebuilding, {time.monotonic() - begun:.0f} s", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if args.json:
        print_json(answer)
    else:
        say("under way; agentguictl status shows when it is done" if answer["rebuilding"] else "rebuilt")
    return 0
