"""The end of a Claude turn: what came of it, and what it cost."""

from typing import Any

from agentguid.agents.claude_errors import api_error
from agentguid.agents.claude_state import State
from agentguid.agents.jsonl import count, mapping, number, text_of
from agentguid.protocol.events import TurnEnded
from agentguid.protocol.items import Outcome, Usage

NOT_THE_USERS = ("task-notification",)
"""Origins of turns that Claude Code begins by itself, when a task in the background is done."""


def failed(result: dict[str, Any]) -> bool:
    """`is_error` decides: API errors come with subtype `success`."""
    said = result.get("is_error")
    return said if isinstance(said, bool) else result.get("subtype") != "success"


def own(result: dict[str, Any]) -> bool:
    """Whether it answers the user's prompt."""
    return mapping(result.get("origin")).get("kind") not in NOT_THE_USERS


def ended(turn: str, result: dict[str, Any], state: State, name: str) -> TurnEnded:
    """What the result of the agent called `name` says about the turn. Takes the cost of what went before out of the total.

    What it cost is unknown where the agent speaks of no money.
    """
    spent = round(spend(result, state) + state.unbilled, 8)
    cost = spent if spent or "total_cost_usd" in result else None
    state.unbilled = 0.0
    outcome, error = _outcome(result, state, name)
    return TurnEnded(
        turn=turn,
        outcome=outcome,
        error=error,
        usage=_usage(result, state),
        cost=cost,
        duration=count(result.get("duration_ms")),
    )


def _outcome(result: dict[str, Any], state: State, name: str) -> tuple[Outcome, str | None]:
    if not failed(result):
        return "complete", None
    reason = text_of(result.get("terminal_reason"))
    if reason.startswith("aborted") or (state.stopping and not result.get("api_error_status")):
        return "interrupted", None
    return "error", api_error(result, name)


def spend(result: dict[str, Any], state: State) -> float:
    """US dollars since the result before. The total counts the whole session, also what an earlier process spent."""
    total = number(result.get("total_cost_usd"))
    before, state.cost = state.cost, max(total, state.cost)
    since = result.get("model_usage_since_last_result")
    if isinstance(since, dict):
        return sum(number(mapping(model).get("costUSD")) for model in since.values())
    return max(total - before, 0.0)


def _usage(result: dict[str, Any], state: State) -> Usage | None:
    models = mapping(result.get("model_usage_since_last_result"))
    said = mapping(result.get("usage"))
    usage = Usage(
        input_tokens=_sum(models, "inputTokens") or count(said.get("input_tokens")),
        output_tokens=_sum(models, "outputTokens") or count(said.get("output_tokens")),
        cache_read_tokens=_sum(models, "cacheReadInputTokens") or count(said.get("cache_read_input_tokens")),
        cache_write_tokens=_sum(models, "cacheCreationInputTokens")
        or count(said.get("cache_creation_input_tokens")),
        context_window=_window(mapping(result.get("modelUsage")), state.model),
        context_used=state.used or None,
    )
    return None if usage == Usage() else usage


def _sum(models: dict[str, Any], key: str) -> int:
    return sum(count(mapping(model).get(key)) for model in models.values())


def _window(models: dict[str, Any], model: str | None) -> int | None:
    of = mapping(models.get(model or "")) or mapping(next(iter(models.values()), None))
    return count(of.get("contextWindow")) or None
