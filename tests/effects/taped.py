"""Recordings on the tape of a host, and the near end of it that reads them: what the daemon does with a genuine agent."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from agentguid.agents.base import Dialect, Fact, Launch, Line
from agentguid.append.api import TapeMark
from agentguid.effects.tail import Tail
from agentguid.hosts import tape
from agentguid.protocol.events import Event
from agentguid.protocol.ids import item_id
from tests.agents.recordings import HOST
from tests.conformance.kind import CWD, Kind

DIRECTIONS = {"out": tape.OUT, "err": tape.ERR, "in": tape.IN}
NOTE = "The tape could not be written for a while."
KEPT: list[TemporaryDirectory[str]] = []
"""Removed at the end of all tests."""
Portion = tuple[list[Event], TapeMark]
"""The facts of some lines, and the mark after them."""


class Laying:
    """Writes the lines of a recording, and keeps the ids of what answers them to where they lie now."""

    def __init__(self, folder: Path) -> None:
        self.writer = tape.Writer(str(folder), HOST)
        self.held: list[Line] = []
        self.ids: dict[str, str] = {}

    def release(self) -> None:
        """What was held of the agent's output, as one record."""
        if not self.held:
            return
        payload = b"".join(line.data + b"\n" for line in self.held)
        at = self.writer.append(tape.OUT, payload, at=self.held[-1].at) - len(payload)
        for line in self.held:
            self.ids[f"answer:{item_id(HOST, line.offset)}"] = f"answer:{item_id(HOST, at)}"
            self.ids |= {f"{what}:{line.offset}": f"{what}:{at}" for what in ("auto", "serve")}
            at += len(line.data) + 1
        self.held.clear()

    def lay(self, line: Line) -> None:
        name = line.id or ""
        data = tape.pack_fields(code=line.code) if line.direction == "exit" else line.data + b"\n"
        direction = DIRECTIONS.get(line.direction, tape.EXIT)
        self.writer.append(direction, data, name=self.ids.get(name, name), at=line.at)


@cache
def written(kind: Kind, name: str, together: int) -> Path:
    """A recording on a tape, `together` lines of the agent's to a record as long as nothing comes between."""
    KEPT.append(TemporaryDirectory(prefix="agentguid-tail-"))
    laying = Laying(Path(KEPT[-1].name))
    laying.writer.append(tape.START, tape.pack_fields(pid=1))
    for line in kind.tape(name):
        if line.direction == "exit":
            laying.release()
            laying.writer.append(tape.NOTE, NOTE.encode())
        if line.direction == "out":
            laying.held.append(line)
        if line.direction != "out" or len(laying.held) == together:
            laying.release()
        if line.direction != "out":
            laying.lay(line)
    laying.release()
    laying.writer.close()
    return Path(KEPT[-1].name)


def launch_of(kind: Kind, name: str) -> Launch:
    return Launch(cwd=CWD, model=None, mode="ask", resume=kind.resumes(name))


def read(
    folder: Path, dialect: Dialect, launch: Launch, portions: list[int], mark: TapeMark | None = None
) -> list[Portion]:
    """Each portion's facts, and the mark after it."""
    tail = Tail(folder, dialect, HOST, launch, mark)
    found = list[Portion]()
    while (batch := tail.next(portions[len(found) % len(portions)])) is not None:
        found.append(([out.event for out in batch.outputs if isinstance(out, Fact)], tail.mark))
    return found


def facts(found: list[Portion]) -> list[Event]:
    return [event for events, _ in found for event in events]
