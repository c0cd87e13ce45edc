"""Questions of agents, answered through the API and by the page's form."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest

from agentguid.append import read
from agentguid.protocol.events import ApprovalDecided, ApprovalRequested
from agentguid.protocol.ids import stream_of
from agentguid.protocol.items import Body, Choice, Option, Question, Reply
from tests.http.conftest import Answer, Served
from tests.http.turns import running

COLOUR = Question(
    "Which colour?",
    "Which colour?",
    "Colour",
    choices=[Choice("Red"), Choice("Blue, pale")],
    free=True,
    required=True,
)
ROOMS = Question(
    "Which rooms?", "Which rooms?", choices=[Choice("Hall"), Choice("Attic")], many=True, free=True
)
WIDTH = Question("How wide?", "How wide?", kind="number", low=1, high=9)


def asks(served: Served, *questions: Question) -> tuple[str, str]:
    conversation, turn = running(served)
    approval = f"{turn}-ask"
    served.report(
        conversation,
        ApprovalRequested(
            approval=approval,
            turn=turn,
            item=None,
            tool="AskUserQuestion",
            input=Body('{"questions":[]}', "application/json"),
            options=[Option("answer", "allow_once", "Send"), Option("reject", "reject_once", "Don't answer")],
            questions=[*(questions or (COLOUR, ROOMS, WIDTH))],
        ),
    )
    return conversation, approval


def answers(served: Served, conversation: str) -> dict[str, Reply] | None:
    """Those of the decision that is in the log."""
    stream = stream_of(conversation)
    log = served.call(lambda: read.stream(served.parts.reader, stream, 0))
    found = [one.event.answers for one in log if isinstance(one.event, ApprovalDecided)]
    return found[-1] if found else None


def test_a_waiting_request_says_what_it_asks(served: Served) -> None:
    conversation, _ = asks(served)
    [waiting] = served.api("GET", f"/approvals?conversation={conversation}")["approvals"]

    assert waiting["questions"][0] == {
        "id": "Which colour?",
        "text": "Which colour?",
        "header": "Colour",
        "choices": [{"label": "Red"}, {"label": "Blue, pale"}],
        "free": True,
        "required": True,
    }


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"Which colour?": "Red"}, {"Which colour?": Reply(["Red"])}),
        (
            {"Which colour?": {"words": "green"}, "Which rooms?": ["Hall", "Attic"], "How wide?": 4},
            {
                "Which colour?": Reply(words="green"),
                "Which rooms?": Reply(["Hall", "Attic"]),
                "How wide?": Reply(words="4"),
            },
        ),
        (
            {
                "Which colour?": {"chosen": "Red"},
                "Which rooms?": {"chosen": ["Hall"], "words": "and the yard"},
            },
            {"Which colour?": Reply(["Red"]), "Which rooms?": Reply(["Hall"], "and the yard")},
        ),
    ],
)
def test_answers_are_given_by_label(served: Served, given: dict[str, Any], kept: dict[str, Reply]) -> None:
    conversation, approval = asks(served)
    served.api("POST", f"/approvals/{approval}", {"decision": "allow_once", "answers": given})

    assert answers(served, conversation) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"Which colour?": "Red", "Which rooms?": "Hall, Attic"}, {"Which colour?": Reply(["Red"]), "Which rooms?": Reply(["Hall", "Attic"])}),
        ({"Which colour?": "Blue, pale", "Which rooms?": ["Hall", "the yard"]}, {"Which colour?": Reply(["Blue, pale"]), "Which rooms?": Reply(["Hall"], "the yard")}),
        ({"Which colour?": "green"}, {"Which colour?": Reply(words="green")}),
    ],
)  # fmt: skip
def test_answers_may_stand_in_the_arguments_as_claudes_own_client_puts_them(
    served: Served, given: dict[str, Any], kept: dict[str, Reply]
) -> None:
    conversation, approval = asks(served)
    changed = {"questions": [], "answers": given}
    served.api("POST", f"/approvals/{approval}", {"decision": "allow_once", "updatedInput": changed})

    assert answers(served, conversation) == kept


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "is not answered"),
        ({"answers": {}}, "is not answered"),
        ({"answers": {"Which colour?": "Green"}}, "is not offered"),
        ({"answers": {"Which colour?": ["Red", "Blue, pale"]}}, "takes one answer"),
        ({"answers": {"Which colour?": {"words": "x" * 8001}}}, "longer than"),
        ({"answers": {"Which colour?": 3}}, "must be a label|of 'Which"),
        ({"answers": {"Which colour?": {"choice": "Red"}}}, "of 'Which"),
        ({"answers": {"Which colour?": "Red", "Else?": "Red"}}, "is none of the questions"),
        ({"answers": "Red"}, ""),
        ({"updatedInput": {"x": 1}}, "cannot be changed"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason_and_can_be_given_again(
    served: Served, body: dict[str, Any], why: str
) -> None:
    conversation, approval = asks(served)
    problem = served.api("POST", f"/approvals/{approval}", {"decision": "allow_once", **body}, status=400)
    assert re.search(why, problem["error"])
    assert answers(served, conversation) is None

    served.api(
        "POST", f"/approvals/{approval}", {"decision": "allow_once", "answers": {"Which colour?": "Red"}}
    )
    problem = served.api("POST", f"/approvals/{approval}", {"decision": "reject_once"}, status=409)
    assert problem["decision"] == "allow_once"


@pytest.mark.parametrize("decision", ["allow_once", "reject_once"])
def test_a_key_stands_for_the_answers_that_came_with_it(served: Served, decision: str) -> None:
    """Others are told that it was answered, and not that they were taken. Who says no answers nothing."""
    conversation, approval = asks(served)
    said = {"Which colour?": {"words": " green "}, "Which rooms?": ["Hall", "Hall"], "How wide?": ""}
    first = {"decision": decision, "answers": said, "idempotencyKey": "k"}
    decided = served.api("POST", f"/approvals/{approval}", first)
    kept = answers(served, conversation)

    assert served.api("POST", f"/approvals/{approval}", first) == decided
    other = first | {"answers": said | {"Which colour?": "Red"}}
    problem = served.api("POST", f"/approvals/{approval}", other, status=409 if kept else 200)
    assert problem.get("decision") == decision
    assert answers(served, conversation) == kept


def test_answers_to_what_asks_none_are_refused(served: Served) -> None:
    conversation, turn = running(served)
    asked = ApprovalRequested(
        approval=f"{turn}-b", turn=turn, item=None, tool="Bash", input=Body("{}"), options=[]
    )
    served.report(conversation, asked)

    body = {"decision": "allow_once", "answers": {"Which colour?": "Red"}}
    assert "asks no questions" in served.api("POST", f"/approvals/{turn}-b", body, status=400)["error"]


# -- the page's form --------------------------------------------------------------------------------------------------
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


def send(
    served: Served, conversation: str, approval: str, *fields: tuple[str, str], script: bool = False
) -> Answer:
    headers = FORM | ({"HX-Request": "true"} if script else {})
    path = f"/conversations/{conversation}/approvals/{approval}"
    return served.ask("POST", path, urlencode(fields).encode(), headers)


def test_a_form_is_answered_by_the_places_of_the_choices(served: Served) -> None:
    conversation, approval = asks(served)
    fields = [("option", "answer"), ("q0", "1"), ("q0-words", "left behind"), ("q1", "0"), ("q1", "other")]
    answer = send(served, conversation, approval, *fields, ("q1-words", "a\r\nb"), ("q2-words", "2.5"))

    assert (answer.status, answer.headers["location"]) == (303, f"/gm/conversations/{conversation}")
    assert answers(served, conversation) == {
        "Which colour?": Reply(["Blue, pale"]),
        "Which rooms?": Reply(["Hall"], "a\nb"),
        "How wide?": Reply(words="2.5"),
    }


@pytest.mark.parametrize("value", ["2", "-1", "x", "\u0661", "99999999999999999999"])
def test_a_choice_that_is_not_there_is_refused(served: Served, value: str) -> None:
    conversation, approval = asks(served)
    answer = send(served, conversation, approval, ("option", "answer"), ("q0", value), script=True)

    assert answer.status == 400
    assert "none of the answers" in answer.body.decode()
    assert answers(served, conversation) is None


def test_a_form_that_does_not_fit_says_why_with_and_without_script(served: Served) -> None:
    conversation, approval = asks(served)
    fields = [("option", "answer"), ("q0", "other"), ("q0-words", " ")]
    short = send(served, conversation, approval, *fields, script=True)
    whole = send(served, conversation, approval, *fields)

    assert (short.status, whole.status) == (400, 400)
    assert "\u201cWhich colour?\u201d is not answered" in short.body.decode()
    assert "\u201cWhich colour?\u201d is not answered" in whole.body.decode()


def test_who_does_not_answer_says_so_whatever_was_chosen(served: Served) -> None:
    conversation, approval = asks(served)
    send(served, conversation, approval, ("option", "reject"), ("q0", "7"), ("message", "later"))
    row = served.api("POST", f"/approvals/{approval}", {"decision": "reject_once"}, status=409)

    assert (row["decision"], row["message"]) == ("reject_once", "later")


def test_what_an_agent_writes_into_its_questions_is_text(served: Served) -> None:
    """In the form, and in the answered card."""
    evil = '"><script>alert(1)</script>\u202e<img src=x onerror=alert(1)>'
    one = Question(evil, evil, evil, choices=[Choice(evil, evil, evil), Choice("b")], hint=evil, free=True)
    number = Question("n", "n", kind="number", unit=evil)
    conversation, approval = asks(served, one, number)
    before = served.ask(
        "GET", f"/conversations/{conversation}", headers={"Accept": "text/html"}
    ).body.decode()
    served.api(
        "POST", f"/approvals/{approval}", {"decision": "allow_once", "answers": {evil: {"words": evil}}}
    )
    after = served.ask("GET", f"/conversations/{conversation}", headers={"Accept": "text/html"}).body.decode()

    for page in (before, after):
        assert "alert(1)&lt;/script&gt;" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "\u202e" not in page
