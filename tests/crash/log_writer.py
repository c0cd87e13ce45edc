"""The program that test_log_kill kills: appends without end and says what was acknowledged.

    python log_writer.py DATABASE SEED VERSION

Prints `open`, then for each acknowledged append `KEY FIRST LAST`, each line at once. The projection of version
VERSION is rebuilt while it appends, when the one before had another.
"""

import itertools
import os
import random
import sys
from collections import deque
from concurrent.futures import Future
from pathlib import Path

from agentguid.append import checkpoints, lock, read
from agentguid.append.api import Append, Receipt, TapeMark
from agentguid.append.log import Log
from tests.append.support import Lengths, Titles, said

WINDOW = 20
"""Appends that are on their way at a time, so that batches form."""
STREAMS = ("a", "b", "c")
checkpoints.PAGES, checkpoints.FEW = 200, 100  # so that no life is too short for one


def say(text: str) -> None:
    os.write(1, text.encode() + b"\n")


def main(path: Path, seed: int, version: int) -> None:
    chance = random.Random(seed)
    lock.acquire(path.parent)
    log = Log(path, (Titles(version), Lengths()))
    log.open()
    say("open")
    heads = {stream: read.head(log.reader(), stream) for stream in STREAMS}
    waiting: deque[tuple[str, Future[Receipt]]] = deque()
    for count in itertools.count(1):
        stream, size, key = chance.choice(STREAMS), chance.randrange(1, 6), f"{seed}-{count}"
        texts = [f"{key}:{place}/{size}:" + "x" * chance.choice((10, 200, 3000)) for place in range(size)]
        mark, state = TapeMark("tape", count, seed, b""), key.encode()
        append = Append(stream, heads[stream], said(*texts), count, "user", None, key, mark, state)
        waiting.append((key, log.submit(append)))
        heads[stream] += size
        if len(waiting) >= WINDOW:
            name, future = waiting.popleft()
            receipt = future.result()
            say(f"{name} {receipt.first} {receipt.last}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
