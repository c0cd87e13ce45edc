"""What an agent is given of the user's decisions, after a restart too: all of them, in their order, each read once."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agentguid.agents.base import Answer, Launch, Write
from agentguid.append.blobs import Blobs
from agentguid.append.log import Log
from agentguid.effects.giver import Giver
from agentguid.effects.key import Key
from agentguid.project import approvals
from agentguid.protocol import events as e
from agentguid.protocol.items import Body
from agentguid.stream.feed import Feed
from tests.decide.given import CREATED, asked, ended, hosted, started
from tests.project.conftest import Filler, db, fill, log  # noqa: F401 - fixtures

MANY = 2 * approvals.PAGE + 5


class Asking:
    """An agent that waits for answers."""

    ready, idle, turn, errands, lost, background = True, False, "tm1", (), False, 0

    def __init__(self, open_: Sequence[str]) -> None:
        self.open = set(open_)
        self.heard: list[tuple[str, bytes | None]] = []
        self.times = 0

    def start(self) -> list[Write]:
        return []

    def answer(self, answer: Answer) -> list[Write]:
        self.times += 1
        if answer.approval not in self.open:
            return []
        return [Write(f"answer:{answer.approval}", (answer.approval + "=").encode() + (answer.input or b""))]


class Linked:
    """A host that takes everything."""

    alive, tape_end, state = True, 0, 0

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def offer(self, _: str, data: bytes) -> tuple[str, str]:
        self.taken.append(data)
        return "new", ""


class Counted(Blobs):
    read = 0

    def whole(self, body: Body) -> bytes:
        Counted.read += 1
        with pytest.raises(RuntimeError):  # it reads a file: not in the event loop
            asyncio.get_running_loop()
        return super().whole(body)


def giver(log: Log, tmp_path: Path, adapter: Asking, link: Linked) -> Giver:  # noqa: F811
    parts: Any = SimpleNamespace(
        reader=log.reader(),
        blobs=Counted(tmp_path / "blobs"),
        current=lambda _: True,
        feed=Feed(log.position),
    )
    key = Key("c1", "h1", "claude", Launch("/w", None, "ask", None))
    made = Giver(parts, key, cast("Any", adapter), cast("Any", link), lambda: None, lambda: 0)
    made.caught_up = True
    return made


@pytest.mark.anyio
async def test_all_decisions_are_given_however_many_there_are(log: Log, fill: Filler, tmp_path: Path) -> None:  # noqa: F811
    names = [f"a{number}" for number in range(MANY)]
    fill(CREATED, started("m1"), hosted(), *map(asked, names))
    fill(*(e.ApprovalDecided(approval=name, decision="allow_once") for name in names))
    link = Linked()

    await giver(log, tmp_path, Asking(names), link).look()

    assert link.taken == [f"{name}=".encode() for name in names]


@pytest.mark.anyio
async def test_what_the_user_changed_is_read_for_who_still_asks_and_once(
    log: Log,  # noqa: F811
    fill: Filler,  # noqa: F811
    tmp_path: Path,
) -> None:
    blobs = Blobs(tmp_path / "blobs")
    large = Body("x" * 100_000)
    changed = blobs.shrink(e.ApprovalDecided(approval="a1", decision="allow_once", input=large))
    assert isinstance(changed, e.ApprovalDecided)
    assert changed.input
    assert changed.input.blob
    old = e.ApprovalDecided(approval="a0", decision="allow_once", input=changed.input)
    fill(CREATED, started("m1"), hosted(), asked("a0"), asked("a1"), old, changed)
    adapter, link = Asking(["a1"]), Linked()
    one = giver(log, tmp_path, adapter, link)

    for _ in range(3):
        await one.look()

    assert link.taken == [b"a1=" + b"x" * 100_000]
    assert Counted.read == 1
    assert adapter.times == 3, "the one that is not open once, the other with and without its arguments"


@pytest.mark.anyio
async def test_decisions_of_earlier_turns_are_passed_over_once(
    log: Log,  # noqa: F811
    fill: Filler,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(CREATED, started("m1"), hosted(), asked("a0"))
    fill(e.ApprovalDecided(approval="a0", decision="allow_once"), ended("m1"), started("m2"))
    last = fill(asked("a1", "tm2"))
    link, after, real = Linked(), list[int](), approvals.decided
    one = giver(log, tmp_path, Asking(["a1"]), link)

    def decided(*where: Any) -> list[approvals.Approval]:
        after.append(where[3])
        return real(*where)

    monkeypatch.setattr(approvals, "decided", decided)
    one.caught_up = False
    await one.look()
    one.caught_up = True
    await one.look()
    await one.look()
    assert after[0] == after[1] < last, "of what may be on the tape nothing is passed over"
    assert after[2:] == [last]

    fill(e.ApprovalDecided(approval="a1", decision="allow_once"))
    await one.look()
    assert link.taken == [b"a1="]
