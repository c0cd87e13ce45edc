"""What of an agent's session can be set, as the agent says it: its mode, its model, and what else it offers to choose."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec
from msgspec.structs import replace

from agentguid.agents.acp_state import CHOICES, SETTINGS, Setting, State
from agentguid.agents.base import Option
from agentguid.agents.entry import Entry
from agentguid.agents.jsonl import mapping, objects, text_of, word
from agentguid.agents.options import encoded, known
from agentguid.agents.options import option as choice

MODE, MODEL = "mode", "model"


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
    if MODEL in state.settings and not state.resumed:
        state.first_model = state.settings[MODEL].current


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
        state.unfit = []
    for option in sorted(objects(told), key=lambda option: _rest(entry, option))[:CHOICES]:
        name, category = word(option.get("id")), text_of(option.get("category"))
        current = option.get("currentValue")
        setting = category if category in (MODE, MODEL) else name
        if not name or not isinstance(current, str):
            _unfit(entry, state, setting)
            continue
        choices = _words(one.get("value") for one in _values(option.get("options")))
        if setting != name or setting in (MODE, MODEL) or len(state.settings) < CHOICES:
            state.settings[setting] = Setting(word(current), choices, name)
            heard(state, setting)
    _fit(entry, state)


def heard(state: State, setting: str) -> None:
    """What it is now is known by the agent itself."""
    state.unsaid = [name for name in state.unsaid if name != setting]


def _unfit(entry: Entry, state: State, setting: str) -> None:
    """An option of a kind that we cannot set, such as a yes or no."""
    if strict(entry, setting) and setting not in state.unfit:
        state.unfit.append(setting)
        if setting in state.settings and state.settings[setting].option:
            del state.settings[setting]


def _rest(entry: Entry, told: dict[str, Any]) -> bool:
    """Whether nothing depends on it but what the user may choose."""
    return told.get("category") not in (MODE, MODEL) and not strict(entry, text_of(told.get("id")))


def strict(entry: Entry, setting: str) -> bool:
    """What decides over who is asked must be as it was set. Of all else the agent's yes is enough."""
    return setting == MODE or any(setting in settings for settings in entry.modes.values())


def _changed(state: State, told: list[Any]) -> dict[str, str]:
    """What another model brought with it: that is the agent's own choice, not the user's for the model before."""
    now = {text_of(one.get("id")): text_of(one.get("currentValue")) for one in objects(told)[:CHOICES]}
    before = {name: setting.current for name, setting in state.settings.items()}
    return {name: value for name, value in now.items() if before.get(name) != value}


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


def _fit(entry: Entry, state: State) -> None:
    """No more than is carried: what our modes set, then the rest in the agent's order. The models take the room that is left."""
    room, kept = SETTINGS, dict[str, Setting]()
    for name in sorted(
        state.settings, key=lambda name: (name == MODEL, name != MODE, not strict(entry, name))
    ):
        setting, choices = state.settings[name], list[str]()
        room -= _size(name, setting.current, setting.option)
        for value in setting.choices if name == MODEL or strict(entry, name) else ():
            room -= _size(value)
            if room < 0:
                break
            choices.append(value)
        if room >= 0 or name == MODEL or strict(entry, name):
            kept[name] = replace(setting, choices=choices)
    state.settings = kept


def _size(*texts: str) -> int:
    return len(msgspec.json.encode(texts)) + 2


def _words(values: Iterable[Any]) -> list[str]:
    return [said for value in islice(values, CHOICES) if (said := word(value))]
