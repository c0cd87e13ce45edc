"""Questions in a terminal: what a line of `--answer` means, and what each key does."""

from typing import Any

import pytest

from agentguid.cli import quiz
from agentguid.cli.errors import CliError
from agentguid.cli.keyboard import BACKSPACE, ENTER, ESCAPE

COLOUR = {
    "id": "c",
    "text": "Which colour?",
    "header": "Colour",
    "choices": [{"label": "Red", "description": "warm"}, {"label": "Blue"}],
    "free": True,
    "required": True,
}
ROOMS = {"id": "r", "text": "Which rooms?", "choices": [{"label": "Hall"}, {"label": "Attic"}], "many": True}
NAME = {"id": "n", "text": "What name?", "kind": "text"}
ALL = [COLOUR, ROOMS, NAME]


def reply(*chosen: str, words: str = "") -> dict[str, Any]:
    return {"chosen": [*chosen], "words": words}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["Red"], {"c": reply("Red")}),
        (["blue"], {"c": reply("Blue")}),
        (["2"], {"c": reply("Blue")}),
        (["green = good"], {"c": reply(words="green = good")}),
        (["1=Red", "2=1", "2=Attic"], {"c": reply("Red"), "r": reply("Hall", "Attic")}),
        (["Colour=Red", "which rooms?=Hall"], {"c": reply("Red"), "r": reply("Hall")}),
        (["Red", "Hall", "Ada"], {"c": reply("Red"), "r": reply("Hall"), "n": reply(words="Ada")}),
        (["3=2=1"], {"n": reply(words="2=1")}),
        (["2=cellar"], {"r": reply("cellar")}),
    ],
)
def test_an_answer_on_the_command_line(given: list[str], meant: dict[str, Any]) -> None:
    """What is none of the choices, where only these are taken, is for the daemon to refuse."""
    assert quiz.answers(ALL, given) == meant


def test_an_answer_without_a_question_is_a_usage_error() -> None:
    with pytest.raises(CliError, match="no question left") as raised:
        quiz.answers([COLOUR], ["Red", "Blue"])

    assert raised.value.code == 2


@pytest.mark.parametrize(
    ("keys", "given"),
    [
        (["1", ENTER, ENTER], {"c": reply("Red")}),
        (["9", "2", "1", "2", "1", ENTER, *"Ada", ENTER], {"c": reply("Blue"), "r": reply("Attic"), "n": reply(words="Ada")}),
        (["3", *"a b", ENTER, ENTER, ENTER], {"c": reply(words="a b")}),
        (["3", *"no", ESCAPE, "1", ENTER, ENTER], {"c": reply("Red")}),
        (["3", ENTER, *"x", BACKSPACE, *"yz", ENTER, ENTER, ENTER], {"c": reply(words="yz")}),
        (["1", BACKSPACE, "2", ENTER, ENTER], {"c": reply("Blue")}),
        ([ENTER, "1", ENTER, ENTER], {"c": reply("Red")}),
        ([ESCAPE], quiz.DECLINED),
        (["1", ESCAPE], quiz.DECLINED),
        (["1", ENTER, ESCAPE], quiz.DECLINED),
    ],
)  # fmt: skip
def test_keys_answer_one_question_after_the_other(keys: list[str], given: Any) -> None:
    asked = quiz.Quiz(ALL)
    said = [asked.key(key) for key in keys]

    assert said == [None] * (len(keys) - 1) + [given]


def test_what_stands_below_the_text_says_which_keys_do_what() -> None:
    asked = quiz.Quiz(ALL)

    assert [text for text, _ in asked.lines(60)] == [
        "? 1/3 [Colour] Which colour?",
        "  1 Red \u2014 warm",
        "  2 Blue",
        "  3 other, in your own words",
        "  a key chooses and goes on, Esc answers nothing",
    ]
    asked.key("1")
    asked.key("2")
    assert [text for text, _ in asked.lines(60)] == [
        "? 2/3 Which rooms? (any number)",
        "  1 [ ] Hall",
        "  2 [x] Attic",
        "  keys choose, Enter goes on, Esc answers nothing",
    ]
    asked.key(ENTER)
    asked.key("A")
    assert [text for text, _ in asked.lines(60)] == [
        "? 3/3 What name?",
        "  A▏",
        "  Enter sends, Esc answers nothing",
    ]


def test_no_line_is_wider_than_the_terminal() -> None:
    asked = quiz.Quiz(
        [{**COLOUR, "text": "why " * 60, "choices": [{"label": "long " * 20}, {"label": "x" * 30}]}]
    )

    assert max(len(text) for text, _ in asked.lines(40)) <= 40


def test_what_an_agent_writes_draws_nothing_else() -> None:
    evil = "\x1b]0;owned\x07\u202e\nnext"
    asked = [{**COLOUR, "text": evil, "header": evil, "choices": [{"label": evil, "description": evil}]}]

    drawn = [
        text
        for text, _ in [*quiz.Quiz(asked).lines(200), *quiz.shown(asked), *quiz.told({evil: {"words": evil}})]
    ]
    assert not any(sign in text for text in drawn for sign in "\x1b\x07\u202e\n")
