"""What is set in an agent's session before a prompt: its mode, its model.

A conversation in which we promise to ask must ask. So the mode is always said, never taken as it was found: some agents
begin in one that asks nothing. What an agent's own modes cannot do, the answers to its requests do (`acp_asks`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec
from msgspec.structs import replace

from agentguid.agents.acp_state import CHOICES, SETTINGS, Sent, Setting, State
from agentguid.agents.base import Option, Prompt
from agentguid.agents.entry import Entry
from agentguid.agents.jsonl import mapping, objects, text_of, word
from agentguid.agents.options import MOST, encoded, known
from agentguid.agents.options import option as choice
from agentguid.protocol.items import Mode

MODE, MODEL = "mode", "model"
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


def learn(entry: Entry, state: State, result: dict[str, Any]) -> None:
    """What an answer to `session/new` or its kin says about settings: old-style modes and models, then config options."""
    for setting, list_, current, id_ in (
        (MODE, "availableModes", "currentModeId", "id"),
        (MODEL, "availableModels", "currentModelId", "modelId"),
    ):
        told = mapping(result.get(f"{setting}s"))
        if told:
            choices = _words(one.get(id_) for one in objects(told.get(list_)))
            state.settings[setting] = Setting(word(told.get(current)), choices)
    options(entry, state, result.get("configOptions"))
    if MODEL in state.settings:
        state.first_model = state.first_model or state.settings[MODEL].current


def options(entry: Entry, state: State, told: Any, *, switched: bool = False) -> None:
    """Config options, all of them. Where one is the mode or the model, it is the way to set that.

    `switched`: they are those of another model.
    """
    if isinstance(told, list):
        own = {one.id: one.own for one in known(state.options)}
        if switched or any(sent.setting == MODEL for sent in state.sent.values()):
            fresh = _changed(state, told)
            own |= fresh
            state.chosen = [name for name in state.chosen if name not in fresh]
        unknown = None if state.resumed else state.chosen
        state.options = encoded(_option(one, own, unknown) for one in objects(told)[:CHOICES])
    for option in sorted(objects(told), key=lambda option: _rest(entry, option))[:CHOICES]:
        name, category = word(option.get("id")), text_of(option.get("category"))
        current = option.get("currentValue")
        if not name or not isinstance(current, str):
            continue
        choices = _words(one.get("value") for one in _values(option.get("options")))
        setting = category if category in (MODE, MODEL) else name
        if setting != name or setting in (MODE, MODEL) or len(state.settings) < CHOICES:
            state.settings[setting] = Setting(word(current), choices, name)
    _fit(entry, state)


def _rest(entry: Entry, told: dict[str, Any]) -> bool:
    """Whether nothing depends on it but what the user may choose."""
    return told.get("category") not in (MODE, MODEL) and not _strict(entry, text_of(told.get("id")))


def _changed(state: State, told: list[Any]) -> dict[str, str]:
    """What another model brought with it: that is the agent's own choice, not the user's for the model before."""
    now = {text_of(one.get("id")): text_of(one.get("currentValue")) for one in objects(told)[:CHOICES]}
    before = {name: setting.current for name, setting in state.settings.items()}
    return {name: value for name, value in now.items() if before.get(name) != value}


def _fit(entry: Entry, state: State) -> None:
    """No more than is carried: what our modes set, then the rest in the agent's order. The models take the room that is left."""
    room, kept = SETTINGS, dict[str, Setting]()
    for name in sorted(
        state.settings, key=lambda name: (name == MODEL, name != MODE, not _strict(entry, name))
    ):
        setting, choices = state.settings[name], list[str]()
        room -= _size(name, setting.current, setting.option)
        for value in setting.choices if name == MODEL or _strict(entry, name) else ():
            room -= _size(value)
            if room < 0:
                break
            choices.append(value)
        if room >= 0 or name == MODEL or _strict(entry, name):
            kept[name] = replace(setting, choices=choices)
    state.settings = kept


def _size(*texts: str) -> int:
    return len(msgspec.json.encode(texts)) + 2


def _words(values: Iterable[Any]) -> list[str]:
    return [said for value in islice(values, CHOICES) if (said := word(value))]


def _option(told: dict[str, Any], own: Mapping[str, str], chosen: Sequence[str] | None) -> Option | None:
    """One that is neither the mode nor the model, for a form. `own`: what they had at first.

    Of those that were chosen for it before (None: all may have been) nobody knows what they have by themselves.
    """
    name, current = text_of(told.get("id")), told.get("currentValue")
    if (
        text_of(told.get("category")) in (MODE, MODEL)
        or name in (MODE, MODEL)
        or not isinstance(current, str)
    ):
        return None
    choices = [(text_of(one.get("value")), text_of(one.get("name"))) for one in _values(told.get("options"))]
    first = "" if chosen is None or name in chosen else current
    return choice(name, text_of(told.get("name")), choices, own.get(name, first))


def offered(entry: Entry, state: State) -> Sequence[Option]:
    """What a user may choose beside mode and model: without what a mode of ours sets. The same list while it is the same."""
    ours = frozenset(setting for settings in entry.modes.values() for setting in settings)
    return _without(bytes(state.options), ours)


@lru_cache(maxsize=32)
def _without(options: bytes, ours: frozenset[str]) -> Sequence[Option]:
    return tuple(one for one in known(msgspec.Raw(options)) if one.id not in ours)


def _values(told: Any) -> Iterator[dict[str, Any]]:
    """Options may stand in groups."""
    for one in objects(told):
        if "options" in one:
            yield from objects(one["options"])
        else:
            yield one


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
        if state.resumed and MODE not in state.settings:
            return f"{entry.name} did not say which modes it has when it took up this conversation again. Choose another permission mode, then send it again."
        return f"{entry.name} has no mode in which it only plans. Choose another permission mode, then send it again."
    if prompt.model and MODEL not in state.settings:
        return f"{entry.name} does not let others choose its model. Choose its default, then send it again."
    return _unkept(entry, state, prompt)


def _unkept(entry: Entry, state: State, prompt: Prompt) -> str:
    """What the agent was told to be in, said yes to, and is not in."""
    if state.setting_for != prompt.turn or any(sent.turn == prompt.turn for sent in state.sent.values()):
        return ""
    for setting, value in _wanted(entry, state, prompt):
        now = state.settings.get(setting)
        if _strict(entry, setting) and now and now.current != value and state.tries.get(setting, 0) >= TRIES:
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
        most = TRIES if _strict(entry, setting) else 1
        if now is not None and now.current != value and tries.get(setting, 0) < most:
            return _setting(now, prompt.turn, setting, value)
    return _once_more(entry, state, prompt, tries)


def _once_more(entry: Entry, state: State, prompt: Prompt, tries: dict[str, int]) -> Sent | None:
    """The mode again, after an option: that may be the mode by another name, and not every agent says what it undoes."""
    last, now = next(reversed(tries), MODE), state.settings.get(MODE)
    if now is None or last == MODEL or _strict(entry, last) or tries.get(MODE, 0) > TRIES:
        return None
    values = dict(wanted(entry, state, prompt.mode))
    return _setting(now, prompt.turn, MODE, values[MODE]) if MODE in values else None


def _strict(entry: Entry, setting: str) -> bool:
    """What decides over who is asked must be as it was set. Of all else the agent's yes is enough."""
    return setting == MODE or any(setting in settings for settings in entry.modes.values())


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
    model = prompt.model or state.first_model
    if model:
        yield MODEL, model
    for one in offered(entry, state):
        value = prompt.options.get(one.id) or (one.own if one.id in state.chosen else "")
        if any(value == choice for choice, _ in one.choices):
            yield one.id, value


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
    if setting is None or mode_of(entry, state, "ask") is not None:
        return ""
    names = ", ".join(setting.choices[:10])
    return (
        f"agentguid does not know which of the modes of {entry.name} asks before it acts ({names}). "
        f"It works in {setting.current}: watch what it does."
    )
