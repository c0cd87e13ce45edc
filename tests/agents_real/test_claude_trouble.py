"""Stops and failures of the model: the turn ends with words that help, and the next prompt works."""

import time
from pathlib import Path

import pytest

from tests.agents_real.work import Work
from tests.support.daemon import wait_for

pytestmark = pytest.mark.agents


def ticking(work: Work) -> list[int]:
    """Processes of this daemon that run the slow tool's loop."""
    found = []
    for pid in work.daemon.descendants():
        try:
            if b"echo tick" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return found


def stop(work: Work, conversation: str) -> float:
    """Seconds from the stop to the end of the turn, which must have been interrupted."""
    begun = time.monotonic()
    work.daemon.api("POST", f"/conversations/{conversation}/cancel", {})
    turn = work.daemon.ended(conversation, patience=10)
    assert turn["status"] == "interrupted", turn
    return time.monotonic() - begun


def test_stop_in_the_middle_of_a_tool(work: Work) -> None:
    """Within 5 s, and what the tool had started is gone too."""
    conversation = work.start("[[slowtool]] go")
    work.decide(conversation)
    ticks = work.daemon.work / "ticks.txt"
    wait_for(lambda: ticks.exists() and ticks.read_text().count("tick") > 2, "the loop to run")
    assert ticking(work)

    assert stop(work, conversation) < 5

    wait_for(lambda: not ticking(work), "the loop to be ended", 5)
    size = ticks.stat().st_size
    turn = work.ask(conversation, "[[simple]] and now hello")
    assert turn["status"] == "complete", turn
    assert ticks.stat().st_size == size
    assert not work.texts(conversation, "unknown")


def test_stop_in_the_middle_of_an_answer(work: Work) -> None:
    """What had been said stays, marked as unfinished; the same process takes the next prompt."""
    conversation = work.start("[[slow]] talk")
    work.reached("slow")
    wait_for(
        lambda: any(b"text_delta" in tape.read_bytes() for tape in work.daemon.data.glob("tapes/*/*.tape")),
        "some of the answer",
    )
    before = set(work.agents())

    assert stop(work, conversation) < 5

    (event,) = [e for e in work.events(conversation, "item.added") if e["data"]["kind"] == "message"]
    assert event["data"]["incomplete"] is True
    text = event["data"]["body"]["text"]
    assert text
    assert "This is a long answer that keeps going so that".startswith(text[:40])
    assert work.ask(conversation, "[[simple]] and now hello")["status"] == "complete"
    assert set(work.agents()) == before


def test_stop_while_a_permission_is_asked_for(work: Work) -> None:
    """The request is withdrawn with the turn: nobody can answer it any more."""
    conversation = work.start("[[permwrite]] go")
    approval = work.pending(conversation)

    assert stop(work, conversation) < 5

    assert work.daemon.api("GET", "/approvals")["approvals"] == []
    assert (
        work.daemon.request("POST", f"/api/approvals/{approval['id']}", {"decision": "allow_once"})[0] == 409
    )
    assert not (work.daemon.work / "note.txt").exists()
    assert work.ask(conversation, "[[simple]] and now hello")["status"] == "complete"


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("err401", ["not signed in", "401", "send the message again"]),
        ("err429", ["limit", "429", "would exceed your rate limit"]),
        ("err529", ["overloaded", "529", "Try again"]),
        ("err400", ["longer than the model can hold", "/compact"]),
    ],
)
def test_an_error_of_the_model_ends_the_turn_with_clear_words(
    work: Work, scenario: str, words: list[str]
) -> None:
    conversation = work.start(f"[[{scenario}]] hello")
    turn = work.daemon.ended(conversation)

    assert turn["status"] == "error", turn
    for word in words:
        assert word in turn["error"], turn["error"]
    assert not work.texts(conversation, "message"), "the error is said once: by the end of the turn"
    assert work.ask(conversation, "[[simple]] again")["status"] == "complete"


def test_retries_are_shown_and_recover(work: Work) -> None:
    conversation = work.start("[[err529once]] hello")
    turn = work.daemon.ended(conversation)

    assert turn["status"] == "complete", turn
    first, second = work.texts(conversation, "notice")
    assert "529" in first
    assert "attempt 1 of 2" in first
    assert "attempt 2 of 2" in second
    assert work.texts(conversation, "message") == ["Recovered after two overloaded answers."]


def test_a_connection_that_breaks_leaves_one_whole_answer(work: Work) -> None:
    """Claude Code asks again; the half that it had is not left beside the whole."""
    conversation = work.start("[[cut]] hello")
    turn = work.daemon.ended(conversation)

    assert turn["status"] == "complete", turn
    messages = [e["data"] for e in work.events(conversation, "item.added") if e["data"]["kind"] == "message"]
    whole = [data["body"]["text"] for data in messages if not data.get("incomplete")]
    assert len(whole) == 1
    assert whole[0].endswith("before it is done.")
    assert work.texts(conversation, "notice")
