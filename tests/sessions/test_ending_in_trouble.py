"""Agents are to end, and something else is wrong as well."""

import pytest

from tests.sessions.changed import FULL, Started
from tests.support.daemon import PATIENCE, wait_for


def test_who_ends_all_agents_does_so_although_no_stop_can_be_written(started: Started) -> None:
    daemon = started(FULL.format(command="StopTurn"))
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 100000 rate 20")
    wait_for(lambda: daemon.items(conversation)[1:], "the agent to work")

    assert daemon.api("POST", "/shutdown", {"agents": True}) == {"ended": 1}

    assert daemon.process
    assert daemon.process.wait(PATIENCE) == 0
    wait_for(lambda: not daemon.hosts(), "the agent to be gone")


def test_an_agent_that_does_not_end_when_all_do_is_killed(started: Started) -> None:
    daemon = started("""
import agentguid.effects.turns as turns
from agentguid.effects.session import Session
async def deaf(self):
    pass
turns.END_ALL, Session.end = 0.3, deaf
""")
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 100000 rate 20")
    wait_for(lambda: daemon.items(conversation)[1:], "the agent to work")

    assert daemon.api("POST", "/shutdown", {"agents": True}) == {"ended": 1}

    assert not daemon.hosts()
    assert daemon.process
    assert daemon.process.wait(PATIENCE) == 0


def test_an_idle_agent_that_cannot_be_ended_ends_nothing_else_and_is_ended_later(started: Started) -> None:
    daemon = started(
        """
import os
from agentguid.effects.session import Session
real = Session.rest
async def rest(self):
    if not os.path.exists("go"):
        raise KeyError("x")
    await real(self)
Session.rest = rest
""",
        AGENTGUID_IDLE_MINUTES="0.01",
    )
    conversation = daemon.conversation()
    daemon.ended(conversation, daemon.send(conversation, "emit 1")["session"]["id"])

    wait_for(lambda: "ending an idle agent failed" in daemon.log(), "a word about it")
    (host,) = daemon.hosts()
    daemon.ended(conversation, daemon.send(conversation, "emit 1")["session"]["id"])
    assert daemon.hosts() == [host]
    (daemon.root / "go").touch()
    wait_for(lambda: not daemon.hosts(), "the idle agent to be ended")


AGENTS_STAY = """
import agentguid.effects.turns as turns
real = turns.retries.soonest
def broken(reader, limit):
    if limit < 0:
        raise OSError("no room")
    return real(reader, limit)
turns.retries.soonest = broken
"""
TERMINALS_STAY = """
from agentguid.hosts.terminals import Terminals
async def broken(self):
    raise OSError("no room")
Terminals.end_all = broken
"""


@pytest.mark.parametrize("stay", [AGENTS_STAY, TERMINALS_STAY], ids=["agents", "terminals"])
def test_turns_go_on_in_a_daemon_that_could_not_end_all(started: Started, stay: str) -> None:
    daemon = started(stay)
    assert daemon.request("POST", "/api/shutdown", {"agents": True})[0] == 500

    conversation = daemon.conversation()
    daemon.send(conversation, "emit 1")
    assert daemon.ended(conversation)["status"] == "complete"
