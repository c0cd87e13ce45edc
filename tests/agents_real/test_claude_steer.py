"""The genuine Claude Code takes a message into the turn that runs."""

import pytest

from tests.agents_real.work import Work, steered_into_the_turn

pytestmark = [pytest.mark.agents, pytest.mark.timeout(300)]


def test_a_message_goes_into_the_turn_that_runs(work: Work) -> None:
    steered_into_the_turn(work)


def test_one_that_comes_too_late_for_a_step_is_worked_on_in_the_same_turn(work: Work) -> None:
    """Claude Code begins with it at once when its answer is done."""
    conversation = work.start("[[slow]] talk")
    work.reached("slow")
    answer = work.daemon.send(conversation, "[[simple]] and say hello", steer=True)
    assert answer["steering"] is True
    turn = work.ended(conversation)

    assert turn["status"] == "complete", turn["error"]
    assert len(work.events(conversation, "turn.started")) == 1
    assert len(work.events(conversation, "message.steered")) == 1
    assert work.texts(conversation, "message")[-1].startswith("Hello! Here is a **short** answer")


def test_one_that_was_not_taken_before_a_stop_begins_the_next_turn(work: Work) -> None:
    conversation = work.start("[[slow]] talk")
    work.reached("slow")
    turn = str(work.daemon.latest(conversation)["id"])  # type: ignore[index]
    work.daemon.send(conversation, "[[simple]] and say hello", steer=True)
    work.daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert work.daemon.ended(conversation, turn)["status"] == "interrupted"
    assert work.ended(conversation)["status"] == "complete"
    assert work.texts(conversation, "message")[-1].startswith("Hello! Here is a **short** answer")
    assert len(work.model.of("simple")) == 1
