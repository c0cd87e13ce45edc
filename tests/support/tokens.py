"""Sequence tokens, wherever a line leaves a trace: on the tape, in the log, on the page."""

import re
from pathlib import Path

from agentguid.hosts.lines import Splitter
from agentguid.hosts.tape import Reader
from tests.support.daemon import Daemon

TOKEN = re.compile(r"@seq:(\d+):\d+@")


def numbers(text: str) -> list[int]:
    return [int(number) for number in TOKEN.findall(text)]


def on_tapes(daemon: Daemon) -> list[int]:
    """Of finished lines that agents wrote, over all tapes in the order of their hosts' first records."""
    found: list[int] = []
    for folder in sorted((daemon.data / "tapes").iterdir(), key=lambda path: path.stat().st_ctime_ns):
        found += _on_tape(folder)
    return found


def _on_tape(folder: Path) -> list[int]:
    reader, splitter, found = Reader(folder, 0), Splitter(), []
    for record in reader.records():
        for line in splitter.feed(record):
            if line.direction == "out" and b'"assistant"' in line.data:
                found += numbers(line.data.decode())
    return found


def in_log(daemon: Daemon, conversation: str) -> list[int]:
    """In the order of positions."""
    found: list[int] = []
    after = 0
    while events := daemon.events(after, conversation):
        for event in events:
            if event["type"] == "item.added":
                found += numbers(event["data"]["body"]["text"])
        after = events[-1]["position"]
    return found
