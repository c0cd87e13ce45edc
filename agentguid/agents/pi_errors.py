"""Why a turn of Pi failed, in one sentence that also says what to do."""

import re

import msgspec

from agentguid.agents import acp_errors, exits
from agentguid.agents.entry import Entry
from agentguid.agents.jsonl import mapping, text_of
from agentguid.agents.pi_state import State

SAID = 500
"""Characters of the provider's own words."""
LOST = re.compile(r"No session found matching|Session found in different project")
NO_KEY = re.compile(
    r"no api key|no models? (?:available|selected)|use /login|authentication failed for", re.I
)
OPTION = re.compile(r"Unknown option|Failed to load extension", re.I)
LONG = re.compile(r"context overflow|prompt is too long|maximum context|context (?:length|window)", re.I)


def sentence(entry: Entry, said: str) -> str:
    """For the error of an answer, or of a prompt that was not taken."""
    said = words(said)
    if NO_KEY.search(said):
        return f"{entry.name} is not signed in ({_short(said)}). {entry.login}"
    if LONG.search(said):
        return f"The conversation is longer than the model can hold ({_short(said)}). Begin a new conversation, or choose a model that holds more."
    return acp_errors.told(entry, said)


def words(said: str) -> str:
    """Without the JSON that some providers answer with: `529 {"type":"error",…}`."""
    before, brace, rest = said.partition("{")
    if not brace:
        return said
    try:
        found = mapping(msgspec.json.decode(brace + rest))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return said
    inner = mapping(found.get("error"))
    text = text_of(inner.get("message")) or text_of(found.get("message"))
    kind = text_of(inner.get("type"))
    return " ".join(part for part in (before.strip(), text, f"({kind})" if kind else "") if part) or said


def retrying(said: str, attempt: int, of: int) -> str:
    """Pi tries again by itself."""
    tries = f" (attempt {attempt} of {of})" if attempt else ""
    return f"The model provider failed ({_short(words(said)) or 'no answer'}). Trying again{tries}."


def ungated(entry: Entry) -> str:
    return (
        f"{entry.name} did not take on what makes it ask before it acts, so only the mode that asks nothing can be used. "
        "Update it, or choose that mode, then send the message again."
    )


def lost(stderr: str, said: str) -> bool:
    """The session that was to be taken up is not there."""
    return bool(LOST.search(stderr) or LOST.search(said))


def ended(entry: Entry, code: int | None, state: State) -> str:
    return exits.sentence(entry.name, code, state, lambda words: _advice(entry, words))


def _advice(entry: Entry, said: str) -> str:
    if NO_KEY.search(said):
        return entry.login.rstrip(".")
    if OPTION.search(said):
        return "This version may be too old for agentguid; update it, then send the message again"
    return exits.AGAIN


def _short(text: str) -> str:
    return " ".join(text.split())[:SAID].rstrip(".")
