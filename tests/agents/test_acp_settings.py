"""Modes, models and other settings of ACP agents: before a prompt, while one works, and what is carried of them."""

from typing import Any

import pytest

from agentguid.agents.acp import AcpAdapter
from agentguid.agents.base import Answer, Fact, Prompt
from agentguid.agents.catalogue import CATALOGUE
from agentguid.protocol.events import (
    ApprovalRequested,
    ItemAdded,
)
from agentguid.protocol.items import Body, Mode
from tests.agents.acp_byhand import Session, modes, option

ENTRIES = {entry.id: entry for entry in CATALOGUE}


def method_of(line: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return line["method"], line["params"]


# -- settings ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("agent", "found", "mode", "wanted"),
    [
        ("qwen", {"modes": modes("auto", "plan", "default", "auto-edit", "auto", "yolo")}, "ask", ("session/set_mode", "default")),
        ("qwen", {"modes": modes("auto", "plan", "default", "auto-edit", "auto", "yolo")}, "accept_edits", ("session/set_mode", "auto-edit")),
        ("gemini", {"modes": modes("default", "default", "autoEdit", "yolo", "plan")}, "bypass", ("session/set_mode", "yolo")),
        ("vibe", {"modes": modes("accept-edits", "default", "plan", "accept-edits", "auto-approve")}, "ask", ("session/set_mode", "default")),
        ("codex-acp", {"modes": modes("agent", "read-only", "workspace-write", "agent")}, "ask", ("session/set_mode", "read-only")),
        ("opencode", {"configOptions": [option("mode", "plan", "build", "plan", category="mode")]}, "ask", ("session/set_config_option", "build")),
        ("copilot", {"configOptions": [option("allow_all", "on", "on", "off", category="permissions")]}, "ask", ("session/set_config_option", "off")),
        ("copilot", {"configOptions": [option("allow_all", "off", "on", "off", category="permissions")]}, "bypass", ("session/set_config_option", "on")),
    ],
)  # fmt: skip
def test_each_agent_is_told_our_mode_in_its_words(
    agent: str, found: dict[str, Any], mode: Mode, wanted: tuple[str, str]
) -> None:
    session = Session(ENTRIES[agent]).begin(**found)
    session.prompt(mode=mode)
    method, params = method_of(session.written[-1])

    assert (method, params.get("modeId") or params["value"]) == wanted
    assert session.prompt(mode=mode) == [], "the prompt waits for the answer"
    session.answer(result={})
    assert session.prompt(mode=mode) == ["prompt:t1"]


def test_an_agent_in_the_right_mode_is_not_told() -> None:
    session = Session().begin(modes=modes("default"))
    assert session.prompt() == ["prompt:t1"]


def test_options_may_stand_in_groups() -> None:
    choices = [{"name": "Group", "options": [{"value": "a", "name": "A"}, {"value": "b", "name": "B"}]}]
    given = {**option("model", "a", category="model"), "options": choices}
    session = Session().begin(configOptions=[given])
    assert session.prompt(model="b")[0].startswith("start:")


def test_a_mode_that_the_agent_chose_itself_is_told_and_set_back() -> None:
    session = Session().begin(modes=modes("default")).work()
    [notice] = session.update("current_mode_update", currentModeId="auto")
    assert isinstance(notice, ItemAdded)
    assert "works in another mode now: auto" in notice.body.text
    session.end()

    assert session.prompt("t2") != ["prompt:t2"]
    assert session.written[-1]["params"]["modeId"] == "default"
    session.update("current_mode_update", currentModeId="default")
    session.answer(result={})
    assert session.prompt("t2") == ["prompt:t2"]


def test_an_agent_whose_modes_nobody_knows_is_told_of() -> None:
    session = Session()
    session.write(session.adapter.start())
    session.answer(result={"protocolVersion": 1})
    session.write(session.adapter.start())
    facts = session.answer(result={"sessionId": "s", "modes": modes("wild", "wild", "wilder")})
    [notice] = [fact for fact in facts if isinstance(fact, ItemAdded)]

    assert notice.body.text.endswith("(wild, wilder). It works in wild: watch what it does.")


def test_without_a_model_the_agents_own_comes_back() -> None:
    session = Session().begin(models={"currentModelId": "small", "availableModels": []})
    session.prompt(model="large")
    session.answer(result={})
    assert session.prompt(model="large") == ["prompt:t1"]
    session.end()
    session.prompt("t2")
    assert method_of(session.written[-1]) == ("session/set_model", {"sessionId": "s", "modelId": "small"})


def test_a_model_that_the_agent_calls_otherwise_is_set() -> None:
    """It took `big` on, and answers that it is `big-2026-11` now: asking again would be without end."""
    session = Session().begin(configOptions=[option("model", "small", "small", "big", category="model")])
    assert session.prompt(model="big")[0].startswith("start:")
    session.answer(
        result={"configOptions": [option("model", "big-2026-11", "small", "big", category="model")]}
    )
    assert session.prompt(model="big") == ["prompt:t1"]
    session.end()
    assert session.prompt("t2", model="big")[0].startswith("start:"), "it may have become another since"


@pytest.mark.parametrize(
    ("name", "category", "agent"), [("mode", "mode", "opencode"), ("allow_all", "permissions", "copilot")]
)
def test_an_agent_that_does_not_stay_in_its_mode_gets_no_prompt(name: str, category: str, agent: str) -> None:
    """A conversation in which we promise to ask must ask."""
    first, other = ("plan", "build") if name == "mode" else ("on", "off")
    stays = {"configOptions": [option(name, first, first, other, category=category)]}
    session = Session(ENTRIES[agent]).begin(**stays)
    prompt = Prompt("t1", Body("Hello"), None, "ask")
    for _ in range(2):
        assert session.prompt()[0].startswith("start:")
        assert session.adapter.refuses(prompt) == "", "while the answer is waited for"
        session.answer(result=stays)

    assert session.prompt() == []
    assert session.adapter.refuses(prompt).startswith(
        f"{session.entry.name} would not stay in its {name} {other}: it is in {first} again. Choose another"
    )


def test_a_mode_that_the_model_undoes_is_set_once_more() -> None:
    models = {"currentModelId": "small", "availableModels": []}
    session = Session().begin(modes=modes("auto"), models=models)
    for _ in range(3):
        [name] = session.prompt(model="large")
        session.answer(result={})
        if session.written[-1]["method"] == "session/set_model" and name == "start:4-t1":
            session.update("current_mode_update", currentModeId="auto")

    sets = [line["method"] for line in session.written if line["method"].startswith("session/set")]
    assert sets == ["session/set_mode", "session/set_model", "session/set_mode"]
    assert session.prompt(model="large") == ["prompt:t1"]


def test_another_process_is_wanted_where_a_variable_says_what_is_asked() -> None:
    adapter = Session(ENTRIES["opencode"]).adapter
    assert adapter.serves(Prompt("t", Body("x"), None, "ask"))
    assert not adapter.serves(Prompt("t", Body("x"), None, "bypass"))


# -- what is carried from anchor to anchor ---------------------------------------------------------------------------
def test_settings_without_end_are_carried_up_to_a_bound() -> None:
    """The mode and the model come first: a conversation that promises to ask must find the mode that does."""
    many = [f"{place}-{'x' * 150}" for place in range(200)]
    given = [option(f"o{place}", many[0], *many) for place in range(200)]
    given.append(option("m", "auto", "auto", "default", category="mode"))
    session = Session().begin(configOptions=given)

    assert len(session.adapter.carry()) < 10_000
    assert session.prompt()[0].startswith("start:")
    assert session.written[-1]["params"] == {"sessionId": "s", "configId": "m", "value": "default"}


@pytest.mark.parametrize("old", [False, True], ids=["option", "old style"])
def test_many_models_leave_room_for_what_our_modes_set_and_the_user_chooses(old: bool) -> None:
    names = [f"provider/{place:03}-{'x' * 37}" for place in range(200)]
    given = [
        option("model", names[0], *names, category="model"),
        option("effort", "low", "low", "high", category="thought_level"),
        option("allow_all", "on", "on", "off"),
    ]
    models = {"currentModelId": names[0], "availableModels": [{"modelId": name} for name in names]}
    more: dict[str, Any] = {"models": models, "configOptions": given[1:]} if old else {"configOptions": given}
    session = Session(ENTRIES["copilot"]).begin(modes=modes("default"), **more)
    for _ in range(3):
        session.prompt(effort="high")
        session.answer(result={})

    assert session.prompt(effort="high") == ["prompt:t1"]
    sets = [line["params"] for line in session.written if line["method"] == "session/set_config_option"]
    assert {one["configId"]: one["value"] for one in sets} == {"allow_all": "off", "effort": "high"}
    assert len(session.adapter.models) > 100
    assert len(session.adapter.carry()) < 10_000


def test_what_our_modes_set_is_found_behind_options_without_end() -> None:
    given = [option(f"o{place}", "a", "a", "b") for place in range(300)] + [
        option("allow_all", "on", "on", "off")
    ]
    session = Session(ENTRIES["copilot"]).begin(configOptions=given)
    session.prompt()

    assert session.written[-1]["params"] == {"sessionId": "s", "configId": "allow_all", "value": "off"}


def test_a_value_that_is_too_long_to_be_said_back_is_none() -> None:
    long = "x" * 201
    session = Session().begin(configOptions=[option("model", long, long, "small", category="model")])

    assert list(session.adapter.models) == ["small"]
    assert session.prompt() == ["prompt:t1"], "its own choice is not said back to it"


LONG = "long " * 20_000


@pytest.mark.parametrize("what", ["methods", "failure", "calls", "files", "mode", "version"])
def test_nothing_that_an_agent_says_at_length_is_carried(what: str) -> None:
    session = Session(errors="Error: ")
    if what in ("methods", "version"):
        session.write(session.adapter.start())
        method = {"id": LONG, "name": LONG}
        version = 1 if what == "methods" else LONG
        session.answer(result={"protocolVersion": version, "authMethods": [method] * 9})
    else:
        session.begin(modes=modes("default")).work()
    match what:
        case "failure":
            session.update("session_info_update", _meta={"codex": {"threadStatus": {"type": "systemError"}}})
            session.say(f"Error: {LONG}")
            session.say(LONG)
        case "calls":
            session.update("tool_call_update", toolCallId=LONG, status="completed")
            assert session.update("tool_call_update", toolCallId=LONG, status="completed") == []
        case "files":
            asked = session.ask(kind="edit", locations=[{"path": LONG}])[-1]
            assert isinstance(asked, ApprovalRequested)
            session.write(session.adapter.answer(Answer(asked.approval, "allow_once", None, None, None)))
            write = {"path": LONG, "content": "x"}
            session.out({"id": 5, "method": "fs/write_text_file", "params": write})
            assert session.adapter.errands, "what was allowed is known again, however long its name is"
        case "mode":
            session.update("current_mode_update", currentModeId=LONG)

    assert len(session.adapter.carry()) < 10_000


def test_a_long_error_that_only_looks_like_one_is_told_whole() -> None:
    session = Session(errors="Error: ").begin().work()
    session.say(f"Error: {LONG}")

    [message, _] = session.answer(result={"stopReason": "end_turn"})
    assert isinstance(message, ItemAdded)
    assert message.body.text == f"Error: {LONG}"


def test_a_session_whose_name_is_too_long_is_refused() -> None:
    session = Session().begin(sessionId=LONG)

    assert session.adapter.refuses(Prompt("t1", Body("x"), None, "ask")).startswith(
        "X began a session with too long a name. Update it"
    )
    assert len(session.adapter.carry()) < 10_000


# -- another mode while it works --------------------------------------------------------------------------------------
def adjusted(session: Session, mode: Mode) -> list[Any]:
    """All that is written for it, by what it is."""
    found: list[Any] = []
    while writes := session.adapter.adjust(None, mode):
        session.write(writes)
        if writes[0].data:
            found.append(
                session.written[-1]["params"].get("modeId") or session.written[-1]["params"]["value"]
            )
            session.answer(result={})
        else:
            found.append(writes[0].id)
    return found


@pytest.mark.parametrize("found", [{}, {"modes": modes("default", "default", "yolo")}], ids=["none", "own"])
def test_bypass_that_is_taken_back_is_over_at_once(found: dict[str, Any]) -> None:
    """Also for an agent without modes of its own: the fold is told, the agent hears nothing of that."""
    session = Session().begin(**found).work("bypass")
    assert session.adapter.adjust(None, "bypass") == []
    assert not any(isinstance(fact, ApprovalRequested) for fact in session.ask(0))

    assert adjusted(session, "ask") == (["noted:1-ask", "default"] if found else ["noted:1-ask"])
    assert isinstance(session.ask(1, toolCallId="c2")[-1], ApprovalRequested)
    assert AcpAdapter(session.entry, "h", session.adapter.launch, session.adapter.carry()).state.mode == "ask"


def test_a_mode_is_chosen_again_and_again_while_it_works() -> None:
    session = Session().begin(modes=modes("default")).work()
    assert adjusted(session, "bypass") == ["noted:1-bypass", "yolo"]
    assert not any(isinstance(fact, ApprovalRequested) for fact in session.ask(0))
    assert adjusted(session, "plan") == ["noted:2-plan", "plan"]
    assert adjusted(session, "bypass") == ["noted:3-bypass", "yolo"]
    [prompt] = [line["id"] for line in session.written if line.get("method") == "session/prompt"]
    session.out({"id": prompt, "result": {"stopReason": "end_turn"}})
    assert session.adapter.adjust(None, "ask") == [], "the next prompt brings its own"


def test_bypass_is_over_at_once_also_when_the_agent_has_not_answered_to_it() -> None:
    """Some answer only after their turn. What it has to be told waits for that; what we answer does not."""
    session = Session().begin(modes=modes("default")).work()
    assert session.write(session.adapter.adjust(None, "bypass")) == ["noted:1-bypass"]
    session.write(session.adapter.adjust(None, "bypass"))
    asked = session.written[-1]
    assert method_of(asked)[0] == "session/set_mode"

    assert session.write(session.adapter.adjust(None, "ask")) == ["noted:2-ask"]
    assert isinstance(session.ask(7)[-1], ApprovalRequested)
    assert session.adapter.adjust(None, "ask") == [], "one after the other"
    session.out({"id": asked["id"], "result": {}})
    session.write(session.adapter.adjust(None, "ask"))
    assert method_of(session.written[-1]) == ("session/set_mode", {"sessionId": "s", "modeId": "default"})


def test_an_agent_that_leaves_its_mode_by_itself_is_not_set_back_while_it_works() -> None:
    """A plan that the user agreed to: the agent goes to work."""
    session = Session().begin(modes=modes("default")).work()
    assert adjusted(session, "plan") == ["noted:1-plan", "plan"]
    session.update("current_mode_update", currentModeId="acceptEdits")

    assert session.adapter.adjust(None, "plan") == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": {"code": 1, "message": "Busy."}}, "would not set its mode to default (Busy). What it asks"),
        ({"result": {"configOptions": [option("mode", "yolo", category="mode")]}}, "did not keep its mode at default. What it asks"),
    ],
)  # fmt: skip
def test_an_agent_that_does_not_change_while_it_works_is_told_of(answer: dict[str, Any], words: str) -> None:
    session = Session().begin(configOptions=[option("mode", "yolo", "default", "yolo", category="mode")])
    session.work("bypass")
    session.write(session.adapter.adjust(None, "ask"))
    session.write(session.adapter.adjust(None, "ask"))
    [notice] = session.answer(**answer)

    assert isinstance(notice, ItemAdded)
    assert words in notice.body.text
    assert session.adapter.adjust(None, "ask") == []
    assert isinstance(session.ask(0)[-1], ApprovalRequested)


def test_an_agent_that_learns_at_its_start_what_to_ask_is_told_of() -> None:
    session = Session(ENTRIES["opencode"], mode="bypass").begin().work("bypass")
    [write] = session.adapter.adjust(None, "ask")
    [notice] = [fact.event for fact in session.feed("in", write.data, id=write.id) if isinstance(fact, Fact)]

    assert isinstance(notice, ItemAdded)
    assert "from the next turn on" in notice.body.text
