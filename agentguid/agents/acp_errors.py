"""Why a turn of an ACP agent failed, in one sentence that also says what to do."""

import re

import msgspec

from agentguid.agents import exits, limits
from agentguid.agents.acp_state import State
from agentguid.agents.acp_wire import Error
from agentguid.agents.entry import Entry
from agentguid.agents.jsonl import mapping, text_of

SIGN_IN = -32000
GONE = -32002
BY_STATUS = {
    "401": "{name} is not signed in, or its key was refused",
    "403": "The model provider does not allow this account to do that",
    "402": "The account has no credit left",
    "429": "The limit of the account is reached",
    "529": "The model provider is overloaded",
}
ADVICE = {
    "402": "Add credit or use another account, then send the message again",
    "429": "Wait until it is lifted, or choose another model, then send again",
    "529": "Try again in a minute",
}
KINDS = {"authentication_failed": "401", "rate_limit": "429", "overloaded": "529", "billing_error": "402"}
"""`data.errorKind` of some agents."""
CLASSES = (("authenticationerror", "401"), ("ratelimiterror", "429"))
"""Errors by the names that libraries give them; numbers beside them may mean anything."""
WORDS = (
    ("overloaded", "529"),
    ("rate limit", "429"),
    ("quota", "429"),
    ("api key", "401"),
    ("unauthorized", "401"),
    ("authentication", "401"),
)
LOST = re.compile(
    r"not found|no previous sessions|does not exist|unknown session|no such session|no session", re.I
)
STATUS = re.compile(r"\b(40[123]|429|529|50\d)\b")
STOPS = {
    "max_tokens": ("It reached the limit of tokens for one answer", "Send `go on` to continue"),
    "max_turn_requests": ("It reached its limit of steps for one prompt", "Send `go on` to continue"),
    "refusal": ("It refuses to go on with this", "Put it in other words, or begin a new conversation"),
}


def detail(error: Error) -> str:
    """What the agent says in an error, wherever it put it."""
    message, data = text_of(error.message), error.data
    more = text_of(data) or next(
        (text for key in ("details", "message", "error") if (text := text_of(mapping(data).get(key)))), ""
    )
    message = _inner(message)
    if more and (not message or message.lower().rstrip(".") == "internal error"):
        return _inner(more)
    return message.removeprefix("Internal error: ") or f"error {error.code}"


def _inner(text: str) -> str:
    """Some put the provider's JSON into the text."""
    if not text.startswith("{"):
        return text
    try:
        found = mapping(msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return text
    return text_of(mapping(found.get("error")).get("message")) or text_of(found.get("message")) or text


def sentence(entry: Entry, state: State, error: Error) -> str:
    """For an error as the answer to a prompt."""
    said = detail(error)
    if error.code == SIGN_IN:
        return signed_out(entry, state, said)
    status = _status(error, said)
    if not status and (limit := limits.read(state.limit, 0)):
        said, status = f"{said.rstrip('.')}; {state.limit}", "429" if limit.kind == "account" else "529"
    return told(entry, said, status)


def told(entry: Entry, said: str, status: str = "") -> str:
    """For an error of which only the words are known, and perhaps its HTTP status."""
    status = status or _by_words(said)
    what = BY_STATUS.get(status, "The model provider failed" if status.startswith("5") else "")
    what = what.format(name=entry.name) or f"{entry.name} ended the turn with an error"
    advice = entry.login.rstrip(".") if status in ("401", "403") and entry.login else ADVICE.get(status, "")
    return _sentence(what, said, advice or "Send the message again")


def _status(error: Error, said: str) -> str:
    kind = KINDS.get(text_of(mapping(error.data).get("errorKind")))
    if kind:
        return kind
    code = str(error.code)
    return code if STATUS.fullmatch(code) else _by_words(said)


def _by_words(said: str) -> str:
    named = next((status for name, status in CLASSES if name in said.lower()), "")
    if named:
        return named
    found = STATUS.search(said)
    if found:
        return found[1]
    low = said.lower().replace("-", " ").replace("_", " ")
    return next((status for words, status in WORDS if words in low), "")


def signed_out(entry: Entry, state: State, said: str) -> str:
    names = state.methods[1::2]
    ways = f" It offers: {', '.join(names)}." if names else ""
    return (
        _sentence(f"{entry.name} is not signed in", said, entry.login.rstrip(".") or "Sign in to it") + ways
    )


def lost(error: Error) -> bool:
    """The session that was to be taken up is not there."""
    return error.code == GONE or bool(LOST.search(detail(error)))


def not_begun(entry: Entry, error: Error, what: str) -> str:
    return _sentence(f"{entry.name} {what}", detail(error), "Send the message again to try once more")


def stopped(reason: str) -> str:
    """For a turn that ended before its end. Empty for one that did not."""
    if reason not in STOPS:
        return ""
    what, advice = STOPS[reason]
    return f"{what}. {advice}."


def ended(entry: Entry, code: int | None, state: State) -> str:
    return exits.sentence(entry.name, code, state, lambda _: exits.AGAIN)


def _sentence(what: str, said: str, advice: str) -> str:
    said = " ".join(said.split()).rstrip(".")
    return f"{what}{f' ({said[:500]})' if said else ''}. {advice}."
