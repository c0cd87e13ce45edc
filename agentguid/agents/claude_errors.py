"""Why a turn of Claude Code failed, in one sentence that also says what to do."""

from typing import Any

from agentguid.agents import exits, limits
from agentguid.agents.jsonl import mapping, text_of

CLAUDE = "Claude Code"
Cause = tuple[tuple[str, str], str]
"""What is wrong, what to do about it, and what was said of it."""
SIGN_IN = (
    "Run `agentguictl agents login claude-code`, or check ANTHROPIC_API_KEY; then send the message again"
)
BY_STATUS = {
    401: ("Claude Code is not signed in, or its key was refused", SIGN_IN),
    403: ("The model provider does not allow this account to do that", SIGN_IN),
    402: ("The account has no credit left", "Add credit or use another account, then send the message again"),
    404: ("The model provider does not know this model", "Choose another model, then send the message again"),
    413: ("The request is too large", "Send /compact, or start a new conversation"),
    429: (
        "The limit of the account is reached",
        "Wait until it is lifted, or choose another model, then send again",
    ),
    529: ("The model provider is overloaded", "Try again in a minute"),
}
TOO_LONG = (
    "The conversation is longer than the model can hold",
    "Send /compact, or start a new conversation",
)
ANEW = "Send the message again to begin a new session"


def api_error(result: dict[str, Any], name: str = CLAUDE) -> str:
    """For a `result` that carries an error of the model's provider, or of the agent itself, which is called `name`."""
    what, said = _cause(result)
    named, advice = what[0].replace(CLAUDE, name), what[1]
    if advice == SIGN_IN and name != CLAUDE:
        advice = f"Sign in to {name}, or check its key; then send the message again"
    return _sentence((named, advice), said)


def _cause(result: dict[str, Any]) -> Cause:
    said = text_of(result.get("result")) or _errors(result)
    status = result.get("api_error_status")
    reason = text_of(result.get("terminal_reason"))
    if reason == "prompt_too_long" or "prompt is too long" in said.lower():
        return TOO_LONG, said
    if isinstance(status, int) and status in BY_STATUS:
        return BY_STATUS[status], f"{status}: {said}" if str(status) not in said else said
    if isinstance(status, int) and status >= 500:
        return ("The model provider failed", "Try again in a minute"), said
    if "credit balance" in said.lower():
        return BY_STATUS[402], said
    if "/login" in said or "not logged in" in said.lower():
        return BY_STATUS[401], said
    if limit := limits.read(said, 0):
        return BY_STATUS[429 if limit.kind == "account" else 529], said
    return _other(text_of(result.get("subtype")), reason, said)


def _other(subtype: str, reason: str, said: str) -> Cause:
    if forgotten(said):
        what = (
            "Claude Code does not have this conversation any more",
            "Send the message again to begin a new session",
        )
        return what, said
    if subtype == "error_max_turns" or reason == "max_turns":
        return ("Claude Code reached its limit of steps for one prompt", "Send `go on` to continue"), said
    if reason == "api_error" or "connection" in said.lower():
        what = (
            "The model provider could not be asked",
            "Check the network connection, then send the message again",
        )
        return what, said
    return ("Claude Code ended the turn with an error", "Send the message again"), said or subtype


def forgotten(said: str) -> bool:
    """The session that was to be resumed is not there."""
    return "No conversation found with session ID" in said


def _errors(result: dict[str, Any]) -> str:
    """Claude Code lists them; Qwen Code, which speaks as it does, has one with a message."""
    errors = result.get("errors")
    if isinstance(errors, list):
        return "; ".join(str(error) for error in errors)
    return text_of(mapping(result.get("error")).get("message"))


def _sentence(what: tuple[str, str], said: str) -> str:
    said = said.strip().rstrip(".")
    detail = f" ({said[:500]})" if said else ""
    return f"{what[0]}{detail}. {what[1]}."


def exit_error(name: str, code: int | None, state: exits.LastWords) -> str:
    """For an agent that ended in the middle of a turn, or never started."""
    return exits.sentence(name, code, state, _advice)


def _advice(words: str) -> str:
    if "root/sudo" in words:
        return "Choose another permission mode: as root it always asks"
    if forgotten(words):
        return ANEW
    if "unknown option" in words:
        return "This version is too old for agentguid; update it, then send the message again"
    return exits.AGAIN
