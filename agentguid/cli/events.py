"""Print the log itself: one line an event, or NDJSON with --json."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from agentguid.cli.client import Client, connect
from agentguid.cli.output import one_line, paint, print_json


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what happens from now on")
    parser.add_argument("--after", type=int, default=0, metavar="N", help="begin after this position")
    parser.add_argument("--conversation", metavar="CONV", help="of one conversation")
    parser.add_argument("--types", metavar="A,B", help="of these types")


def run(args: Namespace) -> int:
    for envelope in _envelopes(connect(args), args):
        print_json(envelope) if args.json else _print(envelope)
    return 0


def _envelopes(client: Client, args: Namespace) -> Iterator[dict[str, Any]]:
    query = {"conversation": args.conversation, "types": args.types}
    if not args.follow:
        yield from client.lines("/events", after=args.after, **query)
        return
    for message in client.follow("/events", args.after, follow=1, **query):
        if message.id is not None and message.event not in ("live", "caught-up"):
            yield json.loads(message.data)


def _print(envelope: dict[str, Any]) -> None:
    at = datetime.fromtimestamp(envelope["at"] / 1e6).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    data = (
        "(redacted)"
        if envelope["data"] is None
        else one_line(json.dumps(envelope["data"], ensure_ascii=False), 80)
    )
    name = paint(envelope["type"].ljust(22), "cyan", sys.stdout)
    print(f"{envelope['position']:>8}  {at}  {name} {one_line(envelope['stream'], 40)}  {data}", flush=True)
