"""Agents that speak ACP, through the whole program: stops, restarts, sessions taken up, files, bad ends."""

import contextlib
import http.client
import json
import os
import signal
from typing import Any

import pytest

from tests.sessions.acp import Mine, ask, pending, texts, told, types
from tests.support.daemon import wait_for


def test_a_stop_cancels_and_the_next_prompt_works(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine")
    daemon.send(conversation, "slow")
    wait_for(lambda: told(daemon, "session/prompt"), "the prompt")
    daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert daemon.ended(conversation)["status"] == "interrupted"
    assert len(told(daemon, "session/cancel")) == 1
    assert ask(daemon, conversation, "say on")["status"] == "complete"
    assert len(told(daemon, "initialize")) == 1


def test_a_stop_answers_what_the_agent_asks(mine: Mine) -> None:
    """Otherwise it would wait for that answer for ever."""
    daemon = mine()
    conversation = daemon.conversation("mine")
    daemon.send(conversation, "ask")
    approval = pending(daemon)
    daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert daemon.ended(conversation)["status"] == "interrupted"
    [answer] = [line for line in told(daemon) if "result" in line]
    assert answer["result"] == {"outcome": {"outcome": "cancelled"}}
    status, _ = daemon.request("POST", f"/api/approvals/{approval['id']}", {"decision": "allow_once"})
    assert status == 409
    assert not (daemon.work / "made.txt").exists()


def test_an_agent_that_does_not_hear_the_stop_is_ended(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine")
    daemon.send(conversation, "deaf")
    wait_for(lambda: told(daemon, "session/prompt"), "the prompt")
    daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert daemon.ended(conversation)["status"] == "interrupted"
    wait_for(lambda: not daemon.hosts(), "its host to be gone")


def test_a_request_outlives_the_daemon_and_is_answered_once(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine")
    daemon.send(conversation, "say before; ask")
    approval = pending(daemon)
    daemon.kill()
    daemon.start()

    assert pending(daemon)["id"] == approval["id"]
    daemon.api("POST", f"/approvals/{approval['id']}", {"decision": "allow_once"})
    assert daemon.ended(conversation)["status"] == "complete"
    assert types(daemon, conversation).count("approval.requested") == 1
    assert texts(daemon, conversation) == ["before ", "Done by default."]
    assert len([line for line in told(daemon) if "result" in line]) == 1


@pytest.mark.parametrize("habits", [[], ["load"]], ids=["resume", "load"])
def test_a_session_is_taken_up_by_another_process(mine: Mine, habits: list[str]) -> None:
    """What `load` tells again is in the transcript already."""
    daemon = mine(*habits)
    conversation = daemon.conversation("mine")
    ask(daemon, conversation, "remember papaya")
    daemon.stop()
    for pid in daemon.hosts():
        os.kill(pid, signal.SIGKILL)
    daemon.start()

    ask(daemon, conversation, "recall")
    assert texts(daemon, conversation) == ["Noted.", "It was papaya."]
    assert types(daemon, conversation).count("tool.started") == 0
    [taken] = told(daemon, "session/load", "session/resume")
    assert taken["method"] == ("session/load" if habits else "session/resume")


def test_an_agent_that_outlived_the_daemon_is_not_greeted_again(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine")
    ask(daemon, conversation, "remember papaya")
    assert daemon.stop() == 0
    daemon.start()

    ask(daemon, conversation, "recall")
    assert texts(daemon, conversation)[-1] == "It was papaya."
    assert len(told(daemon, "initialize")) == len(told(daemon, "session/new")) == 1


@pytest.mark.parametrize("habit", ["forgetful", ""])
def test_a_session_that_is_gone_begins_anew_and_says_so(mine: Mine, habit: str) -> None:
    daemon = mine(*([habit] if habit else []))
    conversation = daemon.conversation("mine")
    ask(daemon, conversation, "remember papaya")
    daemon.stop()
    for pid in daemon.hosts():
        os.kill(pid, signal.SIGKILL)
    for file in (daemon.root / "agent").iterdir():
        if file.name != "told":
            file.unlink()
    daemon.start()

    assert ask(daemon, conversation, "recall")["status"] == "complete"
    assert texts(daemon, conversation)[-1] == "It was nothing."
    assert "It begins anew, without memory." in texts(daemon, conversation, "notice")[-1]
    ask(daemon, conversation, "recall")
    assert len(texts(daemon, conversation, "notice")) == 1


def test_files_are_served_within_the_working_directory_only(mine: Mine) -> None:
    daemon = mine(files=True)
    (daemon.work / "two.txt").write_text("one\ntwo\nthree\n")
    (daemon.work / "away").symlink_to("/etc")
    conversation = daemon.conversation("mine", mode="accept_edits")
    steps = "read two.txt; write new/deep.txt; read /etc/hostname; read away/hostname; write ../x"
    assert ask(daemon, conversation, steps)["status"] == "complete"

    [said] = texts(daemon, conversation)
    answers = [json.loads(answer) for answer in said.split("Answer: ")[1:]]
    assert answers[0] == {"content": "two\n"}
    assert answers[1] == {}
    assert (daemon.work / "new" / "deep.txt").read_text() == "written\n"
    assert all("outside the working directory" in answer["message"] for answer in answers[2:])
    assert not (daemon.root / "x").exists()
    [greeting] = told(daemon, "initialize")
    assert greeting["params"]["clientCapabilities"]["fs"] == {"readTextFile": True, "writeTextFile": True}


@pytest.mark.parametrize("decision", ["allow_once", "reject_once"])
def test_no_file_is_written_for_an_agent_that_did_not_ask(mine: Mine, decision: str) -> None:
    """What the user allowed in this turn is written, and nothing else: we promised to ask."""
    daemon = mine()
    conversation = daemon.conversation("mine")
    daemon.send(conversation, "write unasked.txt; asked this.txt; write this.txt; write other.txt")
    daemon.api("POST", f"/approvals/{pending(daemon)['id']}", {"decision": decision})
    assert daemon.ended(conversation)["status"] == "complete"

    allowed = decision == "allow_once"
    said = "".join(texts(daemon, conversation)).split("Answer: ")[1:]
    assert [answer.strip() == "{}" for answer in said] == [False, allowed, allowed, False]
    assert [(daemon.work / f"{name}.txt").exists() for name in ("unasked", "this", "other")] == [
        False,
        allowed,
        False,
    ]
    ask(daemon, conversation, "write this.txt")
    assert "request permission" in texts(daemon, conversation)[-1]


def test_a_file_is_written_although_the_daemon_died_before_the_answer(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine", mode="accept_edits")
    ask(daemon, conversation, "say warm")
    daemon.stop()
    daemon.start(AGENTGUID_FAILPOINT="effects.before_send:2")
    with contextlib.suppress(OSError, EOFError, AssertionError, http.client.HTTPException):
        daemon.send(conversation, "write it.txt")
    assert daemon.process
    daemon.process.wait(30)
    daemon.start()

    assert daemon.ended(conversation)["status"] == "complete"
    assert (daemon.work / "it.txt").read_text() == "written\n"
    assert len([name for name in daemon.inputs() if name.startswith("serve:")]) == 1


def test_what_is_not_offered_is_refused_and_what_is_not_known_is_shown(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine")

    assert ask(daemon, conversation, "strange")["status"] == "complete"
    assert texts(daemon, conversation) == ["Answer: -32601"]
    unknown = texts(daemon, conversation, "unknown")
    assert [
        words in text for words, text in zip(["novelty", "hologram", "mcp/connect"], unknown, strict=True)
    ]


def test_two_requests_at_once_of_which_one_is_taken_back(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine")
    daemon.send(conversation, "twice")

    def one() -> list[dict[str, Any]]:
        found = daemon.api("GET", "/approvals")["approvals"]
        withdrawn = types(daemon, conversation).count("approval.withdrawn")
        return found if withdrawn == 1 and len(found) == 1 else []

    [left] = wait_for(one, "one request to be left")
    daemon.api("POST", f"/approvals/{left['id']}", {"decision": "allow_once"})
    assert daemon.ended(conversation)["status"] == "complete"
    assert json.loads(texts(daemon, conversation)[-1]) == {"first": "error", "second": "selected"}


@pytest.mark.parametrize(
    ("step", "status", "words"),
    [
        (
            "fail 429 too many requests",
            "error",
            "The limit of the account is reached (429 too many requests)",
        ),
        ("fail something odd", "error", "mine ended the turn with an error (something odd)"),
        ("say half; crash", "error", "mine ended with exit status 9: segmentation fault, as I was told"),
        ("end max_tokens", "error", "Send `go on` to continue"),
        ("end refusal", "error", "It refuses to go on"),
        ("end something_new", "complete", None),
    ],
)
def test_each_bad_end_has_a_clear_sentence(mine: Mine, step: str, status: str, words: str | None) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine")
    turn = ask(daemon, conversation, step)

    assert turn["status"] == status, turn
    assert turn["error"] is None if words is None else words in turn["error"]
    assert ask(daemon, conversation, "say again")["status"] == "complete"


def test_an_agent_that_does_not_even_greet_is_called_silent_and_can_be_stopped(mine: Mine) -> None:
    daemon = mine("mute")
    conversation = daemon.conversation("mine")
    daemon.send(conversation, "say Hello")
    wait_for(lambda: texts(daemon, conversation, "notice"), "its silence to be named")
    assert "has said nothing" in texts(daemon, conversation, "notice")[0]
    daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert daemon.ended(conversation)["status"] == "interrupted"
    wait_for(lambda: not daemon.hosts(), "its host to be gone")
