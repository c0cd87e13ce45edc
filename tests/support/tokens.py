"""Sequence tokens, wherever a line leaves a trace: on the tape, in the log, on the page."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from agentguid.hosts.lines import Splitter
from agentguid.hosts.tape import Reader
from tests.support.daemon import Daemon

TOKEN = re.compile(r"@seq:(\d+):\d+@")


def numbers(text: str) -> list[int]:
    return [int(number) for number in TOKEN.findall(text)]


def on_tapes(daemon: Daemon, hosts: Iterable[str] | None = None) -> list[int]:
    """Of finished lines that agents wrote: over the tapes of these hosts, or over all in the order of their making."""
    tapes = daemon.data / "tapes"
    made = sorted(tapes.iterdir(), key=lambda path: path.stat().st_ctime_ns) if hosts is None else ()
    found: list[int] = []
    for folder in made if hosts is None else [tapes / host for host in hosts]:
        found += _on_tape(folder)
    return found


def _on_tape(folder: Path) -> list[int]:
    found = []
    for line in said_on(folder):
        if b'"assistant"' in line:
            found += numbers(line.decode())
    return found


def said_on(folder: Path) -> Iterator[bytes]:
    """The lines that an agent has written."""
    splitter = Splitter()
    for record in Reader(folder, 0).records():
        for line in splitter.feed(record):
            if line.direction == "out":
                yield line.data


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
