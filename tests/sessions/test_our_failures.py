"""What goes wrong in the daemon itself: what cannot be written waits, a bug of ours ends one turn and nothing else."""

import re
from collections import Counter
from pathlib import Path

import pytest

from agentguid.hosts.tape import OUT, Reader
from tests.sessions.changed import FULL, Started
from tests.sessions.seen import facts, row
from tests.support import badagent
from tests.support.ctl import Here
from tests.support.daemon import Daemon, wait_for

POISONED = """
import os
from agentguid.agents.claude import ClaudeAdapter
def poison(name):
    real = getattr(ClaudeAdapter, name)
    def poisoned(self, *given, **more):
        if os.path.exists("poison"):
            raise KeyError("x")
        return real(self, *given, **more)
    setattr(ClaudeAdapter, name, poisoned)
for name in "{names}".split():
    poison(name)
"""
SLOW = """
import os
import agentguid.hosts.link as link
link.ANSWER, dial = 0.5, link.Link._dial
async def slow(cls, places, host):
    if not os.path.exists("go"):
        raise OSError("no answer")
    return await dial(places, host)
link.Link._dial = classmethod(slow)
"""


def stuck(daemon: Daemon, conversation: str) -> bool:
    return bool(row(daemon, conversation)["status"] == "stuck")


def test_a_retry_that_comes_due_while_the_disk_is_full_waits_and_the_daemon_lives(
    started: Started, tmp_path: Path
) -> None:
    limited = badagent.install(tmp_path / "programs", "limited")
    daemon = started(
        FULL.format(command="RetryTurn"),
        PATH=f"{limited}:{Daemon(tmp_path).environ['PATH']}",
        AGENTGUID_RETRY_SECONDS="0.2",
    )
    (daemon.work / "limits").write_text("API Error: Request rejected (429) · rate limit\n")
    conversation = daemon.conversation("claude-code")
    daemon.send(conversation, "begin")

    wait_for(lambda: daemon.log().count("a retry waits") > 2, "the retry to be tried in vain")
    assert daemon.api("GET", "/status")["retrying"] == 1
    (daemon.root / "room").touch()

    wait_for(lambda: len(facts(daemon, conversation, "turn.ended")) == 2, "the retry to run")
    assert facts(daemon, conversation, "turn.ended")[1]["outcome"] == "complete"


def test_while_the_disk_is_full_a_turn_waits_and_says_so_and_nothing_is_lost_or_doubled(
    started: Started,
) -> None:
    daemon = started(FULL.format(command="Report"))
    room = daemon.root / "room"
    room.touch()
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 150 rate 40")
    wait_for(lambda: len(daemon.items(conversation)) > 10, "some items")
    room.unlink()

    wait_for(lambda: stuck(daemon, conversation), "the page to say so")
    (trouble,) = daemon.api("GET", "/status")["trouble"]
    assert "disk is full" in trouble
    assert "goes on by itself" in trouble
    assert "disk is full" in Here(daemon)("status").stderr
    page = daemon.request("GET", f"/conversations/{conversation}", headers={"Accept": "text/html"})[1]
    assert b"disk is full" in page
    wait_for(
        lambda: daemon.log().count("running a turn failed") > 4, "it to be tried in vain more than thrice"
    )
    room.touch()

    assert daemon.ended(conversation)["status"] == "complete"
    wait_for(lambda: daemon.api("GET", "/status")["trouble"] == [], "the trouble to be over")
    said = Counter(one["body"]["text"] for one in facts(daemon, conversation, "item.added"))
    assert set(said.values()) == {1}
    assert len(said) >= 150


def test_a_report_on_its_way_when_its_session_fails_is_not_made_twice(started: Started) -> None:
    daemon = started("""
import asyncio
from agentguid.dispatch import Dispatcher
from agentguid.effects.session import Session
from agentguid.protocol.events import ItemAdded
real, take, slow, failed = Dispatcher.__call__, Session._take, [], []
async def call(self, command, **more):
    if not slow and any(isinstance(fact, ItemAdded) for fact in getattr(command, "facts", ())):
        slow.append(command)
        await asyncio.sleep(2)
        await real(self, command, **more)
        return open("landed", "w").close()
    return await real(self, command, **more)
async def taking(self, batch):
    await take(self, batch)
    await asyncio.sleep(0.05)
    if slow and not failed and self._report:
        failed.append(batch)
        raise KeyError("x")
Dispatcher.__call__, Session._take = call, taking
""")
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 80 rate 40")

    assert daemon.ended(conversation)["status"] == "complete"
    assert "running a turn failed" in daemon.log()
    wait_for((daemon.root / "landed").exists, "the slow report")
    doubled = [
        item
        for item, times in Counter(one["item"] for one in facts(daemon, conversation, "item.added")).items()
        if times > 1
    ]
    assert doubled == []


def test_a_bug_of_ours_ends_the_turn_with_its_name_and_the_next_one_works(started: Started) -> None:
    daemon = started(POISONED.format(names="prompt"))
    poison = daemon.root / "poison"
    poison.touch()
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 1")
    daemon.send(conversation, "emit 2")

    ended = daemon.ended(conversation)
    assert ended["status"] == "error"
    assert "agentguid failed at this turn (KeyError: 'x')" in ended["error"]
    wait_for(lambda: not daemon.hosts(), "the agent to be gone")
    assert row(daemon, conversation)["queueHeld"]
    assert facts(daemon, conversation, "retry.scheduled") == []
    poison.unlink()
    daemon.api("POST", f"/conversations/{conversation}/retry")
    wait_for(lambda: len(facts(daemon, conversation, "turn.ended")) == 3, "the retry, and what waited")
    assert [one["outcome"] for one in facts(daemon, conversation, "turn.ended")] == [
        "error",
        "complete",
        "complete",
    ]


def test_what_is_to_stop_stops_whatever_else_is_wrong(started: Started) -> None:
    daemon = started(POISONED.format(names="prompt stop") + "f.FIRST = f.LONGEST = 300.0\n")
    (daemon.root / "poison").touch()
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 1")
    wait_for(lambda: "running a turn failed" in daemon.log(), "the first failure")

    daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert daemon.ended(conversation)["status"] == "interrupted"
    wait_for(lambda: not daemon.hosts(), "the agent to be gone")


@pytest.mark.parametrize(("error", "outcome"), [("MemoryError()", "interrupted"), ("TOO_BIG", "error")])
def test_what_never_passes_ends_the_turn_as_well(started: Started, error: str, outcome: str) -> None:
    """Memory may come back: that is waited for until the user has had enough. What SQLite refuses it refuses for ever."""
    daemon = started(f"""
import apsw
from agentguid.append.writer import _unwritten
from agentguid.dispatch import Dispatcher
f.PATIENT = 3
TOO_BIG = _unwritten(apsw.TooBigError("string or blob too big"))
real = Dispatcher.__call__
async def call(self, command, **more):
    if type(command).__name__ == "Report" and any(type(one).__name__ == "ItemAdded" for one in command.facts):
        raise {error}
    return await real(self, command, **more)
Dispatcher.__call__ = call
""")
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 100000 rate 500")
    wait_for(lambda: "running a turn failed" in daemon.log(), "the first failure")
    if outcome == "interrupted":
        wait_for(lambda: stuck(daemon, conversation), "it to be said that it waits")
        daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert daemon.ended(conversation)["status"] == outcome
    wait_for(lambda: not daemon.hosts(), "the agent to be gone")


def test_an_agent_whose_session_cannot_be_closed_is_ended_all_the_same(started: Started) -> None:
    daemon = started(
        "from agentguid.agents.claude import ClaudeAdapter\n"
        "ClaudeAdapter.close, ClaudeAdapter.modes = (lambda self, **_: [][0]), property(lambda self: None)\n"
    )
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 100000 rate 20")
    wait_for(lambda: daemon.items(conversation)[1:], "the agent to work")

    daemon.api("DELETE", f"/conversations/{conversation}")

    wait_for(lambda: not daemon.hosts(), "the agent to be gone")
    assert "closing a session failed" in daemon.log()


def test_what_is_stopped_before_its_agent_has_started_starts_none(started: Started) -> None:
    daemon = started("""
import asyncio, os
import agentguid.effects.start as start
real = start.whole_environ
async def slow(parts, key):
    open("asked", "w").close()
    while not os.path.exists("go"):
        await asyncio.sleep(0.01)
    return await real(parts, key)
start.whole_environ = slow
""")
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 1")
    wait_for((daemon.root / "asked").exists, "the agent to be about to start")

    daemon.api("POST", f"/conversations/{conversation}/cancel")
    (daemon.root / "go").touch()

    assert daemon.ended(conversation)["status"] == "interrupted"
    assert not list((daemon.data / "tapes").iterdir())
    daemon.send(conversation, "emit 1")
    assert daemon.ended(conversation)["status"] == "complete"


def test_a_host_that_is_slow_to_answer_at_its_start_keeps_its_turn(started: Started) -> None:
    daemon = started(SLOW)
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 1")
    wait_for(lambda: stuck(daemon, conversation), "the page to say so")
    (host,) = daemon.hosts()
    (daemon.root / "go").touch()

    assert daemon.ended(conversation)["status"] == "complete"
    assert daemon.hosts() == [host]


def test_who_is_asked_what_it_offers_and_does_not_answer_leaves_no_process(started: Started) -> None:
    daemon = started(SLOW)

    status, said = daemon.request("POST", "/api/agents/demo/models", {})

    assert status == 502, said
    wait_for(lambda: not daemon.hosts(), "its host to be gone")
    assert not list((daemon.data / "tapes").iterdir())


def test_what_an_agent_had_said_when_it_was_stopped_is_written_although_that_failed_at_first(
    started: Started,
) -> None:
    daemon = started("""
import asyncio, os
from agentguid.dispatch import Dispatcher
from agentguid.protocol.commands import StopTurn
from agentguid.protocol.errors import TooBusy
real = Dispatcher.__call__
async def call(self, command, **more):
    if type(command).__name__ == "Report" and os.path.exists("stop"):
        os.remove("stop")
        await real(self, StopTurn(command.conversation), actor="user")
        await asyncio.sleep(0.2)
        raise TooBusy("the queue is full")
    return await real(self, command, **more)
Dispatcher.__call__ = call
""")
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 100000 rate 500")
    wait_for(lambda: daemon.items(conversation)[1:], "the agent to work")
    (daemon.root / "stop").touch()

    assert daemon.ended(conversation)["status"] == "interrupted"
    assert "running a turn failed" in daemon.log()
    wait_for(lambda: not daemon.hosts(), "the agent to be gone")
    (folder,) = (daemon.data / "tapes").iterdir()
    out = b"".join(record.payload for record in Reader(folder).records() if record.direction == OUT)
    spoken = set(re.findall(r"@seq:\d+:\d+@", out.decode()))
    said = [one["body"]["text"] for one in facts(daemon, conversation, "item.added")]
    assert spoken
    assert spoken == set(re.findall(r"@seq:\d+:\d+@", " ".join(said)))


def test_no_connection_is_left_open_by_a_session_that_cannot_begin(started: Started) -> None:
    daemon = started("""
import agentguid.effects.turns as turns
from agentguid.hosts.link import Link
from agentguid.protocol.errors import AgentFailed
links, real = [], turns.Session
def session(parts, key, link):
    links.append(link)
    if len(links) < 3:
        raise KeyError("x") if len(links) == 1 else AgentFailed("not known")
    open("open", "w").write(str([one.alive for one in links]))
    return real(parts, key, link)
async def end(self, grace=2.0, really=Link.end):
    if len(links) == 2:
        raise AgentFailed("it could not end its agent")
    await really(self, grace)
turns.Session, Link.end = session, end
""")
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 1")

    assert daemon.ended(conversation)["status"] == "complete"
    assert (daemon.root / "open").read_text() == "[False, False, True]"
