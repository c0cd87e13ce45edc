"""What Claude Code says about itself: its session, its retries, its limits."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from agentguid.agents import claude_write as write
from agentguid.agents import jsonl, slash
from agentguid.agents.base import Fact, Output
from agentguid.agents.claude_state import ID, NAME, State, keep
from agentguid.agents.jsonl import count, mapping, number, objects, text_of
from agentguid.protocol.events import ConversationConfigured, ItemAdded, SessionIdentified
from agentguid.protocol.items import Body, Level, Mode

QUIET = frozenset(
    [
        "thinking_tokens",
        "task_progress",
        "task_updated",
        "hook_started",
        "hook_progress",
        "hook_response",
        "files_persisted",
        "session_state_changed",
        "commands_changed",
        "memory_recall",
        "mirror_error",
    ]
)
"""Understood, and nothing to show."""
TASKS = 64
"""So many tasks of the agent are remembered."""
MODELS, ALL = 200, 8192
"""Models that are remembered, and bytes of all of them."""
ENDS: dict[str, tuple[str, Level]] = {
    "completed": ("is done", "info"),
    "failed": ("failed", "warning"),
    "stopped": ("was stopped", "info"),
    "killed": ("was stopped", "info"),
}
OUR_MODES: dict[str, Mode] = {theirs: ours for ours, theirs in write.PERMISSION_MODES.items()}
FOREIGN = "Claude Code changed to a mode of its own, {mode}, in which it may not ask before it acts. "
SET_BACK = "The mode of this conversation is set anew."
NOT_AGAIN = "The mode of this conversation is not set again in this turn: stop the turn if you are not sure."
NewItem = Callable[[], str]


def read(subtype: str, data: bytes, state: State, host: str, new_item: NewItem, out: list[Output]) -> None:
    """A line of type `system`. Raises `NotUnderstoodError`."""
    if subtype in QUIET:
        return
    line = jsonl.plain(data)
    match subtype:
        case "init":
            _identify(line, state, host, out)
            _offers(line, state)
        case "api_retry":
            out.append(notice(new_item(), state.turn, _retry(line), "warning"))
        case "compact_boundary":
            how = mapping(line.get("compact_metadata"))
            state.used = count(how.get("post_tokens")) or state.used
            out.append(notice(new_item(), state.turn, _compacted(how)))
        case "local_command_output" | "informational":
            out.append(notice(new_item(), state.turn, text_of(line.get("content")), _level(line)))
        case "background_tasks_changed":
            found = line.get("tasks")
            tasks = found if isinstance(found, list) else []
            state.background = len(tasks)
            state.running = [text_of(mapping(task).get("task_id"))[:NAME] for task in tasks[:TASKS]]
        case "task_started":
            task = text_of(line.get("task_id"))[:NAME]
            keep(state.tasks, task, text_of(line.get("tool_use_id"))[:NAME], TASKS)
            keep(state.names, task, text_of(line.get("description"))[:NAME], TASKS)
        case "task_notification":
            _task_ended(line, state, new_item, out)
        case "status":
            changed_mode(text_of(line.get("permissionMode")), state, new_item, out)
        case _:
            raise jsonl.NotUnderstoodError(f"system line {subtype}"[:200])


def greeted(said: dict[str, Any], state: State) -> None:
    """The answer to the handshake: what its slash commands are for, which models it has beside its own choice."""
    state.commands = slash.told(said.get("commands"))
    named = (text_of(one.get("value")) for one in objects(said.get("models")))
    models = [name for name in dict.fromkeys(named) if name != "default" and 0 < len(name) <= NAME][:MODELS]
    sizes = accumulate(len(name.encode()) + 3 for name in models)
    state.models = [name for name, size in zip(models, sizes, strict=True) if size <= ALL]


def changed_mode(theirs: str, state: State, new_item: NewItem, out: list[Output]) -> None:
    """The mode that Claude Code says it works in. Worth telling when nobody has asked for it.

    While a request of ours is on its way, what is said may be older than that. While a prompt waits for its mode, what
    the user chose for it stays chosen.
    """
    if not theirs or "set_permission_mode" in state.requests.values():
        return
    mode, theirs = OUR_MODES.get(theirs), theirs[:NAME]
    waits = state.turn is None and bool(state.tried)
    if mode and mode != state.mode and not waits:
        out.append(Fact(ConversationConfigured(mode=mode)))
    elif not mode and theirs != state.foreign:
        text = FOREIGN.format(mode=theirs) + (NOT_AGAIN if state.turn and state.reset else SET_BACK)
        out.append(notice(new_item(), state.turn, text, "warning"))
    state.mode, state.foreign = mode or "", "" if mode else theirs


def _task_ended(line: dict[str, Any], state: State, new_item: NewItem, out: list[Output]) -> None:
    """Of a task in the background: its call has its result long since, so that nothing else says what came of it."""
    task, status = text_of(line.get("task_id"))[:NAME], text_of(line.get("status"))
    if task not in state.running:
        return
    name, said = state.names.get(task) or "a task", text_of(line.get("summary")).strip()
    how, level = ENDS.get(status, (f"ended ({status})", "warning"))
    text = f"In the background: {name} {how}" + (f".\n{said}" if said else ".")
    out.append(notice(new_item(), state.turn, text, level))


def notice(item: str, turn: str | None, text: str, level: Level = "info", parent: str | None = None) -> Fact:
    return Fact(ItemAdded(item=item, turn=turn, kind="notice", body=Body(text), level=level, parent=parent))


def said(text: str, turn: str | None, new_item: NewItem, out: list[Output]) -> None:
    """A line that Claude Code writes as if it were the user's: the output of a command, or a remark about a stop."""
    text = text.removeprefix("<local-command-stdout>").removesuffix("</local-command-stdout>").strip()
    if text and text != "Compacted" and not text.startswith("[Request interrupted by user"):
        out.append(notice(new_item(), turn, text))


def rate_limit(line: dict[str, Any], state: State, new_item: NewItem, out: list[Output]) -> None:
    """The limits of a subscription. Silent while there is room."""
    info = mapping(line.get("rate_limit_info"))
    status = text_of(info.get("status"))
    if status in ("allowed", ""):
        return
    words = "is reached" if status == "rejected" else "is near"
    kind = text_of(info.get("rateLimitType")).replace("_", " ")
    text = f"The {kind + ' ' if kind else ''}limit of the account {words}.{_until(info.get('resetsAt'))}"
    out.append(notice(new_item(), state.turn, text, "warning"))


def _until(seconds: Any) -> str:
    at = number(seconds)
    if not 0 < at < 2**33:
        return ""
    minute = math.ceil(at / 60) * 60  # who tries again a second too early has lost a try
    return f" It is lifted at {datetime.fromtimestamp(minute, UTC):%Y-%m-%d %H:%M} UTC."


def _identify(line: dict[str, Any], state: State, host: str, out: list[Output]) -> None:
    """Comes with every prompt; worth telling when something in it is new."""
    session, model = text_of(line.get("session_id"))[:ID], text_of(line.get("model"))[:NAME] or None
    if session and (session, model) != (state.session, state.model):
        state.session, state.model = session, model
        out.append(Fact(SessionIdentified(host=host, session=session, model=model)))


def _offers(line: dict[str, Any], state: State) -> None:
    """Which slash commands there are now. What each does was said at the handshake."""
    names, elsewhere = line.get("slash_commands"), line.get("terminal_slash_commands")
    if not isinstance(names, list):
        return
    there = elsewhere if isinstance(elsewhere, list) else []
    known = {one.name: one for one in slash.known(state.commands)}
    listed = [known.get(text_of(name)) or slash.command(name) for name in names if name not in there]
    state.commands = slash.encoded(listed)


def _retry(line: dict[str, Any]) -> str:
    status, error = line.get("error_status"), text_of(line.get("error")).replace("_", " ")
    delay = number(line.get("retry_delay_ms")) / 1000
    said = f"answered {status} ({error})" if status else "did not answer in full"
    attempt, limit = count(line.get("attempt")), count(line.get("max_retries"))
    return f"The model provider {said}. Trying again in {delay:.1f} s (attempt {attempt} of {limit})."


def _compacted(how: dict[str, Any]) -> str:
    before, after = count(how.get("pre_tokens")), count(how.get("post_tokens"))
    who = "At your command" if how.get("trigger") == "manual" else "To make room"
    size = f": {before:,} tokens became {after:,}" if before and after else ""
    return f"{who} the conversation was replaced by a summary{size}."


def _level(line: dict[str, Any]) -> Level:
    return "warning" if line.get("level") in ("warning", "warn", "error") else "info"
