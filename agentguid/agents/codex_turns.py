"""The end of a Codex turn: what came of it, and what it used."""

from typing import Any

from agentguid.agents import codex_errors as errors
from agentguid.agents.codex_state import State
from agentguid.agents.entry import Entry
from agentguid.agents.jsonl import count, mapping
from agentguid.protocol.events import TurnEnded
from agentguid.protocol.items import Outcome, Usage


def ended(turn: str, told: dict[str, Any], entry: Entry, state: State, at: int) -> TurnEnded:
    """Codex says of its turn (`told`) that it is over, at this time."""
    outcome: Outcome = "complete"
    error = None
    if told.get("status") == "interrupted" or state.stopping:
        outcome = "interrupted"
    elif told.get("status") == "failed":
        outcome, error = "error", errors.sentence(entry, state, mapping(told.get("error")))
    duration = count(told.get("durationMs")) or max((at - state.begun) // 1000, 0)
    return TurnEnded(turn=turn, outcome=outcome, error=error, usage=_usage(state), duration=duration)


def used(state: State, params: dict[str, Any], *, main: bool) -> None:
    """`thread/tokenUsage/updated`, after each answer of the model. Of the conversation itself or of a sub-agent.

    It comes for an earlier turn too, when a thread is taken up.
    """
    told = mapping(params.get("tokenUsage"))
    last = mapping(told.get("last"))
    if main:
        state.used = count(last.get("totalTokens")) or state.used
        state.window = count(told.get("modelContextWindow")) or state.window
    if state.turn is None or (main and params.get("turnId") != state.theirs):
        return
    cached, written = count(last.get("cachedInputTokens")), count(last.get("cacheWriteInputTokens"))
    fresh = max(count(last.get("inputTokens")) - cached - written, 0)
    before = state.spent or [0, 0, 0, 0]
    now = [fresh, cached, written, count(last.get("outputTokens"))]
    state.spent = [sum(pair) for pair in zip(before, now, strict=True)]


def _usage(state: State) -> Usage | None:
    fresh, cached, written, said = state.spent or [0, 0, 0, 0]
    usage = Usage(
        input_tokens=fresh,
        output_tokens=said,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        context_window=state.window or None,
        context_used=state.used or None,
    )
    return None if usage == Usage() else usage
