"""What a permission request says: short in its title, and nothing of what it is about left out."""

import msgspec
import pytest

from agentguid.protocol import events as e
from agentguid.protocol import names
from agentguid.protocol.events import Recorded
from agentguid.protocol.items import Body, Choice, Option, Question, Reply
from agentguid.render import asks
from agentguid.render.environment import Site

SITE = Site("/gm")
LONG = "x" * 200


def recorded(event: e.Event, at: int = 5) -> Recorded:
    return Recorded(1, "conversation-c1", 1, names.NAMES[type(event)], at, "user", None, None, event)


def asked(tool: str, reason: str | None = None, **arguments: object) -> Recorded:
    given = Body(msgspec.json.encode(arguments).decode(), "application/json")
    options = [Option("y", "allow_once", "Go ahead")]
    return recorded(
        e.ApprovalRequested(
            approval="a1", turn=None, item=None, tool=tool, input=given, options=options, reason=reason
        )
    )


@pytest.mark.parametrize(
    ("request_", "title", "what", "reason"),
    [
        (asked("Bash", command="rm -r x"), "May it run this command?", "", None),
        (asked("Bash", "tidy up", command="rm -r x"), "May it run this command?", "", "tidy up"),
        (
            asked("Write", "b.py", file_path="/w/a/b.py", content=""),
            "May it write b.py?",
            "/w/a/b.py",
            None,
        ),
        (
            asked("WebFetch", url="https://example.org/a/b"),
            "May it fetch https://example.org/a/b?",
            "",
            None,
        ),
        (asked("WebSearch", query=LONG), f"May it use WebSearch on {'x' * 79}…?", LONG, None),
        (asked("Strange"), "May it use Strange?", "", None),
        (asked("ExitPlanMode", plan="# Go"), "May it carry out this plan?", "", None),
    ],
)
def test_a_request_in_words(request_: Recorded, title: str, what: str, reason: str | None) -> None:
    ask = asks.ask(SITE, "c1", request_, None)

    assert ask
    assert (ask.title, ask.what, ask.reason, ask.answer, ask.end) == (title, what, reason, None, None)
    assert ask.url == "/gm/conversations/c1/approvals/a1"


@pytest.mark.parametrize(
    ("decision", "answer", "end"),
    [
        (
            e.ApprovalDecided(approval="a1", decision="allow_once", option="y"),
            "Allowed (Go ahead)",
            "allowed",
        ),
        (
            e.ApprovalDecided(approval="a1", decision="reject_always", message="why"),
            "Denied, and from now on without asking: why",
            "denied",
        ),
        (
            e.ApprovalWithdrawn(approval="a1", reason="the turn ended"),
            "Withdrawn: the turn ended",
            "withdrawn",
        ),
    ],
)
def test_what_became_of_it_in_words(decision: e.Event, answer: str, end: str) -> None:
    ask = asks.ask(SITE, "c1", asked("Bash", command="ls"), recorded(decision, at=9))

    assert ask
    assert (ask.answer, ask.end, ask.at, ask.decided_at) == (answer, end, 5, 9)


def questions(count: int = 2) -> Recorded:
    first = Question("a", "Which?", "Head", choices=[Choice("Red", "warm"), Choice("Blue")], free=True)
    second = Question("b", "How wide?", kind="number", unit="cm")
    event = asked("AskUserQuestion", questions=[]).event
    return recorded(msgspec.structs.replace(event, questions=[first, second][:count]))


@pytest.mark.parametrize(
    ("count", "decision", "title", "answer"),
    [
        (1, None, "It has a question for you", None),
        (2, None, "It has 2 questions for you", None),
        (1, e.ApprovalDecided(approval="a1", decision="allow_once", answers={"a": Reply(["Red"])}), "Its question was answered", "Answered: Red"),
        (2, e.ApprovalDecided(approval="a1", decision="allow_once", answers={"a": Reply(words="green"), "b": Reply(words="3")}), "Its 2 questions were answered", "Answered: green; 3"),
        (2, e.ApprovalDecided(approval="a1", decision="reject_once", message="no"), "It has 2 questions for you", "Not answered: no"),
        (2, e.ApprovalWithdrawn(approval="a1", reason="gone"), "It has 2 questions for you", "Withdrawn: gone"),
    ],
)  # fmt: skip
def test_questions_in_words(count: int, decision: e.Event | None, title: str, answer: str | None) -> None:
    ask = asks.ask(SITE, "c1", questions(count), decision and recorded(decision, at=9))

    assert ask
    assert (ask.title, ask.answer, len(ask.questions)) == (title, answer, count)
    assert (ask.told is None) == (decision is None)


def test_what_was_chosen_stands_with_its_question() -> None:
    answers = {"a": Reply(["Blue"]), "b": Reply(words="3")}
    decision = recorded(e.ApprovalDecided(approval="a1", decision="allow_once", answers=answers))
    ask = asks.ask(SITE, "c1", questions(), decision)

    assert ask
    assert ask.told
    assert [(one.text, one.chosen, one.words) for one in ask.told.asked] == [
        ("Which?", ("Blue",), ""),
        ("How wide?", (), "3 cm"),
    ]


def test_a_request_that_cannot_be_read_is_none() -> None:
    gone = recorded(asked("Bash").event)
    gone = Recorded(1, gone.stream, 1, gone.type, 5, "user", None, None, e.Unreadable(redacted=True))

    assert asks.ask(SITE, "c1", gone, None) is None
