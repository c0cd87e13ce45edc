"""The daemon keeps as many terminals as it may, and of those that have ended the last words for a while."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agentguid.hosts import opened as ends
from agentguid.hosts import terminals as all_of_them
from agentguid.hosts.opened import Kind, Opened, Terminal
from agentguid.hosts.terminals import Terminals, opened
from agentguid.paths import Places
from agentguid.protocol.errors import AgentFailed, Refused
from tests.hosts.tools import ENV, shell, until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def terminals(tmp_path: Path) -> AsyncIterator[Terminals]:
    found = Terminals(Places(tmp_path / "data", tmp_path / "config", tmp_path / "run"))
    running = asyncio.create_task(found.run())
    yield found
    await found.end_all()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def folders(terminals: Terminals) -> list[str]:
    root = terminals._places.tapes
    return [path.name for path in root.iterdir()] if root.is_dir() else []


async def begin(terminals: Terminals, script: str, kind: Kind = "shell", about: str = "") -> Terminal:
    return await terminals.open(opened(kind, shell(script), "/", about), ENV)


async def test_beyond_the_limit_one_is_refused_until_another_ends(
    terminals: Terminals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(all_of_them, "LIMIT", 3)
    running = await asyncio.gather(
        *(begin(terminals, "sleep 1000") for _ in range(5)), return_exceptions=True
    )
    made = [one for one in running if isinstance(one, Terminal)]
    assert len(made) == 3
    assert [type(one) for one in running if not isinstance(one, Terminal)] == [Refused, Refused]
    await made[0].close()
    await until(lambda: made[0].exit)
    assert (await begin(terminals, "true")).id


async def test_what_has_ended_is_forgotten_in_order(
    terminals: Terminals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(all_of_them, "LIMIT", 2)
    made = []
    for number in range(4):
        made.append(await begin(terminals, f"echo {number}"))
        await until(lambda: made[-1].exit)
    await until(lambda: len(folders(terminals)) == 2)
    assert {one.id for one in await terminals.all()} == {made[2].id, made[3].id} == set(folders(terminals))
    assert await made[3].last_words() == b"3\r\n"


async def test_the_words_of_a_sign_in_go_when_they_were_read_or_their_time_is_up(
    terminals: Terminals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "KEPT_SECRET", 0.2)
    unread = await begin(terminals, "echo secret", "login", "a")
    await until(lambda: unread.exit)
    await until(lambda: not folders(terminals))
    monkeypatch.setattr(ends, "KEPT_SECRET", 1000)
    read = await begin(terminals, "echo secret", "login", "a")
    said = [output async for output in read.follow()]
    assert b"".join(output for output in said if isinstance(output, bytes)) == b"secret\r\n"
    await until(lambda: not folders(terminals))


async def test_there_is_one_for_one_purpose(terminals: Terminals) -> None:
    one = await begin(terminals, "sleep 1000", "login", "a")
    assert await terminals.of("login", "a") is one
    assert await terminals.of("login", "b") is None
    assert await terminals.of("update", "a") is None
    await one.close()
    await until(lambda: one.exit)
    assert await terminals.of("login", "a") is None
    with pytest.raises(AgentFailed):
        await one.write(b"x")


async def test_what_cannot_be_started_leaves_nothing(terminals: Terminals) -> None:
    with pytest.raises(AgentFailed):
        await terminals.open(Opened("x", "shell", ["a\0b"], "/"), ENV)
    assert folders(terminals) == []
    gone = await terminals.open(opened("shell", ["/bin/pwd"], "/no/such/folder"), ENV)
    await until(lambda: gone.exit)
    assert gone.exit
    assert "cannot be entered" in gone.exit.note


async def test_what_is_typed_beyond_what_is_read_is_not_taken_in_the_end(
    terminals: Terminals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "WAITING", 0.2)
    one = await begin(terminals, "stty raw; echo raw; sleep 1000")
    outputs = one.follow()
    async for output in outputs:
        if isinstance(output, bytes) and b"raw" in output:
            break
    await outputs.aclose()
    assert await one.write(b"x" * 1000)
    assert not await one.write(bytes(1 << 20))
