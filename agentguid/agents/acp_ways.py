"""How an agent's mode and model are set, kept for the session that is taken up again and names neither.

What the agent has said of another session, else the catalogue, is written into the tape (`noted:ways-…`) before the first
prompt, so that a fold that begins anew knows the same.
"""

from collections.abc import Iterator, Sequence

import msgspec

from agentguid.agents.acp_modes import GUESSES, mode_of
from agentguid.agents.acp_settings import MODE, MODEL, strict
from agentguid.agents.acp_state import Sent, Setting, State
from agentguid.agents.base import Prompt, Way, Write
from agentguid.agents.entry import Entry

NOTE = "ways-"
MOST = 8
"""So many of them. None beside mode and model but what our modes set."""

_list = msgspec.json.Decoder(list[Way])


def said(entry: Entry, state: State) -> Sequence[Way]:
    """Those of this session; nothing of one that did not say its modes when it was taken up again."""
    if state.step != "ready" or (state.resumed and (MODE not in state.settings or MODE in state.unsaid)):
        return ()
    return tuple(_said(entry, state))[:MOST]


def _said(entry: Entry, state: State) -> Iterator[Way]:
    for name in sorted(state.settings, key=lambda name: (name != MODE, name != MODEL)):
        setting = state.settings[name]
        if name == MODEL:
            yield Way(MODEL, setting.option)
        elif name == MODE:
            values = {value: None for mode in GUESSES if (value := mode_of(entry, state, mode))}
            yield Way(MODE, setting.option, tuple(values))
        elif strict(entry, name):
            values = {value: None for value in _ours(entry, name) if value in setting.choices}
            yield Way(name, setting.option, tuple(values))


def _ours(entry: Entry, name: str) -> Iterator[str]:
    """What our modes set it to, by the catalogue."""
    return (settings[name] for settings in entry.modes.values() if name in settings)


def note(entry: Entry, state: State, prompt: Prompt) -> list[Write]:
    """What this session did not say and is known all the same; nothing when there is nothing of that."""
    if state.step != "ready" or not state.resumed:
        return []
    known = {way.setting: way for way in prompt.ways[:MOST] if way.setting == MODEL or way.values}
    if MODE not in known and (values := tuple(dict.fromkeys(_ours(entry, MODE)))):
        known[MODE] = Way(MODE, "", values)
    missing = [way for name, way in known.items() if name not in state.settings and name not in state.unfit]
    return [Write(f"noted:{NOTE}{msgspec.json.encode(missing).decode()}", b"")] if missing else []


def noted(state: State, told: str) -> None:
    """It is on the tape. What the session has now, nobody knows: so it is set."""
    try:
        ways = _list.decode(told)
    except msgspec.DecodeError:  # of another version
        return
    for way in ways[:MOST]:
        if way.setting not in state.settings:
            state.settings[way.setting] = Setting("", list(way.values), way.option)
            state.unsaid.append(way.setting)


def unasking(entry: Entry, state: State) -> str:
    """What is to be said in a turn when there is nothing by which the agent could be made to ask."""
    known = entry.environ or any(strict(entry, name) for name in state.settings)
    if state.step != "ready" or state.mode == "bypass" or known:
        return ""
    what = "did not say which permission modes it has" if state.resumed else "names no permission modes"
    return f"{entry.name} {what}: agentguid cannot make it ask. It asks when it wants to: watch what it does."


def refusal(entry: Entry, state: State, sent: Sent, said: str) -> str:
    """Why a prompt is not given to an agent that would not take on what was to be set before."""
    why = f"{entry.name} would not set its {sent.setting} to {sent.value} ({said})"
    if not state.blind:
        return f"{why}. Choose another one, then send the message again."
    return (
        f"{why}, and did not say what it is in since it took up this conversation again: it may act unasked. Begin a new "
        "conversation with it; or choose bypass if it may, then send the message again."
    )
