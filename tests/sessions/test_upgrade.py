"""The program is replaced by one whose read models differ, while agents work: they go on, and nothing runs twice."""

import contextlib
import http.client
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import Daemon, wait_for
from tests.support.tokens import in_log, on_tapes

ITEMS = 5000
"""Of one conversation: enough that its read models are not rebuilt in one slice."""
LINES = 400


def newer(*projections: str) -> str:
    """The next version: it makes these read models anew, and looks at tapes all the time."""
    anew = [f"import agentguid.project.{one} as p; p.VERSION += 1" for one in projections]
    return "\n".join([*anew, "import agentguid.effects.tapes as t; t.SOON = t.PAUSE = 0.05"])


def living_tapes(daemon: Daemon) -> dict[str, tuple[int, int]]:
    """The plain files that hosts write, and their inodes and sizes."""
    found = {}
    for host in {e["data"]["host"] for e in daemon.events() if e["type"] == "host.requested"}:
        for file in (daemon.data / "tapes" / host).glob("*.tape"):
            stat = file.stat()
            found[f"{host}/{file.name}"] = (stat.st_ino, stat.st_size)
    return found


def count(daemon: Daemon, conversation: str, kind: str) -> int:
    seen, after = 0, 0
    while events := daemon.events(after, conversation):
        seen += sum(event["type"] == kind for event in events)
        after = events[-1]["position"]
    return seen


def prompts(daemon: Daemon) -> list[str]:
    return sorted(name for name in daemon.inputs() if name.startswith("prompt:"))


def idle_with_a_past(daemon: Daemon) -> tuple[str, Path]:
    """A conversation whose first host was killed and whose second one lives; and the tape of the dead one."""
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 3; crash")
    assert daemon.ended(conversation)["status"] == "error"
    wait_for(lambda: not daemon.hosts(), "the first host to be gone")
    (tape,) = (daemon.data / "tapes").iterdir()
    daemon.send(conversation, "emit 2")
    assert daemon.ended(conversation)["status"] == "complete"
    return conversation, tape


def busy(daemon: Daemon, lines: int | None = None) -> str:
    """A conversation with many items and a turn that goes on."""
    conversation = daemon.conversation()
    daemon.send(conversation, f"emit {ITEMS}")
    assert daemon.ended(conversation)["status"] == "complete"
    daemon.send(conversation, f"emit {lines or LINES} rate 60")
    wait_for(lambda: len(in_log(daemon, conversation)) > ITEMS, "its first lines")
    return conversation


def asking(daemon: Daemon) -> tuple[str, str]:
    """A conversation that waits for an answer."""
    conversation = daemon.conversation()
    daemon.send(conversation, "ask")
    (approval,) = wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "the request")
    return conversation, approval["id"]


def shown(daemon: Daemon) -> set[str]:
    rows: list[dict[str, Any]] = daemon.api("GET", "/conversations")["conversations"]
    return {row["id"] for row in rows}


def readable(daemon: Daemon, conversation: str) -> None:
    """Its read models are complete again; until then it is said to come soon."""
    path = f"/api/conversations/{conversation}"
    status = wait_for(lambda: (got := daemon.request("GET", path)[0]) != 503 and got, "it to be read anew")
    assert status == 200


@pytest.mark.parametrize(
    "projections",
    ["transcript", "conversations turns hosts"]
    + [pytest.param(one, marks=pytest.mark.full) for one in ("conversations", "turns", "hosts")],
)
def test_an_upgrade_in_mid_turn_disturbs_nobody(daemon: Daemon, projections: str) -> None:
    idle, dead_tape = idle_with_a_past(daemon)
    working = busy(daemon)
    waiting, approval = asking(daemon)
    assert daemon.process
    before = set(daemon.descendants()) - {daemon.process.pid}
    given, tapes = prompts(daemon), living_tapes(daemon)
    lives = {name: inode for name, (inode, _) in tapes.items() if not name.startswith(dead_tape.name)}
    assert (len(given), len(lives), len(daemon.hosts())) == (5, 3, 3)

    daemon.kill()
    daemon.start(first=newer(*projections.split()))

    wait_for(lambda: list(dead_tape.glob("*.gz")), "the dead host's tape to be compressed")
    wait_for(lambda: shown(daemon) == {idle, working, waiting}, "all conversations to be listed again")
    for one in (idle, working, waiting):
        readable(daemon, one)
    now = living_tapes(daemon)
    assert {name: now[name][0] for name in lives} == lives, "a living host's tape was touched"
    daemon.api("POST", f"/approvals/{approval}", {"decision": "allow_once"})
    assert daemon.ended(waiting)["status"] == "complete"
    assert (daemon.work / "demo-note.txt").exists()
    assert daemon.ended(working)["status"] == "complete"
    assert before <= set(daemon.descendants()), "an agent or a host was ended"
    assert prompts(daemon) == given
    assert in_log(daemon, working) == [*range(ITEMS), *range(LINES)]
    assert sorted(on_tapes(daemon)) == sorted([*range(3), *range(2), *range(ITEMS), *range(LINES)])
    assert [count(daemon, one, "turn.ended") for one in (idle, working, waiting)] == [2, 2, 1]
    assert [count(daemon, one, "host.ended") for one in (idle, working, waiting)] == [1, 0, 0]
    assert {name: living_tapes(daemon)[name][0] for name in lives} == lives
    goes_on(daemon, idle, given)


def goes_on(daemon: Daemon, conversation: str, given: list[str]) -> None:
    """The host that was idle takes the next prompt."""
    hosts = daemon.hosts()
    daemon.send(conversation, "emit 4")
    assert daemon.ended(conversation)["status"] == "complete"
    assert daemon.hosts() == hosts
    assert len(prompts(daemon)) == len(given) + 1


def test_a_stop_is_obeyed_after_an_upgrade(daemon: Daemon) -> None:
    """The log has it, and the daemon died before the agent did: the handshake and two prompts were given, no more."""
    daemon.stop()
    daemon.start(AGENTGUID_FAILPOINT="effects.before_send:4")
    working = busy(daemon, 100_000)  # the turn has no end of its own
    with contextlib.suppress(OSError, EOFError, http.client.HTTPException):
        daemon.request("POST", f"/api/conversations/{working}/cancel", {})
    assert daemon.process
    assert daemon.process.wait(10) == -9
    assert not any(name.startswith("stop:") for name in daemon.inputs())
    daemon.start(first=newer("conversations"))

    readable(daemon, working)
    assert daemon.ended(working)["status"] == "interrupted"
    assert len(daemon.hosts()) == 1, "an agent that obeys is not ended"
    daemon.send(working, "emit 1")
    assert daemon.ended(working)["status"] == "complete"
    assert len(prompts(daemon)) == 3
