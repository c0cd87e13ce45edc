"""What becomes of an ACP agent's session: closed before its process ends, looked for before it is given up."""

import os
import signal
from pathlib import Path

import pytest

from tests.sessions import acp
from tests.sessions.acp import Mine, ask, texts, told
from tests.support.daemon import Daemon, wait_for


def without_its_agent(daemon: Daemon) -> None:
    daemon.stop()
    for pid in daemon.hosts():
        os.kill(pid, signal.SIGKILL)
    daemon.start()


@pytest.mark.parametrize("habit", ["tidy", ""])
def test_a_session_is_closed_before_its_process_ends(tmp_path: Path, habit: str) -> None:
    """Where the agent says that it can be; it can still be taken up."""
    with acp.maker(tmp_path, AGENTGUID_IDLE_MINUTES="0.01") as make:
        daemon = make(*([habit] if habit else []))
        conversation = daemon.conversation("mine")
        ask(daemon, conversation, "remember papaya")
        wait_for(lambda: not daemon.hosts(), "the idle agent to be put away")
        assert len(told(daemon, "session/close")) == (1 if habit else 0)
        ask(daemon, conversation, "recall")
        assert texts(daemon, conversation)[-1] == "It was papaya."


def test_an_agent_that_does_not_answer_to_that_is_ended_all_the_same(tmp_path: Path) -> None:
    with acp.maker(tmp_path, AGENTGUID_IDLE_MINUTES="0.01") as make:
        daemon = make("tidy", "lingers")
        ask(daemon, daemon.conversation("mine"), "say Hello")
        wait_for(lambda: not daemon.hosts(), "the idle agent to be put away")


@pytest.mark.parametrize("there", [True, False])
def test_a_session_that_is_not_taken_up_is_looked_for(mine: Mine, there: bool) -> None:
    """Its error says nothing; its list of sessions does. What is there is not begun anew: its memory would be lost."""
    daemon = mine("tidy", "grumpy")
    conversation = daemon.conversation("mine")
    ask(daemon, conversation, "remember papaya")
    ask(daemon, daemon.conversation("mine"), "remember mango")
    without_its_agent(daemon)
    files = [file for file in (daemon.root / "agent").iterdir() if file.name != "told"]
    [mine_] = [file for file in files if file.read_text() == "papaya"]
    if not there:
        mine_.unlink()

    turn = ask(daemon, conversation, "recall")
    assert told(daemon, "session/list")
    if there:
        assert turn["status"] == "error"
        assert "could not take up this conversation (Something went wrong)" in turn["error"]
        assert texts(daemon, conversation, "notice") == []
    else:
        assert turn["status"] == "complete"
        assert texts(daemon, conversation)[-1] == "It was nothing."
        assert "does not have this conversation any more" in texts(daemon, conversation, "notice")[0]


def test_what_is_asked_before_the_prompt_is_taken_back_by_a_stop(mine: Mine) -> None:
    daemon = mine("dawdles")
    conversation = daemon.conversation("mine")
    daemon.send(conversation, "say Hello")
    [asked] = wait_for(lambda: told(daemon, "session/set_mode"), "its mode to be set")
    daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert daemon.ended(conversation)["status"] == "interrupted"
    [taken] = wait_for(lambda: told(daemon, "$/cancel_request"), "the request to be taken back")
    assert taken["params"] == {"requestId": asked["id"]}
    assert told(daemon, "session/prompt") == []
