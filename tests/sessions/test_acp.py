"""Agents that speak ACP, through the whole program: a daemon, a real process, REST. The agent is the user's own."""

import contextlib
import http.client
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import acpagent
from tests.support.daemon import Daemon, wait_for

Mine = Callable[..., Daemon]


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Mine]:
    """A daemon whose config.toml names an agent `mine`, with these habits."""
    running: list[Daemon] = []

    def make(*habits: str, **more: Any) -> Daemon:
        daemon = Daemon(tmp_path, AGENTGUID_SILENT_SECONDS="1" if "mute" in habits else "60")
        command = [sys.executable, "-I", acpagent.__file__, "--home", str(tmp_path / "agent")]
        command += [word for habit in habits for word in ("--habit", habit)]
        settings = {"command": command, "login": "Run `mine login` in a terminal.", **more}
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "config.toml").write_text("\n".join(["[agents.mine]", *lines]) + "\n")
        running.append(daemon)
        return daemon.start()

    yield make
    for daemon in running:
        daemon.close()


def told(daemon: Daemon, *methods: str) -> list[dict[str, Any]]:
    """What the agent was told, over all its processes."""
    file = daemon.root / "agent" / "told"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [line for line in lines if not methods or line.get("method") in methods]


def texts(daemon: Daemon, conversation: str, kind: str = "message") -> list[str]:
    events = daemon.events(0, conversation)
    items = [event["data"] for event in events if event["type"] == "item.added"]
    return [item["body"]["text"] for item in items if item["kind"] == kind]


def types(daemon: Daemon, conversation: str) -> list[str]:
    return [event["type"] for event in daemon.events(0, conversation)]


def ask(daemon: Daemon, conversation: str, text: str) -> dict[str, Any]:
    sent = daemon.send(conversation, text)
    return daemon.ended(conversation, sent["session"]["id"])


def pending(daemon: Daemon) -> dict[str, Any]:
    (approval,) = wait_for(
        lambda: daemon.api("GET", "/approvals")["approvals"], f"a request\n{daemon.log()[-2000:]}"
    )
    found: dict[str, Any] = approval
    return found


def test_an_agent_of_ones_own_is_listed_and_answers(mine: Mine) -> None:
    daemon = mine()
    wait_for(lambda: daemon.api("GET", "/agents/mine")["installed"], "the search for agents")
    conversation = daemon.conversation("mine")

    turn = ask(daemon, conversation, "think first; say Hello there; plan; tool; say Bye")

    assert turn["status"] == "complete", turn["error"]
    assert turn["usage"]["input_tokens"] == 10
    assert texts(daemon, conversation, "thought") == ["first"]
    assert texts(daemon, conversation) == ["Hello there ", "Bye "]
    assert len(texts(daemon, conversation, "plan")) == 2, "the same plan again is not shown again"
    [started] = [e["data"] for e in daemon.events(0, conversation) if e["type"] == "tool.started"]
    assert (started["name"], json.loads(started["input"]["text"])) == ("Shell", {"command": "ls"})
    [finished] = [e["data"] for e in daemon.events(0, conversation) if e["type"] == "tool.finished"]
    assert finished["output"]["text"] == "a\nb"


def test_an_agent_that_begins_without_asking_is_told_to_ask(mine: Mine) -> None:
    """Its own first mode asks nothing. The prompt waits until the mode is set."""
    daemon = mine()
    conversation = daemon.conversation("mine")
    daemon.send(conversation, "ask")
    approval = pending(daemon)

    assert [option["id"] for option in approval["options"]] == ["now", "now2", "ever", "no"]
    assert not (daemon.work / "made.txt").exists()
    daemon.api("POST", f"/approvals/{approval['id']}", {"decision": "allow_once", "optionId": "now2"})
    assert daemon.ended(conversation)["status"] == "complete"
    assert (daemon.work / "made.txt").exists()
    [answer] = [line for line in told(daemon) if "result" in line]
    assert answer == {
        "jsonrpc": "2.0",
        "id": 0,
        "result": {"outcome": {"outcome": "selected", "optionId": "now2"}},
    }
    order = [line["method"] for line in told(daemon) if "method" in line]
    assert order == ["initialize", "session/new", "session/set_mode", "session/prompt"]


def test_a_no_reaches_the_agent(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine")
    daemon.send(conversation, "ask")
    daemon.api("POST", f"/approvals/{pending(daemon)['id']}", {"decision": "reject_once"})

    assert daemon.ended(conversation)["status"] == "complete"
    assert texts(daemon, conversation) == ["You said no."]
    assert not (daemon.work / "made.txt").exists()


@pytest.mark.parametrize(
    ("mode", "step", "asks"),
    [
        ("bypass", "ask", False),
        ("accept_edits", "edit inside.txt", False),
        ("accept_edits", "edit ../outside.txt", True),
    ],
)
def test_what_a_mode_allows_is_not_asked(mine: Mine, mode: str, step: str, asks: bool) -> None:
    """The agent has no mode that asks nothing but its first: its requests are answered for the user."""
    daemon = mine()
    conversation = daemon.conversation("mine", mode=mode)
    daemon.send(conversation, step)
    if asks:
        daemon.api("POST", f"/approvals/{pending(daemon)['id']}", {"decision": "reject_once"})

    assert daemon.ended(conversation)["status"] == "complete"
    assert types(daemon, conversation).count("approval.requested") == int(asks)


def test_mode_and_model_are_set_before_the_prompt_that_wants_them(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine", model="large")
    ask(daemon, conversation, "settings")
    daemon.api("PATCH", f"/conversations/{conversation}", {"mode": "plan", "model": "small"})
    ask(daemon, conversation, "settings")

    assert texts(daemon, conversation) == ["mode default, model large", "mode plan, model small"]
    assert len(told(daemon, "initialize")) == 1
    offered = daemon.api("GET", "/agents/mine/models")["models"]
    assert [model["id"] for model in offered] == ["", "small", "large"]


@pytest.mark.parametrize(
    ("habits", "more", "words"),
    [
        (["stuck"], {}, "mine would not set its mode to default (Modes are broken today)"),
        ([], {"model": "huge"}, "mine would not set its model to huge (No such model)"),
        (["plain"], {"mode": "plan"}, "mine has no mode in which it only plans"),
        (["plain"], {"model": "large"}, "mine does not let others choose its model"),
        (["login"], {}, "mine is not signed in (Authentication required). Run `mine login` in a terminal. It offers: In a browser, By itself."),
        (["future"], {}, "mine speaks version 2 of the Agent Client Protocol, agentguid speaks 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_and_nothing_runs(
    mine: Mine, habits: list[str], more: dict[str, str], words: str
) -> None:
    """The turn ends with a sentence that says what to do. Nothing was prompted in a mode that nobody wanted."""
    daemon = mine(*habits)
    conversation = daemon.conversation("mine", **more)
    turn = ask(daemon, conversation, "ask")

    assert turn["status"] == "error", turn
    assert words in turn["error"]
    assert told(daemon, "session/prompt") == []
    wait_for(lambda: not daemon.hosts(), "its process to be ended: the next one may do better")


def test_the_next_message_tries_again_from_the_beginning(mine: Mine) -> None:
    daemon = mine("plain")
    conversation = daemon.conversation("mine", mode="plan")
    assert ask(daemon, conversation, "say one")["status"] == "error"
    daemon.api("PATCH", f"/conversations/{conversation}", {"mode": "ask"})

    assert ask(daemon, conversation, "say two")["status"] == "complete"


def test_an_agent_that_can_sign_in_by_itself_is_asked_to(mine: Mine) -> None:
    daemon = mine("login", authenticate="by-itself")
    conversation = daemon.conversation("mine")

    assert ask(daemon, conversation, "say Hello")["status"] == "complete"
    methods = [line["method"] for line in told(daemon)]
    assert methods[:4] == ["initialize", "session/new", "authenticate", "session/new"]


def test_one_that_cannot_after_all_is_not_asked_for_ever(mine: Mine) -> None:
    daemon = mine("login", "stubborn", authenticate="by-itself")
    conversation = daemon.conversation("mine")

    assert "That did not work" in ask(daemon, conversation, "say Hello")["error"]
    assert len(told(daemon, "authenticate")) == 1


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
    conversation = daemon.conversation("mine")
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


def test_a_file_is_written_although_the_daemon_died_before_the_answer(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine")
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
        words in text for words, text in zip(["novelty", "hologram", "terminal/create"], unknown, strict=True)
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
