"""What an agent started ends with it, when somebody ends it; what it left running for the user stays until then."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hosts.tools import is_alive
from tests.support import badagent
from tests.support.daemon import Daemon, wait_for

Left = Callable[..., tuple[Daemon, str, int]]


@pytest.fixture
def left(tmp_path: Path) -> Iterator[Left]:
    """A daemon, a conversation whose turn has ended, and the server that its agent left in a session of its own."""
    running: list[Daemon] = []

    def make(habit: str = "leaves_a_server", **settings: str) -> tuple[Daemon, str, int]:
        programs = badagent.install(tmp_path / "programs", habit)
        daemon = Daemon(tmp_path, PATH=f"{programs}:{os.environ['PATH']}", **settings).start()
        running.append(daemon)
        conversation = daemon.conversation("claude-code")
        daemon.send(conversation, "begin")
        assert daemon.ended(conversation)["status"] == "complete"
        server = int((daemon.work / "server").read_text())
        assert is_alive(server)
        return daemon, conversation, server

    yield make
    for daemon in running:
        daemon.close()


def no_host(daemon: Daemon) -> None:
    wait_for(lambda: not daemon.hosts(), "the host to be gone")


def test_a_stop_of_a_turn_leaves_alone_what_runs_in_the_background(left: Left) -> None:
    daemon, conversation, server = left()
    daemon.api("POST", f"/conversations/{conversation}/cancel", {})
    daemon.send(conversation, "again")
    assert daemon.ended(conversation)["status"] == "complete"
    assert is_alive(server)


def test_a_conversation_that_is_deleted_leaves_no_process(left: Left) -> None:
    daemon, conversation, server = left()
    daemon.api("DELETE", f"/conversations/{conversation}")
    wait_for(lambda: not is_alive(server), "what the agent started to be gone", 20)
    no_host(daemon)


def test_an_idle_agent_that_is_put_away_leaves_its_server_until_the_conversation_goes(left: Left) -> None:
    daemon, conversation, server = left(AGENTGUID_IDLE_MINUTES="0.01")
    no_host(daemon)
    assert is_alive(server)
    daemon.api("DELETE", f"/conversations/{conversation}")
    wait_for(lambda: not is_alive(server), "what the agent started to be gone", 20)


def test_who_ends_all_agents_ends_what_agents_left_that_are_gone(left: Left) -> None:
    daemon, _, server = left("leaves_a_server_and_goes")
    no_host(daemon)
    assert is_alive(server)
    daemon.api("POST", "/shutdown", {"agents": True})
    wait_for(lambda: not is_alive(server), "what the agent started to be gone", 20)


def test_a_host_that_is_killed_leaves_no_process(left: Left) -> None:
    daemon, _, server = left()
    (host,) = daemon.hosts()
    os.kill(host, 9)
    wait_for(lambda: not is_alive(server), "what the agent started to be gone", 20)
