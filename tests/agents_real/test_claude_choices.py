"""What the user chose reaches genuine Claude Code: model, permission mode, and every character of the prompt."""

import os

import pytest

from tests.agents_real.work import Work

pytestmark = pytest.mark.agents


def test_the_model_of_a_conversation_is_the_model_that_is_asked(work: Work) -> None:
    conversation = work.start("[[simple]] hello", model="claude-sonnet-4-5")
    work.daemon.ended(conversation)

    (words,) = work.agents().values()
    assert words[words.index("--model") + 1] == "claude-sonnet-4-5"
    (request,) = work.model.asked("hello")
    assert request.ask.model == "claude-sonnet-4-5"


def test_its_models_can_be_asked_for_and_one_of_them_is_taken(work: Work) -> None:
    named = work.daemon.api("POST", f"/agents/{work.agent}/models")["models"]
    names = [one["id"] for one in named]
    assert {"opus", "sonnet", "haiku"} <= set(names)

    work.daemon.ended(work.start("[[simple]] hello", model="haiku"))
    (request,) = work.model.asked("hello")
    assert "haiku" in request.ask.model


def test_another_model_takes_over_with_the_next_prompt(work: Work) -> None:
    conversation = work.start("[[remember]] the word is papaya")
    work.daemon.ended(conversation)
    work.daemon.api("PATCH", f"/conversations/{conversation}", {"model": "claude-haiku-4-5"})

    work.ask(conversation, "[[recall]] what is the word?")

    (request,) = work.model.asked("what is the word?")
    assert request.ask.model == "claude-haiku-4-5"
    assert "papaya" in work.texts(conversation, "message")[-1]


def test_edits_are_not_asked_about_when_they_are_accepted_beforehand(work: Work) -> None:
    conversation = work.start("[[permwrite]] go", mode="accept_edits")
    turn = work.daemon.ended(conversation)

    assert turn["status"] == "complete", turn
    assert (work.daemon.work / "note.txt").exists()
    assert "asks for Write" not in work.steps(conversation)


def test_a_mode_chosen_later_holds_from_the_next_prompt_on(work: Work) -> None:
    """The same process: nothing is started anew for it."""
    conversation = work.start("[[simple]] hello")
    work.daemon.ended(conversation)
    before = set(work.agents())
    work.daemon.api("PATCH", f"/conversations/{conversation}", {"mode": "accept_edits"})

    work.ask(conversation, "[[permwrite]] go")

    assert (work.daemon.work / "note.txt").exists()
    assert "asks for Write" not in work.steps(conversation)
    assert set(work.agents()) == before


def test_nothing_is_asked_in_bypass(work: Work) -> None:
    """Claude Code refuses that to root; then the words say what to choose instead."""
    conversation = work.start("[[perm]] go", mode="bypass")
    turn = work.daemon.ended(conversation)

    if os.geteuid() == 0:
        assert turn["status"] == "error", turn
        assert "as root" in turn["error"]
        work.daemon.api("PATCH", f"/conversations/{conversation}", {"mode": "ask"})
        assert work.ask(conversation, "[[simple]] again")["status"] == "complete"
    else:
        assert turn["status"] == "complete", turn
        assert (work.daemon.work / "made-by-agent.txt").exists()
        assert "asks for Bash" not in work.steps(conversation)


@pytest.mark.parametrize(
    "words",
    [
        "p\u00e4p\u00e4ya \U0001f96d \u05e9\u05dc\u05d5\u05dd e\u0301",
        "first line\n\n  third, indented\n```\ncode\n```\n",
        '"quotes" \\back\\slashes\\ {"type":"user"} </user> \u2028 \x7f',
        "long " + "0123456789" * 20_000,
    ],
    ids=["letters", "lines", "signs", "long"],
)
def test_a_prompt_reaches_the_model_as_it_was_written(work: Work, words: str) -> None:
    conversation = work.start(f"[[simple]] {words}")
    turn = work.daemon.ended(conversation)

    assert turn["status"] == "complete", turn
    (request,) = work.model.of("simple")
    assert request.place.prompt.strip() == f"[[simple]] {words}".strip()
