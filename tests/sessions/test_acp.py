"""Agents that speak ACP, through the whole program: answers, questions, settings, refusals."""

import json

import pytest

from tests.sessions.acp import Mine, ask, pending, texts, told, types
from tests.support.daemon import wait_for


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


def test_bypass_that_is_taken_back_while_the_agent_works_holds_at_once(mine: Mine) -> None:
    """Its own mode follows, and what it asks from then on is put to the user."""
    daemon = mine("wild")
    conversation = daemon.conversation("mine", mode="bypass")
    daemon.send(conversation, "edit free.txt; until go; ask")
    wait_for((daemon.work / "free.txt").exists, "the edit that nobody is asked about")
    daemon.api("PATCH", f"/conversations/{conversation}", {"mode": "ask"})
    wait_for(lambda: len(told(daemon, "session/set_mode")) == 2, "the agent to be told")
    (daemon.work / "go").touch()

    approval = pending(daemon)
    assert not (daemon.work / "made.txt").exists()
    daemon.api("POST", f"/approvals/{approval['id']}", {"decision": "allow_once"})
    assert daemon.ended(conversation)["status"] == "complete"
    assert [line["params"]["modeId"] for line in told(daemon, "session/set_mode")] == ["yolo", "default"]


def test_what_it_says_after_its_turn_is_one_item(mine: Mine) -> None:
    """In the log as soon as it has been quiet for a while, not with the next prompt only."""
    daemon = mine()
    conversation = daemon.conversation("mine")
    assert ask(daemon, conversation, "say Done; late one two three")["status"] == "complete"

    said = wait_for(lambda: texts(daemon, conversation)[1:], "the late words")
    assert said == ["one two three "]
    assert ask(daemon, conversation, "say Again")["status"] == "complete"


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


def test_an_edit_behind_a_link_is_asked_about(mine: Mine) -> None:
    daemon = mine()
    (daemon.root / "elsewhere").mkdir()
    (daemon.work / "out").symlink_to(daemon.root / "elsewhere")
    conversation = daemon.conversation("mine", mode="accept_edits")
    daemon.send(conversation, "edit in.txt; edit out/x.txt")
    daemon.api("POST", f"/approvals/{pending(daemon)['id']}", {"decision": "reject_once"})

    assert daemon.ended(conversation)["status"] == "complete"
    assert (daemon.work / "in.txt").exists()
    assert not (daemon.root / "elsewhere" / "x.txt").exists()


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
