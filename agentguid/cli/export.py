"""Write one conversation as Markdown to read, or as JSON with every event whole.

Nothing is cut: what lies beside the log is fetched. The transcript is as it was said; in Markdown, tools are folded and
files that went with a message are named, in JSON they are there whole, in base64.
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, TextIO

from agentguid.cli.client import Client, connect, part
from agentguid.cli.errors import CliError
from agentguid.cli.output import as_json, safe, say

BODIES = ("body", "input", "output")


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversation", metavar="CONV")
    parser.add_argument("--format", choices=("md", "json"), help="default: by the name of the file, else md")
    parser.add_argument("-o", "--output", metavar="FILE", help="default: standard output")


def run(args: Namespace) -> int:
    client = connect(args)
    conversation = client.get(f"/conversations/{part(args.conversation)}")["conversation"]
    wanted = args.format or ("json" if args.json or (args.output or "").endswith(".json") else "md")
    lines = client.lines("/events", conversation=conversation["id"])
    events = _whole(client, lines, files=wanted == "json")
    if args.output is None:
        _write(sys.stdout, wanted, conversation, events)
        return 0
    try:
        with open(args.output, "x", encoding="utf-8", errors="replace", opener=_private) as file:
            _write(file, wanted, conversation, events)
    except OSError as error:
        raise CliError(f"{args.output}: {error.strerror}") from None
    say(f"wrote {args.output}")
    return 0


def _write(out: TextIO, wanted: str, conversation: dict[str, Any], events: Iterator[dict[str, Any]]) -> None:
    if wanted == "md":
        from agentguid.cli.markdown import document

        for piece in document(conversation, events):
            out.write(safe(piece) if out.isatty() else piece)
        return
    out.write(f'{{"conversation":{as_json(conversation)},"events":[')
    for number, event in enumerate(events):
        out.write((",\n" if number else "\n") + as_json(event))
    out.write("\n]}\n")


def _whole(client: Client, events: Iterator[dict[str, Any]], *, files: bool) -> Iterator[dict[str, Any]]:
    """The events, with the bodies that lie beside the log put in; and the files that went with messages."""
    other = client.another()
    for event in events:
        for name in BODIES:
            body = (event["data"] or {}).get(name)
            if isinstance(body, dict) and body.get("blob"):
                body["text"] = other.blob(body.pop("blob")).decode("utf-8", "replace")
                body.pop("size", None)
            for file in body.get("attached", []) if files and isinstance(body, dict) else []:
                file["data"] = b64encode(other.blob(file["blob"])).decode()
        yield event


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
