"""The answers to an agent's questions fit what was asked, or are refused with the reason."""

import pytest
from msgspec.structs import replace

from agentguid.decide import answers, approval
from agentguid.decide.rules import CONVERSATION
from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.errors import Invalid
from agentguid.protocol.items import Body, Choice, Question, Reply
from tests.decide.given import CREATED, ID, after, asked, given, hosted, started

COLOUR = Question(
    "colour",
    "Which colour?",
    "Colour",
    choices=[Choice("Red", "warm"), Choice("Blue")],
    free=True,
    required=True,
)
ROOMS = Question("rooms", "Which rooms?", choices=[Choice("Hall, large"), Choice("Attic")], many=True)
NAME = Question("name", "What name?", kind="text")
WIDTH = Question("width", "How wide?", kind="number", low=1, high=10.5, unit="cm")
ALL = [COLOUR, ROOMS, NAME, WIDTH]
RUNNING = [CREATED, started("m1"), hosted()]
ASKED = replace(asked("a1"), questions=ALL)
BLUE = {"colour": Reply(["Blue"])}


def decide(**fields: object) -> "list[e.Event] | str":
    command = c.DecideApproval(conversation=ID, approval="a1", decision="allow_once")
    return given([*RUNNING, ASKED], replace(command, **fields))


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (BLUE, BLUE),
        ({"colour": Reply(words="  a warm green\n")}, {"colour": Reply(words="a warm green")}),
        ({**BLUE, "rooms": Reply(["Attic", "Hall, large", "Attic"])}, {**BLUE, "rooms": Reply(["Attic", "Hall, large"])}),
        ({**BLUE, "rooms": Reply(), "name": Reply(words=" ")}, BLUE),
        ({**BLUE, "name": Reply(words="Ada"), "width": Reply(words="10.5")}, {**BLUE, "name": Reply(words="Ada"), "width": Reply(words="10.5")}),
    ],
)  # fmt: skip
def test_an_answer_that_fits_is_recorded(said: dict[str, Reply], kept: dict[str, Reply]) -> None:
    assert decide(answers=said) == [e.ApprovalDecided(approval="a1", decision="allow_once", answers=kept)]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "Which colour\\?. is not answered"),
        ({"rooms": Reply(["Attic"])}, "Which colour\\?. is not answered"),
        ({"colour": Reply(words=" ")}, "Which colour\\?. is not answered"),
        ({"colour": Reply(["Green"])}, "Green. is not offered as an answer to .Which colour\\?.: .Red., .Blue."),
        ({"colour": Reply(["Red", "Blue"])}, "takes one answer, and was given 2"),
        ({"colour": Reply(["Red"], "or green")}, "takes one answer"),
        ({"colour": Reply(words="x" * 8001)}, "longer than 8,000 characters"),
        ({"colour": Reply(words="\ud800")}, "surrogate"),
        ({**BLUE, "rooms": Reply(words="the cellar")}, "answered by choosing"),
        ({**BLUE, "name": Reply(["Ada"])}, "not offered .*answered in words"),
        ({**BLUE, "width": Reply(words="0.5")}, "at least 1 and at most 10.5"),
        ({**BLUE, "width": Reply(words="11")}, "at most 10.5"),
        ({**BLUE, "width": Reply(words="nan")}, "must be a number"),
        ({**BLUE, "width": Reply(words="1_0")}, "must be a number"),
        ({**BLUE, "rooms": Reply(["Attic"]), "roof": Reply(["flat"])}, "roof. is none of the questions"),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_fit_is_refused_and_says_why(said: dict[str, Reply], why: str) -> None:
    with pytest.raises(Invalid, match=f"^answers: .*{why}"):
        answers.checked(ALL, said)

    assert decide(answers=said) == "Invalid"


def test_a_whole_number_is_whole() -> None:
    with pytest.raises(Invalid, match="whole number"):
        answers.checked([replace(WIDTH, step=1)], {"width": Reply(words="2.5")})

    assert answers.checked([replace(WIDTH, step=1)], {"width": Reply(words="2")}) == {
        "width": Reply(words="2")
    }


def test_to_answer_nothing_is_no_answer() -> None:
    with pytest.raises(Invalid, match="nothing is answered"):
        answers.checked([ROOMS, NAME], {"name": Reply(words=" ")})


def test_who_will_not_answer_answers_nothing() -> None:
    refused = decide(decision="reject_once", message="later", answers=BLUE)

    assert refused == [e.ApprovalDecided(approval="a1", decision="reject_once", message="later")]


def test_questions_are_answered_and_not_changed() -> None:
    assert decide(answers=BLUE, input=Body("{}")) == "Invalid"
    assert decide(input=Body("{}")) == "Invalid"


def test_only_what_is_asked_is_answered() -> None:
    command = c.DecideApproval(conversation=ID, approval="a1", decision="allow_once", answers=BLUE)

    assert given([*RUNNING, asked("a1")], command) == "Invalid"


def test_questions_survive_a_snapshot_without_their_prose() -> None:
    state = after(*RUNNING, replace(ASKED, questions=[replace(COLOUR, text="why " * 1000, hint="x" * 1000)]))
    frozen = CONVERSATION.freeze(state)

    assert CONVERSATION.thaw(frozen) == state
    assert len(frozen) < 2000
    [pending] = state.approvals
    command = c.DecideApproval(conversation=ID, approval="a1", decision="allow_once", answers=BLUE)
    assert approval.decide(command, (pending,)) == [
        e.ApprovalDecided(approval="a1", decision="allow_once", answers=BLUE)
    ]
