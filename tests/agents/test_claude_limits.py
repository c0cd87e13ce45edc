"""What Claude Code tells of the limits of a subscription: `rate_limit_event`."""

from typing import Any

import pytest

from agentguid.agents import limits
from agentguid.protocol.events import ItemAdded
from tests.agents.byhand import Session

AT = 1_795_700_000
"""2026-11-26 13:33:20 UTC."""
LIFTED = "It is lifted at 2026-11-26 13:34 UTC."


def told(info: Any) -> list[str]:
    facts = Session().begin().out({"type": "rate_limit_event", "rate_limit_info": info, "session_id": "s"})
    assert all(isinstance(fact, ItemAdded) and fact.kind == "notice" for fact in facts), facts
    return [fact.body.text for fact in facts if isinstance(fact, ItemAdded)]


@pytest.mark.parametrize(
    "info",
    [
        {"status": "allowed", "resetsAt": AT, "rateLimitType": "five_hour", "isUsingOverage": False},
        {"status": "allowed", "overageStatus": "rejected", "overageDisabledReason": "org_level_disabled"},
        {"status": ""},
        {"status": None},
        {"status": 7},
        {},
        None,
        [],
        "rejected",
    ],
)
def test_while_there_is_room_nothing_is_said(info: Any) -> None:
    """Nor of what is no status: it is understood, and shown as nothing unknown."""
    assert told(info) == []


@pytest.mark.parametrize(
    ("info", "text"),
    [
        ({"status": "allowed_warning", "rateLimitType": "five_hour", "resetsAt": AT, "utilization": 0.9}, f"The five hour limit of the account is near. {LIFTED}"),
        ({"status": "allowed_warning"}, "The limit of the account is near."),
        ({"status": "rejected", "rateLimitType": "five_hour", "resetsAt": AT}, f"The five hour limit of the account is reached. {LIFTED}"),
        ({"status": "rejected", "rateLimitType": "seven_day", "resetsAt": AT}, f"The seven day limit of the account is reached. {LIFTED}"),
        ({"status": "rejected", "rateLimitType": "seven_day_opus", "resetsAt": float(AT)}, f"The seven day opus limit of the account is reached. {LIFTED}"),
        ({"status": "rejected", "rateLimitType": "overage", "resetsAt": AT, "novel": {"a": [1]}}, f"The overage limit of the account is reached. {LIFTED}"),
        ({"status": "rejected", "rateLimitType": "from_the_future"}, "The from the future limit of the account is reached."),
        ({"status": "rejected", "rateLimitType": None, "resetsAt": None}, "The limit of the account is reached."),
        ({"status": "rejected", "rateLimitType": 7, "resetsAt": "soon"}, "The limit of the account is reached."),
        ({"status": "rejected", "resetsAt": AT + 40}, f"The limit of the account is reached. {LIFTED}"),
        ({"status": "rejected", "resetsAt": -1}, "The limit of the account is reached."),
        ({"status": "rejected", "resetsAt": 2**70}, "The limit of the account is reached."),
        ({"status": "rejected", "resetsAt": True}, "The limit of the account is reached."),
    ],
)  # fmt: skip
def test_a_limit_that_is_near_or_reached_is_told_once_with_its_end(info: Any, text: str) -> None:
    assert told(info) == [text]


def test_only_the_one_that_is_reached_counts_as_a_limit() -> None:
    [near] = told({"status": "allowed_warning", "rateLimitType": "five_hour", "resetsAt": AT})
    [full] = told({"status": "rejected", "rateLimitType": "five_hour", "resetsAt": AT})
    found = limits.read(full, (AT - 600) * 1_000_000)

    assert limits.read(near, 0) is None
    assert found
    assert (found.kind, found.until) == ("account", (AT + 40) * 1_000_000)
