"""A conversation that promises to ask still asks when an agent's session is taken up again that says nothing of its modes."""

import os
import signal
from pathlib import Path

import pytest

from tests.sessions.acp import Mine, ask, pending, texts, told
from tests.support.daemon import Daemon, wait_for


def taken_up(daemon: Daemon, *, restart: bool = True) -> None:
    """Its process is gone, so that the next message takes the session up."""
    if restart:
        daemon.stop()
    for pid in daemon.hosts():
        os.kill(pid, signal.SIGKILL)
    if restart:
        daemon.start()
    wait_for(lambda: not daemon.hosts(), "its host to be gone")


def begun(daemon: Daemon) -> str:
    conversation = daemon.conversation("mine")
    assert ask(daemon, conversation, "say Hello")["status"] == "complete"
    return conversation


@pytest.mark.parametrize("restart", [True, False])
def test_it_still_asks_after_it_was_resumed(mine: Mine, restart: bool) -> None:
    """Its own mode, in which each of its processes begins, asks nothing."""
    daemon = mine("terse")
    conversation = begun(daemon)
    taken_up(daemon, restart=restart)

    daemon.send(conversation, "ask")
    approval = pending(daemon)
    assert told(daemon, "session/resume")
    made = list(Path(daemon.root).rglob("made.txt"))
    assert made == []
    daemon.api("POST", f"/approvals/{approval['id']}", {"decision": "allow_once"})
    assert daemon.ended(conversation)["status"] == "complete"
    assert texts(daemon, conversation)[-1] == "Done by default."
    assert texts(daemon, conversation, "notice") == []


def test_mode_and_model_can_be_chosen_after_it_was_resumed(mine: Mine) -> None:
    daemon = mine("terse")
    conversation = begun(daemon)
    taken_up(daemon)
    daemon.api("PATCH", f"/conversations/{conversation}", {"mode": "plan", "model": "large"})

    assert ask(daemon, conversation, "settings")["status"] == "complete"
    assert texts(daemon, conversation)[-1] == "mode plan, model large"
    offered = daemon.api("GET", "/agents/mine/models")
    assert [one["id"] for one in offered["models"]] == ["", "small", "large"]
    assert "plan" in offered["modes"]


def test_one_that_cannot_be_told_any_more_is_not_prompted(mine: Mine) -> None:
    daemon = mine("terse", "stiff")
    conversation = begun(daemon)
    taken_up(daemon)

    turn = ask(daemon, conversation, "ask")
    assert turn["status"] == "error"
    assert "did not say what it is in since it took up this conversation again" in turn["error"]
    assert len(told(daemon, "session/prompt")) == 1
    daemon.api("PATCH", f"/conversations/{conversation}", {"mode": "bypass"})
    assert ask(daemon, conversation, "ask")["status"] == "complete"
    assert texts(daemon, conversation)[-1] == "Done by auto."


def test_one_that_never_named_a_mode_is_told_of(mine: Mine) -> None:
    daemon = mine("plain", "terse")
    conversation = begun(daemon)
    ask(daemon, conversation, "say Again")
    [first] = texts(daemon, conversation, "notice")
    assert first.startswith("mine names no permission modes: agentguid cannot make it ask.")
    taken_up(daemon)

    assert ask(daemon, conversation, "say Hello")["status"] == "complete"
    assert texts(daemon, conversation, "notice")[1].startswith(
        "mine did not say which permission modes it has"
    )
