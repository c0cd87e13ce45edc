"""An agent of the user's own that speaks Claude Code's protocol is called by its own name, and may say less."""

from typing import Any

import pytest

from agentguid.agents import stream_json
from agentguid.agents.entry import Entry
from tests.agents.byhand import Session, end_of, streamed

ENTRY = Entry(id="own", name="Own", icon="custom", protocol="stream-json", dialect="stream_json")


@pytest.fixture
def own() -> Session:
    session = Session()
    session.adapter = stream_json.dialect(ENTRY).adapter("h", session.launch)  # type: ignore[assignment]
    return session.begin()


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (
            {"error": {"message": "[API Error: 500 oh]"}},
            "Own ended the turn with an error ([API Error: 500 oh]). Send the message again.",
        ),
        (
            {"api_error_status": 401, "error": {"message": "bad key"}},
            "Own is not signed in, or its key was refused (401: bad key). "
            "Sign in to Own, or check its key; then send the message again.",
        ),
        (
            {"error": "strange"},
            "Own ended the turn with an error (error_during_execution). Send the message again.",
        ),
    ],
)
def test_its_error_names_it_and_gives_its_reason(own: Session, said: dict[str, Any], error: str) -> None:
    """Qwen Code has the reason in `error.message`, where Claude Code has a list."""
    ended = end_of(own, subtype="error_during_execution", is_error=True, **said)

    assert (ended.outcome, ended.error) == ("error", error)


def test_what_a_turn_cost_is_unknown_where_it_speaks_of_no_money(own: Session) -> None:
    assert end_of(own, usage={"input_tokens": 5}).cost is None
    assert end_of(own.begin("t2"), total_cost_usd=0).cost == 0


def test_a_goal_of_its_own_shows_nothing(own: Session) -> None:
    assert own.out(streamed("goal_state", goal_state={"v": 2, "goal": None, "activity": "idle"})) == []
