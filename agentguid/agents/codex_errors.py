"""Why a turn of Codex failed, in one sentence that also says what to do."""

import re
from datetime import UTC, datetime
from typing import Any

from agentguid.agents import acp_errors, exits
from agentguid.agents.codex_state import State
from agentguid.agents.entry import Entry
from agentguid.agents.jsonl import mapping, number, text_of
from agentguid.agents.jsonrpc import Error

KINDS = {
    "unauthorized": "401",
    "usageLimitExceeded": "429",
    "rateLimitExceeded": "429",
    "sessionBudgetExceeded": "429",
    "serverOverloaded": "529",
    "policyCapacityUnavailable": "529",
    "internalServerError": "500",
}
OTHERS = {
    "contextWindowExceeded": (
        "The conversation is longer than the model can hold",
        "Begin a new conversation, or choose a model that holds more",
    ),
    "modelNotFound": (
        "The model provider does not know this model",
        "Choose another model, then send the message again",
    ),
    "sandboxError": (
        "The sandbox of Codex does not work here",
        "Install bubblewrap, or choose the mode that asks nothing",
    ),
}
LOST = re.compile(r"no rollout found|not found|no such thread|unknown thread", re.I)
OLD = re.compile(r"unknown variant|method not found|invalid request(: missing|$)", re.I)
SAID = 500
"""Characters of Codex's own words."""


def sentence(entry: Entry, state: State, error: dict[str, Any]) -> str:
    """For the error that a turn ended with."""
    info, said = error.get("codexErrorInfo"), text_of(error.get("message")) or "it does not say why"
    kind = text_of(info) or next(iter(mapping(info)), "")
    if kind in OTHERS:
        what, advice = OTHERS[kind]
        return f"{what} ({said[:SAID].rstrip('.')}). {advice}."
    told = acp_errors.told(entry, said, KINDS.get(kind) or _status(mapping(info).get(kind)))
    return told + (_lifted(state.lifted) if told.startswith(acp_errors.BY_STATUS["429"]) else "")


def _status(info: Any) -> str:
    status = mapping(info).get("httpStatusCode")
    return str(status) if isinstance(status, int) and 400 <= status < 600 else ""


def _lifted(at: float) -> str:
    return f" It is lifted at {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC." if 0 < at < 2**33 else ""


def retrying(error: dict[str, Any]) -> str:
    """Codex tries again by itself."""
    why = text_of(error.get("additionalDetails")) or "no answer"
    count = re.search(r"(\d+)/(\d+)", text_of(error.get("message")))
    tries = f" (attempt {count[1]} of {count[2]})" if count else ""
    return f"The model provider failed ({why[:SAID].rstrip('.')}). Trying again{tries}."


def limits(state: State, told: Any) -> None:
    """When a limit that is used up is lifted; the latest of them."""
    windows = [mapping(mapping(told).get(name)) for name in ("primary", "secondary")]
    full = [number(one.get("resetsAt")) for one in windows if number(one.get("usedPercent")) >= 100]
    state.lifted = max(full, default=state.lifted)


def not_begun(entry: Entry, error: Error, what: str) -> str:
    """Why there is no thread."""
    said = text_of(error.message)
    if OLD.search(said):
        return f"This version of {entry.name} is too old for agentguid ({said[:SAID]}). Update it, then send the message again."
    return acp_errors.not_begun(entry, error, what)


def lost(error: Error) -> bool:
    """The thread that was to be taken up is not there."""
    return bool(LOST.search(text_of(error.message)))


def signed_out(entry: Entry) -> str:
    return f"{entry.name} is not signed in. {entry.login}"


def ended(entry: Entry, code: int | None, state: State) -> str:
    return exits.sentence(entry.name, code, state, _advice)


def _advice(words: str) -> str:
    if "unrecognized subcommand" in words or "not a terminal" in words:
        return "This version is too old for agentguid; update it, then send the message again"
    return exits.AGAIN
