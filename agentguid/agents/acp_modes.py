"""What is set in an agent's session before a prompt: its mode, its model.

A conversation in which we promise to ask must ask. So the mode is always said, never taken as it was found: some agents
begin in one that asks nothing. What an agent's own modes cannot do, the answers to its requests do (`acp_asks`).
"""

import re
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from agentguid.agents.acp_settings import MODE, MODEL, heard, offered, options, strict
from agentguid.agents.acp_state import Sent, Setting, State
from agentguid.agents.base import Prompt
from agentguid.agents.entry import Entry
from agentguid.agents.options import MOST, known
from agentguid.protocol.items import Mode

GUESSES: dict[Mode, tuple[str, ...]] = {
    "ask": ("default", "ask", "approve", "manual", "normal", "alwaysask"),
    "accept_edits": ("acceptedits", "autoedit"),
    "plan": ("plan", "architect"),
    "bypass": ("bypasspermissions", "yolo", "autoapprove", "bypass"),
}
"""What agents call such a mode, without signs."""
TRIES, TRIED = 2, 16
"""How often a mode is set before a prompt: a model that is set after it may undo it once.
So many settings are counted."""


def mode_of(entry: Entry, state: State, mode: Mode) -> str | None:
    """What the agent calls a mode of ours; None when it has none such."""
    setting = state.settings.get(MODE)
    if setting is None:
        return None
    known = entry.modes.get(mode, {}).get(MODE)
    if known in setting.choices:
        return known
    bare = {_bare(choice): choice for choice in reversed(setting.choices)}
    return next((bare[guess] for guess in GUESSES[mode] if guess in bare), None)


def _bare(choice: str) -> str:
    return re.sub(r"[^a-z]", "", choice.lower())


def missing(entry: Entry, state: State, prompt: Prompt) -> str:
    """Why the prompt cannot have what it wants of this agent; empty when it can."""
    if prompt.mode == "plan" and mode_of(entry, state, "plan") is None:
        why = _unsaid(state, MODE) or "has no mode in which it only plans"
        return f"{entry.name} {why}. Choose another permission mode, then send it again."
    if prompt.model and MODEL not in state.settings:
        why = _unsaid(state, MODEL) or "does not let others choose its model"
        return f"{entry.name} {why}. Choose its default, then send it again."
    return _unsettable(entry, state, prompt) or _unkept(entry, state, prompt)


def _unsettable(entry: Entry, state: State, prompt: Prompt) -> str:
    """What the catalogue says that makes it ask, and the agent has in another form or with other values."""
    if prompt.mode == "bypass":
        return ""
    for setting, value in entry.modes.get(prompt.mode, {}).items():
        now = state.settings.get(setting)
        if now is None:
            lacks = setting in state.unfit
        elif setting == MODE:
            lacks = (
                not any(mode_of(entry, state, mode) for mode in (prompt.mode, "ask")) and now.current != value
            )
        else:
            lacks = value not in (now.current, *now.choices)
        if lacks:
            return (
                f"{entry.name} cannot be made to ask: its {setting} cannot be set to {value} any more, so another version of it is "
                "needed, or of agentguid. Choose another agent, or bypass if it may act unasked, then send the message again."
            )
    return ""


def _unsaid(state: State, setting: str) -> str:
    """That it has none, a session that is taken up again does not say by naming none."""
    if state.resumed and setting not in state.settings:
        return f"did not say which {setting}s it has when it took up this conversation again"
    return ""


def _unkept(entry: Entry, state: State, prompt: Prompt) -> str:
    """What the agent was told to be in, said yes to, and is not in."""
    if state.setting_for != prompt.turn or any(sent.turn == prompt.turn for sent in state.sent.values()):
        return ""
    for setting, value in _wanted(entry, state, prompt):
        now = state.settings.get(setting)
        if setting in state.unsaid:
            continue
        if strict(entry, setting) and now and now.current != value and state.tries.get(setting, 0) >= TRIES:
            what = "mode" if setting == MODE else setting
            return (
                f"{entry.name} would not stay in its {what} {value}: it is in {now.current or 'another'} again. "
                "Choose another permission mode or another agent, then send the message again."
            )
    return ""


def next_one(entry: Entry, state: State, prompt: Prompt) -> Sent | None:
    """The next setting that has to be another before the prompt; None when all are as they should be.

    A model or option that the agent took on without an error is set, whatever it calls it: `big` may be `big-2026-11` to it.
    """
    tries = state.tries if state.setting_for == prompt.turn else {}
    for setting, value in _wanted(entry, state, prompt):
        now = state.settings.get(setting)
        most = TRIES if strict(entry, setting) and setting not in state.unsaid else 1
        if now is not None and now.current != value and tries.get(setting, 0) < most:
            return _setting(now, prompt.turn, setting, value)
    return _once_more(entry, state, prompt, tries)


def _once_more(entry: Entry, state: State, prompt: Prompt, tries: dict[str, int]) -> Sent | None:
    """The mode again, after an option: that may be the mode by another name, and not every agent says what it undoes."""
    last, now = next(reversed(tries), MODE), state.settings.get(MODE)
    if now is None or last == MODEL or strict(entry, last) or tries.get(MODE, 0) > TRIES:
        return None
    values = dict(wanted(entry, state, prompt.mode))
    return _setting(now, prompt.turn, MODE, values[MODE]) if MODE in values else None


def _setting(now: Setting, turn: str, setting: str, value: str) -> Sent:
    method = "session/set_config_option" if now.option else f"session/set_{setting}"
    return Sent(method, turn, setting, value)


def tried(state: State, sent: Sent) -> None:
    """A request to set something is on the tape."""
    state.due.pop(sent.setting, None)
    if state.setting_for != sent.turn:
        state.setting_for, state.tries = sent.turn, {}
    if sent.setting in state.tries or len(state.tries) < TRIED:
        state.tries[sent.setting] = state.tries.pop(sent.setting, 0) + 1
    if any(one.id == sent.setting and one.own != sent.value for one in known(state.options)):
        rest = [name for name in state.chosen if name != sent.setting]
        state.chosen = [*rest, sent.setting][-MOST:]


def _wanted(entry: Entry, state: State, prompt: Prompt) -> Iterator[tuple[str, str]]:
    """What nobody chose is the agent's to change. What was set for the user is set back when it is not wanted any more."""
    yield from wanted(entry, state, prompt.mode)
    model = prompt.model or state.first_model or _own_model(state, prompt)
    if model:
        yield MODEL, model
    for one in offered(entry, state):
        ours = one.id in prompt.dropped or one.id in state.chosen
        own = one.own or prompt.dropped.get(one.id, "")
        value = prompt.options.get(one.id) or (own if ours else "")
        if any(value == choice for choice, _ in one.choices):
            yield one.id, value


def _own_model(state: State, prompt: Prompt) -> str:
    """Of a session that is older than this process: what the agent said elsewhere, if it still has that."""
    now, own = state.settings.get(MODEL), prompt.dropped.get(MODEL, "")
    return own if now and (own in now.choices or MODEL in state.unsaid) else ""


def wanted(entry: Entry, state: State, mode: Mode) -> Iterator[tuple[str, str]]:
    """The agent's settings in a mode of ours."""
    theirs = mode_of(entry, state, mode) or mode_of(entry, state, "ask")
    if theirs is not None:
        yield MODE, theirs
    for setting, value in entry.modes.get(mode, {}).items():
        if setting != MODE and value in getattr(state.settings.get(setting), "choices", ()):
            yield setting, value


def due(state: State) -> Sent | None:
    """The next of what the agent has to be told while it works."""
    for setting, value in state.due.items():
        now = state.settings.get(setting)
        if now is not None and now.current != value:
            return _setting(now, state.turn or "", setting, value)
    return None


def params(state: State, sent: Sent) -> dict[str, str]:
    """The parameters of the request that sets it."""
    if sent.method == "session/set_config_option":
        return {
            "sessionId": state.session,
            "configId": state.settings[sent.setting].option,
            "value": sent.value,
        }
    return {"sessionId": state.session, f"{sent.setting}Id": sent.value}


def done(entry: Entry, state: State, sent: Sent, result: dict[str, Any]) -> None:
    """The agent took a setting on. An answer with all options has the last word."""
    now = state.settings.get(sent.setting)
    if now is not None:
        state.settings[sent.setting] = replace(now, current=sent.value)
        heard(state, sent.setting)
    if any(one.id == sent.setting and one.own == sent.value for one in known(state.options)):
        state.chosen = [name for name in state.chosen if name != sent.setting]
    options(entry, state, result.get("configOptions"), switched=sent.setting == MODEL)


def holds(state: State, sent: Sent) -> bool:
    """Whether the setting is what was asked for."""
    now = state.settings.get(sent.setting)
    return now is None or now.current == sent.value


def unsure(entry: Entry, state: State) -> str:
    """What is to be said when nobody knows which of its modes asks."""
    setting = state.settings.get(MODE)
    if setting is None or mode_of(entry, state, "ask") is not None or MODE in entry.modes.get("ask", {}):
        return ""
    names = ", ".join(setting.choices[:10])
    return (
        f"agentguid does not know which of the modes of {entry.name} asks before it acts ({names}). "
        f"It works in {setting.current}: watch what it does."
    )
