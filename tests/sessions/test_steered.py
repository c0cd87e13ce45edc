"""A message that is sent while the agent works, into its turn: read once, in its place, whatever happens in between."""

from typing import Any

import pytest

from tests.support.daemon import Daemon, wait_for

LONG = "sleep 2; emit 1; sleep 600"


def said(daemon: Daemon, conversation: str) -> list[tuple[str, str]]:
    """What was said in the transcript, in order: type of the event, text."""
    types = ("turn.started", "message.steered", "item.added")
    events = [event for event in daemon.events(0, conversation) if event["type"] in types]
    return [(event["type"], event["data"]["body"]["text"]) for event in events]


def busy(daemon: Daemon, prompt: str) -> tuple[str, str]:
    """A conversation whose agent has its prompt; and the turn."""
    conversation = daemon.conversation()
    turn = daemon.send(conversation, prompt)["session"]["id"]
    wait_for(lambda: f"prompt:{turn}" in daemon.inputs(), "the prompt to be given")
    return conversation, turn


def steer(daemon: Daemon, conversation: str, text: str) -> dict[str, Any]:
    answer: dict[str, Any] = daemon.api(
        "POST", f"/conversations/{conversation}/messages", {"content": text, "steer": True}
    )
    return answer


def given(daemon: Daemon, messages: int = 1) -> None:
    """So many were written to the agent."""
    wait_for(lambda: sum(name.startswith("steer:") for name in daemon.inputs()) == messages, "it to be given")


def queue(daemon: Daemon, conversation: str) -> list[dict[str, Any]]:
    waiting: list[dict[str, Any]] = daemon.api("GET", f"/conversations/{conversation}/queue")["queue"]
    return waiting


def test_it_is_read_between_two_steps_of_the_turn(daemon: Daemon) -> None:
    conversation, turn = busy(daemon, "ask; emit 1")
    answer = steer(daemon, conversation, "Be quick.")
    assert (answer["queued"], answer["queuePosition"], answer["steering"]) == (True, 1, True)
    given(daemon)
    daemon.allow(conversation)

    assert daemon.ended(conversation, turn)["status"] == "complete"
    kinds = said(daemon, conversation)
    place = kinds.index(("message.steered", "Be quick."))
    assert kinds[place + 1] == ("item.added", "While I worked you said: Be quick.")
    assert queue(daemon, conversation) == []
    assert daemon.latest(conversation)["id"] == turn  # type: ignore[index]
    messages = daemon.api("GET", f"/conversations/{conversation}/messages")["messages"]
    steered = next(one for one in messages if one["content"] == "Be quick.")
    assert (steered["role"], steered["status"], steered["sessionId"]) == ("user", "sent", turn)


def test_it_goes_before_what_waits_and_the_rest_waits_on(daemon: Daemon) -> None:
    conversation, turn = busy(daemon, "ask; emit 1")
    daemon.send(conversation, "emit 2")
    later = daemon.send(conversation, "Look here.")["message"]["id"]
    waiting = daemon.api("POST", f"/conversations/{conversation}/queue/{later}/steer")["queue"]
    assert [(one["content"], one["steering"]) for one in waiting] == [("Look here.", True), ("emit 2", False)]
    path = f"/conversations/{conversation}/queue/{later}"
    assert daemon.request("PATCH", f"/api{path}", {"content": "other"})[0] == 409
    assert daemon.request("DELETE", f"/api{path}")[0] == 409
    given(daemon)
    daemon.allow(conversation)

    assert daemon.ended(conversation, turn)["status"] == "complete"
    wait_for(lambda: not queue(daemon, conversation), "the other message to be sent")
    assert daemon.ended(conversation)["status"] == "complete"
    told = [text for _, text in said(daemon, conversation)]
    assert told.count("Look here.") == 1
    assert told.index("Look here.") < told.index("emit 2")


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_it_outlives_the_daemon_and_is_given_once(daemon: Daemon, how: str) -> None:
    conversation, turn = busy(daemon, "ask; emit 1")
    steer(daemon, conversation, "Be quick.")
    given(daemon)
    daemon.kill() if how == "kill" else daemon.stop()
    daemon.start()
    daemon.allow(conversation)

    assert daemon.ended(conversation, turn)["status"] == "complete"
    assert [text for _, text in said(daemon, conversation)].count("Be quick.") == 1
    assert len([name for name in daemon.inputs() if name.startswith("steer:")]) == 1


def test_what_a_stopped_turn_has_not_taken_begins_the_next_one(daemon: Daemon) -> None:
    conversation, turn = busy(daemon, LONG)
    steer(daemon, conversation, "first this")
    wait_for(lambda: ("message.steered", "first this") in said(daemon, conversation), "it to be taken")
    steer(daemon, conversation, "emit 1")
    given(daemon, 2)
    daemon.api("POST", f"/conversations/{conversation}/cancel", {})

    assert daemon.ended(conversation, turn)["status"] == "interrupted"
    wait_for(lambda: ("turn.started", "emit 1") in said(daemon, conversation), "the next turn")
    assert daemon.ended(conversation)["status"] == "complete"
    assert ("message.steered", "emit 1") not in said(daemon, conversation)
    assert queue(daemon, conversation) == []


def test_injected_it_goes_into_the_turn(daemon: Daemon) -> None:
    conversation, turn = busy(daemon, "ask; emit 1")
    answer = daemon.api(
        "POST", f"/conversations/{conversation}/inject", {"content": "Be quick.", "eager": True}
    )
    assert answer["injected"] is True
    given(daemon)
    daemon.allow(conversation)

    assert daemon.ended(conversation, turn)["status"] == "complete"
    assert ("message.steered", "Be quick.") in said(daemon, conversation)
