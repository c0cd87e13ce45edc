"""What a permission request says: short in its title, and nothing of what it is about left out."""

import msgspec
import pytest

from agentguid.protocol import events as e
from agentguid.protocol.events import Recorded
from agentguid.protocol.items import Body, Option
from agentguid.render import asks
from agentguid.render.environment import Site

SITE = Site("/gm")
LONG = "x" * 200


def recorded(event: e.Event, at: int = 5) -> Recorded:
    return Recorded(1, "conversation-c1", 1, e.NAMES[type(event)], at, "user", None, None, event)


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


def test_a_request_that_cannot_be_read_is_none() -> None:
    gone = recorded(asked("Bash").event)
    gone = Recorded(1, gone.stream, 1, gone.type, 5, "user", None, None, e.Unreadable(redacted=True))

    assert asks.ask(SITE, "c1", gone, None) is None
