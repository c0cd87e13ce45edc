"""Print what the daemon says about itself, newest last. Works with the daemon down too.

The daemon keeps its last words in a file of its data directory, bounded, whether systemd runs it or not.
"""

import json
import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from agentguid.cli.client import configured
from agentguid.cli.errors import NOT_FOUND, CliError
from agentguid.cli.output import paint, print_json, safe

PAUSE = 0.2
"""Seconds between two looks at a file that is followed."""
LEVELS = ("debug", "info", "warning", "error", "critical")
_STYLES = {"warning": "yellow", "error": "red", "critical": "red", "debug": "dim"}
_KNOWN = ("at", "level", "logger", "message", "error")


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what is said from now on")
    parser.add_argument(
        "-n", "--lines", type=int, default=50, metavar="N", help="the last N lines (50); 0 for all"
    )
    parser.add_argument("--level", choices=LEVELS, default="debug", help="only this and what is worse")
    parser.add_argument("--conversation", metavar="CONV", help="only what is about one conversation")


def run(args: Namespace) -> int:
    path = configured().logs
    if not path.exists() and not args.follow:
        raise CliError(f"the daemon has said nothing yet ({path} is not there)", NOT_FOUND)
    past = deque((one for one in _wanted(_past(path), args)), maxlen=args.lines or None)
    for line in past:
        _print(line, args)
    if args.follow:
        for line in _wanted(_following(path), args):
            _print(line, args)
    return 0


def _past(path: Path) -> Iterator[bytes]:
    """All lines that are kept, oldest first."""
    older = sorted(path.parent.glob(f"{path.name}.[0-9]*"), key=lambda one: int(one.suffix[1:]), reverse=True)
    for file in (*older, path):
        with suppress(FileNotFoundError), file.open("rb") as opened:
            yield from opened


def _following(path: Path) -> Iterator[bytes]:
    """What is written from now on, also when the daemon begins a new file."""
    file, rest = _opened(path, end=True), b""
    while True:
        if file and (line := file.readline()):
            rest += line
            if rest.endswith(b"\n"):
                yield rest
                rest = b""
        elif file is None or _replaced(path, file):
            file = _opened(path, end=False) or file
            time.sleep(0 if file else PAUSE)
        else:
            time.sleep(PAUSE)


def _opened(path: Path, *, end: bool) -> BinaryIO | None:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    file.seek(0, os.SEEK_END if end else os.SEEK_SET)
    return file


def _replaced(path: Path, file: BinaryIO) -> bool:
    try:
        return path.stat().st_ino != os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False


def _wanted(lines: Iterator[bytes], args: Namespace) -> Iterator[dict[str, Any]]:
    least = LEVELS.index(args.level)
    for raw in lines:
        try:
            line = json.loads(raw)
            bad = LEVELS.index(line["level"]) < least
        except (ValueError, KeyError, TypeError):  # torn by a crash
            continue
        if not bad and str(line.get("conversation", "")).startswith(args.conversation or ""):
            yield line


def _print(line: dict[str, Any], args: Namespace) -> None:
    if args.json:
        print_json(line)
        return
    clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.get("at", 0)))
    level = line["level"]
    about = " ".join(f"{name}={line[name]}" for name in line if name not in _KNOWN)
    shown = "" if level == "info" else paint(f"{level}: ", _STYLES.get(level), sys.stdout)
    text = safe(str(line.get("message", ""))) + (
        paint(f"  {safe(about)}", "dim", sys.stdout) if about else ""
    )
    print(f"{paint(clock, 'dim', sys.stdout)} {shown}{text}")
    if line.get("error"):
        print("\n".join(f"    {safe(one)}" for one in str(line["error"]).splitlines()))
    sys.stdout.flush()
