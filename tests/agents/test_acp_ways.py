"""An ACP agent that does not say, of a session that is taken up, which modes it has; and one that cannot be made to ask."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from agentguid.agents.acp import AcpAdapter
from agentguid.agents.base import Fact, Prompt, Way
from agentguid.agents.catalogue import CATALOGUE
from agentguid.agents.entry import Entry
from agentguid.protocol.events import Event, ItemAdded
from agentguid.protocol.items import Body, Mode
from tests.agents.acp_byhand import Session, modes, option

ENTRIES = {entry.id: entry for entry in CATALOGUE}
OLD = (Way("mode", "", ("default", "plan", "yolo")), Way("model"))
AS_OPTIONS = (Way("mode", "m", ("default", "yolo")), Way("model", "which"))


def taken_up(entry: Entry | None = None, **result: Any) -> Session:
    can = {"sessionCapabilities": {"resume": {}}}
    return Session(entry, resume="s").begin(can=can, **result)


def why(session: Session, mode: Mode = "ask", ways: Sequence[Way] = ()) -> str:
    return session.adapter.refuses(Prompt("t1", Body("Hello"), None, mode, ways=ways))


def through(session: Session, mode: Mode, **more: Any) -> list[tuple[str, str, str]]:
    """What is set before the prompt: the method, what it names, the value."""
    found: list[tuple[str, str, str]] = []
    while not (names := session.prompt(mode=mode, **more))[0].startswith("prompt:"):
        if names[0].startswith("start:"):
            last = session.written[-1]
            params = last["params"]
            value = params.get("modeId") or params.get("modelId") or params["value"]
            found.append((last["method"], params.get("configId", ""), value))
            session.answer(result={})
    return found


def notices(facts: Sequence[Event]) -> list[str]:
    return [fact.body.text for fact in facts if isinstance(fact, ItemAdded) and fact.kind == "notice"]


def said_at_prompt(session: Session, turn: str = "t1", mode: Mode = "ask") -> list[str]:
    [write] = session.adapter.prompt(Prompt(turn, Body("Hello"), None, mode))
    assert write.id == f"prompt:{turn}"
    session.written.append(json.loads(write.data))
    return notices(
        [one.event for one in session.feed("in", write.data, id=write.id) if isinstance(one, Fact)]
    )


# -- a session that is taken up ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("agent", "ways", "mode", "model", "wanted"),
    [
        ("", OLD, "ask", None, [("session/set_mode", "", "default")]),
        ("", OLD, "accept_edits", None, [("session/set_mode", "", "default")]),
        ("", OLD, "plan", None, [("session/set_mode", "", "plan")]),
        ("", OLD, "bypass", None, [("session/set_mode", "", "yolo")]),
        ("", OLD, "ask", "big", [("session/set_mode", "", "default"), ("session/set_model", "", "big")]),
        ("", AS_OPTIONS, "ask", "big", [("session/set_config_option", "m", "default"), ("session/set_config_option", "which", "big")]),
        ("qwen", (), "ask", None, [("session/set_mode", "", "default")]),
        ("qwen", (), "plan", None, [("session/set_mode", "", "plan")]),
        ("opencode", (Way("mode", "mode", ("build", "plan")),), "ask", None, [("session/set_config_option", "mode", "build")]),
        ("copilot", (Way("mode", "", (ENTRIES["copilot"].modes["ask"]["mode"],)), Way("allow_all", "allow_all", ("off", "on"))), "ask", None,
         [("session/set_mode", "", ENTRIES["copilot"].modes["ask"]["mode"]), ("session/set_config_option", "allow_all", "off")]),
    ],
)  # fmt: skip
def test_a_session_that_does_not_say_its_modes_is_told_as_the_agent_was_before(
    agent: str, ways: Sequence[Way], mode: Mode, model: str | None, wanted: list[tuple[str, str, str]]
) -> None:
    session = taken_up(ENTRIES.get(agent))
    assert why(session, mode, ways) == ""
    assert through(session, mode, model=model, ways=ways) == wanted
    assert session.adapter.state.unsaid == [] or model is None


@pytest.mark.parametrize("found", [{}, {"modes": modes("auto")}, {"configOptions": [option("m", "auto", "auto", "default", "plan", category="mode")]}])  # fmt: skip
def test_what_is_kept_is_how_it_was_set(found: dict[str, Any]) -> None:
    """The fold that has it written for itself finds nothing else than the one that heard it."""
    first = Session().begin(**found)
    ways = first.adapter.ways
    again = taken_up()
    assert through(again, "ask", ways=ways) == through(first, "ask")
    assert [way for way in again.adapter.ways if way.setting == "mode"] == list(ways)


def test_another_mode_is_told_while_it_works_also_by_a_fold_that_begins_anew() -> None:
    session = taken_up()
    through(session, "bypass", ways=OLD)
    state = session.adapter.carry()
    session.adapter = AcpAdapter(session.entry, "h", session.adapter.launch, state)
    session.write(session.adapter.adjust(None, "ask"))
    session.write(session.adapter.adjust(None, "ask"))
    assert session.written[-1]["params"] == {"sessionId": "s", "modeId": "default"}


@pytest.mark.parametrize("mode", ["ask", "accept_edits", "plan", "bypass"])
def test_one_that_will_not_be_told_gets_no_prompt_that_it_must_ask_in(mode: Mode) -> None:
    session = taken_up()
    assert session.prompt(mode=mode, ways=OLD)[0].startswith("noted:ways-")
    assert session.prompt(mode=mode, ways=OLD)[0].startswith("start:")
    session.answer(error={"code": -32601, "message": "No such method."})

    if mode == "bypass":
        assert why(session, mode, OLD) == ""
        assert session.prompt(mode=mode, ways=OLD) == ["prompt:t1"]
    else:
        assert "it may act unasked. Begin a new conversation with it; or choose bypass" in why(
            session, mode, OLD
        )
        assert session.prompt(mode=mode, ways=OLD) == []


def test_one_that_will_not_have_its_model_gets_no_prompt_in_any_mode() -> None:
    session = taken_up()
    for _ in range(2):
        session.prompt(mode="bypass", model="big", ways=OLD)
    session.answer(result={})
    session.prompt(mode="bypass", model="big", ways=OLD)
    session.answer(error={"code": 1, "message": "Gone."})
    assert why(session, "bypass").startswith("X would not set its model to big (Gone). Choose another one")


def test_one_that_says_its_modes_is_believed() -> None:
    session = taken_up(modes=modes("default", "default"))
    assert session.prompt(ways=(Way("mode", "m", ("ask",)),)) == ["prompt:t1"]


# -- nothing by which it could be made to ask -------------------------------------------------------------------------
@pytest.mark.parametrize(("resumed", "words"), [(False, "X names no permission modes: agentguid cannot make it ask"), (True, "X did not say which permission modes it has: agentguid cannot")])  # fmt: skip
def test_one_without_modes_is_told_of_once(resumed: bool, words: str) -> None:
    session = taken_up() if resumed else Session().begin()
    assert said_at_prompt(session, mode="bypass") == [], "nothing is promised"
    session.end()
    [said] = said_at_prompt(session, "t2")
    assert said.startswith(words)
    session.end()
    assert said_at_prompt(session, "t3") == []


def test_one_without_modes_is_told_of_when_bypass_is_taken_back() -> None:
    session = Session().begin().work("bypass")
    [write] = session.adapter.adjust(None, "ask")
    facts = [one.event for one in session.feed("in", write.data, id=write.id) if isinstance(one, Fact)]
    assert notices(facts)[0].startswith("X names no permission modes")


def test_one_that_is_made_to_ask_by_variables_is_not_told_of() -> None:
    assert said_at_prompt(Session(ENTRIES["opencode"]).begin()) == []


# -- what the catalogue says that makes it ask ------------------------------------------------------------------------
def yes_or_no(name: str, category: str = "") -> dict[str, Any]:
    return {"id": name, "category": category, "type": "boolean", "currentValue": True}


@pytest.mark.parametrize(
    ("agent", "found", "words"),
    [
        ("copilot", {"configOptions": [yes_or_no("allow_all")]}, "its allow_all cannot be set to off"),
        ("copilot", {"configOptions": [option("allow_all", "on", "on", "never")]}, "its allow_all cannot be set to off"),
        ("qwen", {"configOptions": [yes_or_no("m", "mode")]}, "its mode cannot be set to default"),
        ("qwen", {"modes": modes("wild", "wild", "wilder")}, "its mode cannot be set to default"),
    ],
)  # fmt: skip
def test_what_makes_an_agent_ask_and_cannot_be_set_is_said(
    agent: str, found: dict[str, Any], words: str
) -> None:
    session = Session(ENTRIES[agent]).begin(**found)
    assert words in why(session)
    assert "cannot be made to ask" in why(session, "accept_edits")
    assert session.prompt() == []
    assert why(session, "bypass") == ""


@pytest.mark.parametrize("found", [{"configOptions": [option("allow_all", "off", "off")]}, {"configOptions": [option("allow_all", "on", "off", "on"), yes_or_no("fast")]}])  # fmt: skip
def test_what_is_as_it_should_be_or_is_the_users_is_no_reason(found: dict[str, Any]) -> None:
    assert why(Session(ENTRIES["copilot"]).begin(**found)) == ""


def test_a_switch_that_becomes_a_kind_that_we_cannot_set_is_said() -> None:
    session = Session(ENTRIES["copilot"]).begin(configOptions=[option("allow_all", "off", "off", "on")])
    assert why(session) == ""
    session.update("config_option_update", configOptions=[yes_or_no("allow_all")])
    assert "its allow_all cannot be set to off" in why(session)
