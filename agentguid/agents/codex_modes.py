"""What our modes are in Codex's words: what it may do by itself, and when it has to ask. Said with every prompt.

A conversation in which we promise to ask must ask. So the sandbox of `ask` lets commands only read: whatever changes
something needs a permission, for which Codex asks. `accept_edits` is the same, and we allow edits within the working
directory ourselves (`codex_asks`): Codex's own `workspace-write` would let commands change files unasked as well.

What the user chooses in the middle of a turn Codex takes for its next one (`thread/settings/update`). The line is the mark
on the tape from which on requests are answered by the new mode; a turn that was begun in bypass makes hardly any.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Raw
from msgspec.structs import replace

from agentguid.agents.base import Option, Prompt
from agentguid.agents.codex_state import EFFORT as LONGEST
from agentguid.agents.codex_state import State
from agentguid.agents.jsonl import mapping, objects, text_of
from agentguid.agents.options import encoded, known, option
from agentguid.protocol.items import Mode

CHANGE = "thread/settings/update"
EFFORT = "effort"
READ_ONLY: dict[str, Any] = {"type": "readOnly", "networkAccess": False}
FREE: dict[str, Any] = {"type": "dangerFullAccess"}
MARKS: dict[str, Mode] = {"accept_edits": "accept_edits", "plan": "plan", "bypass": "bypass"}


def thread(mode: Mode) -> dict[str, Any]:
    """Of `thread/start` and `thread/resume`."""
    free = mode == "bypass"
    return {
        "approvalPolicy": "never" if free else "on-request",
        "approvalsReviewer": "user",
        "sandbox": "danger-full-access" if free else "read-only",
    }


def turn(mode: Mode) -> dict[str, Any]:
    """Of `turn/start` and `thread/settings/update`. Our own mode stands there as well when it is not to ask, because the fold answers by it."""
    free = mode == "bypass"
    said = {
        "approvalPolicy": "never" if free else "on-request",
        "approvalsReviewer": "user",
        "sandboxPolicy": FREE if free else READ_ONLY,
    }
    return said if mode == "ask" else {**said, "_meta": {"agentguid": {"mode": mode}}}


def marked(params: dict[str, Any]) -> Mode:
    """Our mode, of a line that we wrote."""
    mark = mapping(mapping(params.get("_meta")).get("agentguid")).get("mode")
    return MARKS.get(text_of(mark), "ask")


def efforts(models: list[dict[str, Any]]) -> Raw:
    """How long it may think, as an option: of all its models, because a conversation may have any of them."""
    told = [
        text_of(one.get("reasoningEffort"))
        for model in models
        for one in objects(model.get("supportedReasoningEfforts"))
    ]
    choices = [(value, value.capitalize()) for value in dict.fromkeys(told)]
    return encoded([option(EFFORT, "Effort", choices, "")])


def default_efforts(models: list[dict[str, Any]], names: Sequence[str]) -> dict[str, str]:
    """How long each of these models thinks when nobody says."""
    told = {text_of(one.get("model")): text_of(one.get("defaultReasoningEffort")) for one in models}
    return {model: effort for model in names if 0 < len(effort := told.get(model, "")) <= LONGEST}


def offered(state: State) -> Sequence[Option]:
    """What can be chosen beside model and mode."""
    own = state.effort or state.efforts.get(state.first_model, "")
    return tuple(replace(one, own=own if state.first_model else "") for one in known(state.options))


def effort(state: State, prompt: Prompt, model: str) -> str:
    """How long it is to be told to think about a prompt; empty: nothing is to be said of it.

    What nobody chooses any more is as its configuration has it, else as its model does; of a thread that is older than
    this process, as it was with another.
    """
    if chosen := prompt.options.get(EFFORT):
        return chosen
    if not (state.effort_set or EFFORT in prompt.dropped):
        return ""
    own = state.effort if state.first_model else prompt.dropped.get(EFFORT)
    return own or state.efforts.get(model, "")


def collaboration(mode: Mode, model: str, effort: str | None) -> dict[str, Any]:
    """The mode in which Codex only plans, or its usual one."""
    settings = {"model": model, "reasoning_effort": effort, "developer_instructions": None}
    return {"mode": "plan" if mode == "plan" else "default", "settings": settings}
