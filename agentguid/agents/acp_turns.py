"""The end of an ACP turn: what came of it, and what it cost."""

from typing import Any

from agentguid.agents.acp_errors import stopped, told
from agentguid.agents.acp_state import State
from agentguid.agents.entry import Entry
from agentguid.agents.jsonl import count, mapping, number, text_of
from agentguid.protocol.events import TurnEnded
from agentguid.protocol.items import Outcome, Usage


def ended(turn: str, result: dict[str, Any], entry: Entry, state: State, at: int) -> TurnEnded:
    """The agent answered the prompt, at this time."""
    reason = text_of(result.get("stopReason"))
    outcome: Outcome = "complete"
    error = "" if state.failure else stopped(reason)
    if not error and (state.failure or state.failing):
        error = told(entry, state.failure.removeprefix(entry.errors))
    if reason == "cancelled" or state.stopping:
        outcome, error = "interrupted", ""
    elif error:
        outcome = "error"
    return TurnEnded(
        turn=turn,
        outcome=outcome,
        error=error or None,
        usage=_usage(result, state),
        cost=spent(state),
        duration=max((at - state.begun) // 1000, 0),
    )


def spent(state: State) -> float | None:
    """US dollars of this turn, where the agent says what its session has cost."""
    if not state.costs or state.before is None:
        return None
    return round(max(state.cost - state.before, 0.0), 8)


def used(state: State, usage: Any, size: Any, cost: Any) -> None:
    """A `usage_update`: the context, and what the session has cost so far."""
    state.used, state.window = count(usage) or state.used, count(size) or state.window
    told = mapping(cost)
    if "amount" in told and text_of(told.get("currency")) in ("USD", ""):
        state.cost, state.costs = max(number(told.get("amount")), state.cost), True


def counted(state: State, meta: Any) -> None:
    """Tokens that some agents name with a message."""
    usage = mapping(mapping(meta).get("usage"))
    if usage:
        before = state.spent or [0, 0]
        state.spent = [
            before[0] + count(usage.get("inputTokens")),
            before[1] + count(usage.get("outputTokens")),
        ]


def _usage(result: dict[str, Any], state: State) -> Usage | None:
    """As the protocol has it; else as some agents tell it."""
    told = mapping(result.get("usage"))
    quota = mapping(mapping(mapping(result.get("_meta")).get("quota")).get("token_count"))
    spent = state.spent or [0, 0]
    usage = Usage(
        input_tokens=count(told.get("inputTokens")) or count(quota.get("input_tokens")) or spent[0],
        output_tokens=count(told.get("outputTokens")) or count(quota.get("output_tokens")) or spent[1],
        cache_read_tokens=count(told.get("cachedReadTokens")),
        cache_write_tokens=count(told.get("cachedWriteTokens")),
        context_window=state.window or None,
        context_used=state.used or None,
    )
    return None if usage == Usage() else usage
