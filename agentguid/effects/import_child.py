"""The process that reads histories for the daemon: it may need much memory, be slow, or fail. Run by `import_link`.

Jobs come on stdin, what they come to goes to stdout: four bytes of length, then JSON. One job after the other; the
pipe makes it wait while the daemon has not taken what it said. It ends when stdin does.
"""

import os
import resource
import struct
import sys
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from agentguid.agents.histories.heads import head
from agentguid.effects.import_jobs import Batch, Heads, Job
from agentguid.effects.import_telling import Telling

MEMORY = 2 << 30
"""Bytes of address space: a line of 64 MiB fits, a runaway does not."""
NICE = 10
HEADS = 200
"""Sessions in one answer."""


def main() -> None:
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    jobs: msgspec.json.Decoder[Job] = msgspec.json.Decoder(Job)
    while raw := _read(sys.stdin.buffer):
        job = jobs.decode(raw)
        try:
            for answer in _heads(job) if isinstance(job, Heads) else Telling(job).run():
                _say(answer)
        except BrokenPipeError:
            return
        except Exception as error:  # told to the daemon, which goes on with the next one
            _say(Batch(last=True, error=f"{type(error).__name__}: {error}"[:500]))


def _read(file: BinaryIO) -> bytes:
    size = file.read(4)
    return file.read(struct.unpack("!I", size)[0]) if len(size) == 4 else b""


def _say(batch: Batch) -> None:
    data = msgspec.json.encode(batch)
    sys.stdout.buffer.write(struct.pack("!I", len(data)) + data)
    sys.stdout.buffer.flush()


def _heads(job: Heads) -> Iterator[Batch]:
    for start in range(0, len(job.sessions), HEADS):
        yield Batch(sessions=[head(one) for one in job.sessions[start : start + HEADS]])
    yield Batch(last=True)
