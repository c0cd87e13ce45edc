"""What genuine Claude Code asks by a form, answered by choosing; and that its mode is the one that the page shows."""

import json

import pytest

from tests.agents_real.work import Work
from tests.support.daemon import wait_for

pytestmark = pytest.mark.agents
COLOUR, ROOMS = "Which colour should it be?", "Which rooms?"


def mode(work: Work, conversation: str) -> str:
    return str(work.daemon.api("GET", f"/conversations/{conversation}")["conversation"]["mode"])


def test_a_question_is_answered_by_choosing(work: Work) -> None:
    """Also after a restart of the daemon; the model hears the labels, quoted where they would run together."""
    conversation = work.start("[[question]] ask me")
    asked = work.pending(conversation)
    assert [(one["id"], one.get("many", False)) for one in asked["questions"]] == [
        (COLOUR, False),
        (ROOMS, True),
    ]
    work.daemon.stop()
    work.daemon.start()
    answers = {COLOUR: "Blue", ROOMS: {"chosen": ["Hall, large", "Attic"]}}

    work.decide(conversation, answers=answers)

    assert work.ended(conversation)["status"] == "complete"
    said = f'"{COLOUR}"="Blue", "{ROOMS}"=""Hall, large", Attic"'
    assert work.texts(conversation, "message")[-1] == (
        f"The tool said: Your questions have been answered: {said}. You can now continue with these answers in mind."
    )


def test_words_of_ones_own_are_an_answer(work: Work) -> None:
    conversation = work.start("[[question]] ask me")
    work.decide(conversation, answers={COLOUR: {"words": 'a "warm" green'}})

    assert work.ended(conversation)["status"] == "complete"
    assert f'"{COLOUR}"="a "warm" green"' in work.texts(conversation, "message")[-1]


def test_a_question_that_is_not_answered_is_told_so(work: Work) -> None:
    conversation = work.start("[[question]] ask me")
    work.decide(conversation, "reject_once", message="Ask me tomorrow")

    assert work.ended(conversation)["status"] == "complete"
    assert "Ask me tomorrow" in work.texts(conversation, "message")[-1]


@pytest.mark.parametrize(
    ("option", "then", "asks"), [("accept_edits", "accept_edits", False), ("ask", "ask", True)]
)
def test_a_plan_that_is_accepted_changes_the_mode(work: Work, option: str, then: str, asks: bool) -> None:
    conversation = work.start("[[plan]] plan it", mode="plan")
    asked = work.pending(conversation)
    assert asked["tool"] == "ExitPlanMode"
    assert "# Write a note" in json.loads(asked["input"]["text"])["plan"]

    work.decide(conversation, optionId=option)
    if asks:
        wait_for(lambda: work.pending(conversation)["tool"] == "Write", "the question about the file")
        work.decide(conversation)

    assert work.ended(conversation)["status"] == "complete"
    assert (work.daemon.work / "note.txt").exists()
    assert mode(work, conversation) == then
    assert ("asks for Write" in work.steps(conversation)) == asks


def test_a_plan_that_is_refused_leaves_it_planning(work: Work) -> None:
    conversation = work.start("[[plan]] plan it", mode="plan")
    work.decide(conversation, "reject_once", message="Name the file notes.txt")
    wait_for(lambda: work.pending(conversation)["tool"] == "Write", "what it wants next")
    work.decide(conversation, "reject_once")

    assert work.ended(conversation)["status"] == "complete"
    assert mode(work, conversation) == "plan"
    assert not (work.daemon.work / "note.txt").exists()


def test_a_mode_that_it_takes_by_itself_is_shown(work: Work) -> None:
    conversation = work.start("[[enterplan]] do")

    assert work.ended(conversation)["status"] == "complete"
    assert mode(work, conversation) == "plan"


def test_from_now_on_is_a_change_of_mode(work: Work) -> None:
    """The page says so, and the next prompt does not change it back."""
    conversation = work.start("[[permwrite]] go")
    work.decide(conversation, "allow_always")
    work.ended(conversation)
    assert mode(work, conversation) == "accept_edits"

    work.ask(conversation, "[[permwrite]] again")

    assert work.steps(conversation).count("asks for Write") == 1


def test_model_and_mode_change_while_it_works(work: Work) -> None:
    """The request that comes after is made with them, and asks no more."""
    conversation = work.start("[[perm]] go", model="claude-sonnet-4-5")
    work.pending(conversation)
    work.daemon.api(
        "PATCH", f"/conversations/{conversation}", {"model": "claude-haiku-4-5", "mode": "accept_edits"}
    )
    wait_for(
        lambda: "claude-haiku" in json.dumps(work.texts(conversation, "notice")), "the model to be changed"
    )
    work.decide(conversation)

    assert work.ended(conversation)["status"] == "complete"
    models = [request.ask.model for request in work.model.of("perm")]
    assert (models[0], models[-1]) == ("claude-sonnet-4-5", "claude-haiku-4-5")
    assert mode(work, conversation) == "accept_edits"
