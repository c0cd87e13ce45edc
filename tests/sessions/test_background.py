"""An agent that has a task in the background is at work, although no turn is open: it is not put away."""

import os
from pathlib import Path

import pytest

from tests.sessions.seen import facts
from tests.support import badagent
from tests.support.daemon import Daemon, wait_for


def say(daemon: Daemon, conversation: str, text: str) -> None:
    daemon.send(conversation, text)
    assert daemon.ended(conversation)["status"] == "complete"


@pytest.mark.parametrize("restart", [False, True])
def test_a_task_in_the_background_keeps_its_agent(tmp_path: Path, restart: bool) -> None:
    """An agent that fell idle after it is put away, and so is this one when the task is over."""
    programs = badagent.install(tmp_path / "programs", "tends")
    settings = {"AGENTGUID_IDLE_MINUTES": "0.01", "PATH": f"{programs}:{os.environ['PATH']}"}
    daemon = Daemon(tmp_path, **settings).start()
    try:
        tending = daemon.conversation("claude-code")
        say(daemon, tending, "begin the long task")
        [host] = daemon.hosts()
        if restart:
            daemon.kill()
            daemon.start()
        idle = daemon.conversation("demo")
        say(daemon, idle, "emit 1")
        wait_for(lambda: facts(daemon, idle, "host.ended"), "the idle agent to be put away")
        assert facts(daemon, tending, "host.ended") == []
        wait_for(lambda: daemon.hosts() == [host], "its process, and no other, to be gone")

        say(daemon, tending, "is it done?")

        wait_for(lambda: facts(daemon, tending, "host.ended"), "the agent to be put away after its task")
        assert len(facts(daemon, tending, "host.requested")) == 1, "the second turn went to the same agent"
    finally:
        daemon.close()
