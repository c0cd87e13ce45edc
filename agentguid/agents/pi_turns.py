"""The end of a Pi turn: what came of it, and what it used."""

from typing import Any

from agentguid.agents import pi_errors as errors
from agentguid.agents.acp_errors import stopped
from agentguid.agents.entry import Entry
from agentguid.agents.jsonl import count, mapping, number, text_of
from agentguid.agents.pi_state import State
from agentguid.protocol.events import TurnEnded
from agentguid.protocol.items import Outcome, Usage


def answered(state: State, message: dict[str, Any]) -> None:
    """An answer of the model's is complete: what it used, and whether it is an error."""
    state.reason = text_of(message.get("stopReason"))[:50]
    failed = state.reason == "error"
    state.failure = (text_of(message.get("errorMessage")) or "it does not say why")[:4096] if failed else ""
    told = mapping(message.get("usage"))
    before = state.spent or [0, 0, 0, 0]
    now = [count(told.get(name)) for name in ("input", "cacheRead", "cacheWrite", "output")]
    state.spent = [min(sum(pair), 2**53) for pair in zip(before, now, strict=True)]
    state.used = count(told.get("totalTokens")) or state.used
    state.cost += number(mapping(told.get("cost")).get("total"))


def ended(turn: str, entry: Entry, state: State, at: int) -> TurnEnded:
    """Pi is through, at this time."""
    outcome: Outcome = "complete"
    error = stopped("max_tokens") if state.reason == "length" else ""
    if state.stopping or state.reason == "aborted":
        outcome, error = "interrupted", ""
    elif state.failure:
        error = errors.sentence(entry, state.failure)
    if error:
        outcome = "error"
    usage = _usage(state)
    return TurnEnded(
        turn=turn,
        outcome=outcome,
        error=error or None,
        usage=usage,
        cost=round(state.cost, 8) if usage else None,
        duration=max((at - state.begun) // 1000, 0),
    )


def _usage(state: State) -> Usage | None:
    fresh, cached, written, said = state.spent or [0, 0, 0, 0]
    if not (fresh or cached or written or said):
        return None
    return Usage(
        input_tokens=fresh,
        output_tokens=said,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        context_window=state.window or None,
        context_used=state.used or None,
    )
