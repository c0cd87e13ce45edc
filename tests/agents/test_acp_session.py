"""The handshake, settings, requests and ends of ACP turns, fed by hand."""

from pathlib import Path
from typing import Any

import pytest

from agentguid.agents.acp import AcpAdapter
from agentguid.agents.base import Answer, Fact, FileErrand, Prompt, Served, Write
from agentguid.agents.catalogue import CATALOGUE
from agentguid.agents.jsonl import MENDED
from agentguid.protocol.events import (
    ApprovalRequested,
    ApprovalWithdrawn,
    ItemAdded,
    SessionIdentified,
    TurnEnded,
)
from agentguid.protocol.items import Body, Mode
from tests.agents.acp_byhand import Session, modes, option

ENTRIES = {entry.id: entry for entry in CATALOGUE}


def method_of(line: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return line["method"], line["params"]


# -- the handshake ----------------------------------------------------------------------------------------------------
def test_nothing_is_offered_that_is_not_served() -> None:
    session = Session()
    session.write(session.adapter.start())
    assert session.written[0]["params"]["clientCapabilities"] == {
        "fs": {"readTextFile": False, "writeTextFile": False},
        "terminal": False,
        "elicitation": {"form": {}},
    }
    assert session.adapter.start() == []


@pytest.mark.parametrize(
    ("can", "method"),
    [
        ({"loadSession": True, "sessionCapabilities": {"resume": {}}}, "session/resume"),
        ({"loadSession": True}, "session/load"),
        ({}, "session/new"),
    ],
)
def test_an_earlier_session_is_taken_up_as_the_agent_can(can: dict[str, Any], method: str) -> None:
    session = Session(resume="before").begin(can=can)
    assert session.written[1]["method"] == method


@pytest.mark.parametrize(
    "can", [{"loadSession": True}, {"sessionCapabilities": {"resume": {}}}], ids=["load", "resume"]
)
def test_what_is_told_again_is_left_out_until_the_next_prompt(can: dict[str, Any]) -> None:
    """Also what comes after its answer: Gemini answers first. fast-agent tells it though it was only to resume."""
    session = Session(resume="s")
    session.write(session.adapter.start())
    session.answer(result={"protocolVersion": 1, "agentCapabilities": can})
    session.write(session.adapter.start())
    assert session.say("old") == session.update("tool_call", toolCallId="c", status="completed") == []
    [identified] = session.answer(result=None)
    assert isinstance(identified, SessionIdentified)
    assert identified.session == "s"
    assert session.say("old too") == []

    session.work()
    session.say("new")
    assert [
        fact.body.text
        for fact in session.answer(result={"stopReason": "end_turn"})
        if isinstance(fact, ItemAdded)
    ] == ["new"]


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


# -- requests ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("identity", [0, "0", "a b", 2**40, -1])
def test_any_id_is_sent_back_as_it_was(identity: Any) -> None:
    session = Session().begin().work()
    asked = session.ask(identity)[-1]
    assert isinstance(asked, ApprovalRequested)
    session.write(session.adapter.answer(Answer(asked.approval, "allow_once", None, None, None)))

    assert session.written[-1]["id"] == identity
    assert session.written[-1]["result"] == {"outcome": {"outcome": "selected", "optionId": "allow_once"}}
    assert session.adapter.answer(Answer(asked.approval, "allow_once", None, None, None)) == []


def options(*kinds: str) -> list[dict[str, str]]:
    return [{"optionId": f"{kind}-{place}", "name": kind, "kind": kind} for place, kind in enumerate(kinds)]


@pytest.mark.parametrize(
    ("kinds", "answer", "chosen"),
    [
        (("allow_always", "allow_once", "reject_once"), Answer("", "allow_once", None, None, None), "allow_once-1"),
        (("allow_once", "allow_once"), Answer("", "allow_once", None, "allow_once-1", None), "allow_once-1"),
        (("allow_once", "reject_always"), Answer("", "reject_once", None, None, None), "reject_always-1"),
        (("allow_once", "reject_once"), Answer("", "allow_always", None, None, None), "allow_once-0"),
        (("allow_always", "reject_once"), Answer("", "allow_once", None, None, None), None),
        (("allow_once",), Answer("", "reject_once", None, None, None), None),
        (("allow_once", "reject_once"), Answer("", "allow_once", None, None, b"{}"), "reject_once-1"),
        (("allow_forever", "no"), Answer("", "allow_always", None, None, None), "allow_forever-0"),
    ],
)  # fmt: skip
def test_the_answer_is_an_option_of_the_agents_and_never_allows_more(
    kinds: tuple[str, ...], answer: Answer, chosen: str | None
) -> None:
    session = Session().begin().work()
    params = {"toolCall": {"toolCallId": "c"}, "options": options(*kinds)}
    asked = session.out({"id": 1, "method": "session/request_permission", "params": params})[-1]
    assert isinstance(asked, ApprovalRequested)
    given = Answer(asked.approval, answer.decision, None, answer.option, answer.input)
    session.write(session.adapter.answer(given))

    outcome = session.written[-1]["result"]["outcome"]
    assert outcome == ({"outcome": "selected", "optionId": chosen} if chosen else {"outcome": "cancelled"})


def test_a_request_without_options_is_not_put_to_the_user() -> None:
    session = Session().begin().work()
    params = {"toolCall": {"toolCallId": "c"}, "options": []}
    facts = session.out({"id": 1, "method": "session/request_permission", "params": params})

    assert not any(isinstance(fact, ApprovalRequested) for fact in facts)
    assert session.written[-1]["result"] == {"outcome": {"outcome": "cancelled"}}


@pytest.mark.parametrize(
    ("mode", "call", "asks"),
    [
        ("ask", {"kind": "edit"}, True),
        ("plan", {"kind": "execute"}, True),
        ("bypass", {"kind": "execute"}, False),
        ("accept_edits", {"kind": "execute"}, True),
        ("accept_edits", {"kind": "edit", "locations": [{"path": "/w/a"}]}, False),
        ("accept_edits", {"kind": "edit", "locations": [{"path": "a/b"}]}, False),
        ("accept_edits", {"kind": "edit", "locations": [{"path": "/w/../etc/passwd"}]}, True),
        ("accept_edits", {"kind": "edit", "locations": [{"path": "/w/a"}, {"path": "/etc/x"}]}, True),
        ("accept_edits", {"kind": "edit", "locations": [{"path": "/wide/a"}]}, True),
        (
            "accept_edits",
            {"kind": "edit", "locations": [{"path": "/w/a"}], "rawInput": {"path": "/etc/x"}},
            True,
        ),
        (
            "accept_edits",
            {"kind": "edit", "locations": [{"path": "/w/a"}], "rawInput": {"path": "/w/b"}},
            False,
        ),
        (
            "accept_edits",
            {
                "kind": "edit",
                "locations": [{"path": "/w/a"}],
                "rawInput": {"edits": [{"file_path": "/etc/x"}]},
            },
            True,
        ),
    ],
)
def test_the_users_mode_answers_what_it_allows(mode: Mode, call: dict[str, Any], asks: bool) -> None:
    session = Session().begin(modes=modes("default", "default", "plan")).work(mode)
    facts = session.ask(**{"title": "", **call}) + session.serve()

    assert any(isinstance(fact, ApprovalRequested) for fact in facts) == asks
    if not asks:
        assert session.written[-1]["result"]["outcome"] == {"outcome": "selected", "optionId": "allow_once"}


@pytest.mark.parametrize(("path", "asks"), [("in/x", False), ("out/x", True), ("in/../out/x", True)])
def test_an_edit_that_a_link_leads_out_of_the_folder_is_asked_about(
    tmp_path: Path, path: str, asks: bool
) -> None:
    """Links are followed outside the fold, which reads the answer off the tape."""
    work = tmp_path / "work"
    (work / "in").mkdir(parents=True)
    (work / "out").symlink_to(tmp_path)
    session = Session(cwd=str(work)).begin(modes=modes("default")).work("accept_edits")
    said = session.ask(kind="edit", locations=[{"path": path}])
    assert not any(isinstance(fact, ApprovalRequested) for fact in said)
    assert not session.adapter.idle
    facts = session.serve()

    assert any(isinstance(fact, ApprovalRequested) for fact in facts) == asks
    assert session.adapter.errands == []
    if asks:
        assert isinstance(facts[-1], ApprovalRequested)
        session.write(session.adapter.answer(Answer(facts[-1].approval, "reject_once", None, None, None)))
    chosen = "reject_once" if asks else "allow_once"
    assert session.written[-1]["result"]["outcome"] == {"outcome": "selected", "optionId": chosen}
    session.update("tool_call_update", toolCallId="c1", status="completed")
    assert session.adapter.idle


def test_an_edit_is_asked_about_when_the_user_wants_to_be_asked_meanwhile() -> None:
    session = Session().begin(modes=modes("default")).work("accept_edits")
    session.ask(kind="edit", locations=[{"path": "/w/a"}])
    session.write(session.adapter.adjust(None, "ask"))

    assert isinstance(session.serve()[-1], ApprovalRequested)


@pytest.mark.parametrize("how", ["stop", "back", "end"])
def test_an_edit_of_which_nobody_knows_yet_where_it_lies_is_not_allowed_later(how: str) -> None:
    session = Session().begin(modes=modes("default")).work("accept_edits")
    [prompt] = [line["id"] for line in session.written if line.get("method") == "session/prompt"]
    session.ask("q", kind="edit", locations=[{"path": "/etc/../w/a"}])
    [errand] = session.adapter.errands
    match how:
        case "stop":
            session.write(session.adapter.stop("t1"))
            session.serve()
            assert session.written[-1]["result"] == {"outcome": {"outcome": "cancelled"}}
        case "back":
            session.out({"method": "$/cancel_request", "params": {"requestId": "q"}})
            assert session.written[-1]["error"]["code"] == -32800
        case "end":
            session.out({"id": prompt, "result": {"stopReason": "end_turn"}})
            outputs = session.feed("in", b"", id=f"noted:outside-{errand.id}")
            assert [output.id for output in outputs if isinstance(output, Write)] == [errand.id]
    assert session.adapter.errands == []


def test_an_option_that_nobody_knows_is_not_chosen_for_the_user() -> None:
    session = Session().begin().work("bypass")
    params = {"toolCall": {"toolCallId": "c"}, "options": options("proceed", "no")}
    facts = session.out({"id": 1, "method": "session/request_permission", "params": params})

    assert isinstance(facts[-1], ApprovalRequested)


@pytest.mark.parametrize("mode", ["bypass", "accept_edits"])
def test_no_file_is_written_after_a_stop(mode: Mode) -> None:
    """Neither one that was asked for before it, nor after it."""
    session = Session().begin(modes=modes("default")).work(mode)
    write = {"path": "/w/a", "content": "x"}
    session.out({"id": 5, "method": "fs/write_text_file", "params": write})
    [errand] = session.adapter.errands
    [stop] = session.adapter.stop("t1")
    [refusal] = session.feed("in", stop.data, id=stop.id)
    assert isinstance(refusal, Write)
    assert refusal.id == errand.id
    session.write([refusal])
    assert session.written[-1]["error"]["message"] == "The user stops this turn."
    assert session.adapter.errands == []

    session.out({"id": 6, "method": "fs/write_text_file", "params": write})
    assert session.written[-1]["error"]["message"] == "The user stops this turn."
    assert session.adapter.errands == []


def test_a_stop_answers_all_and_what_is_asked_later_too() -> None:
    session = Session().begin().work()
    session.ask(0)
    session.ask(1, toolCallId="c2")
    writes = session.adapter.stop("t1")
    assert writes[0].id == "stop:t1"
    assert len(writes) == 3
    facts = session.feed("in", writes[0].data, id="stop:t1")
    assert sum(isinstance(getattr(fact, "event", None), ApprovalWithdrawn) for fact in facts) == 2
    assert [one.id for one in session.adapter.stop("t1")] == [one.id for one in writes], (
        "a restart owes them still"
    )
    session.write(writes[1:])
    assert not any(isinstance(fact, ApprovalRequested) for fact in session.ask(2, toolCallId="c3"))
    assert session.written[-1]["result"] == {"outcome": {"outcome": "cancelled"}}

    assert session.end(stopReason="cancelled").outcome == "interrupted"


def test_an_errand_is_open_until_its_answer_is_on_the_tape() -> None:
    session = Session().begin().work()
    params = {"sessionId": "s", "path": "/w/a", "line": 3, "limit": 2}
    session.out({"id": "f", "method": "fs/read_text_file", "params": params})
    [errand] = session.adapter.errands
    assert errand == FileErrand(errand.id, "/w/a", None, 3, 2)
    assert not session.adapter.idle
    session.write(session.adapter.served(errand, Served(text="x")))

    assert session.written[-1] == {"jsonrpc": "2.0", "id": "f", "result": {"content": "x"}}
    assert session.adapter.errands == []
    assert session.adapter.served(errand, Served(text="x")) == []


@pytest.mark.parametrize(
    "params", [{}, {"path": ""}, {"path": 7}, {"path": "/w/a", "content": 7}, {"path": "/w/a"}]
)
def test_an_errand_that_is_not_understood_is_refused(params: dict[str, Any]) -> None:
    session = Session().begin().work()
    session.out({"id": 5, "method": "fs/write_text_file", "params": params})

    assert session.written[-1]["error"]["code"] == -32603
    assert session.adapter.idle


# -- ends -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"code": 401, "message": '{"error":{"message":"bad key"}}'}, "X is not signed in, or its key was refused (bad key)"),
        ({"code": -32603, "message": "Internal error", "data": {"details": "401 bad"}}, "X is not signed in, or its key was refused (401 bad)"),
        ({"code": -32603, "message": "Internal error: slow down", "data": {"errorKind": "rate_limit"}}, "The limit of the account is reached (slow down)"),
        ({"code": -32603, "message": "Internal error: 529 Overloaded"}, "The model provider is overloaded (529 Overloaded)"),
        ({"code": -32603, "message": "Internal error: invalid x-api-key"}, "X is not signed in, or its key was refused (invalid x-api-key)"),
        ({"code": -32603, "message": "litellm.AuthenticationError at line 503"}, "X is not signed in, or its key was refused (litellm"),
        ({"code": -32603, "message": "503 no"}, "The model provider failed (503 no)"),
        ({"code": -32000, "message": "Authentication required"}, "X is not signed in (Authentication required). Sign in to it."),
        ({"code": "odd", "message": None, "data": [1]}, "X ended the turn with an error (error odd)"),
        ({}, "X ended the turn with an error (error 0)"),
        ("no object at all", "X ended the turn with an error"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(error: Any, words: str) -> None:
    session = Session().begin().work()
    [ended] = [fact for fact in session.answer(error=error) if isinstance(fact, TurnEnded)]

    assert ended.outcome == "error"
    assert ended.error is not None
    assert ended.error.startswith(words)
    assert session.adapter.turn is None


def test_an_answer_that_cannot_be_read_ends_its_turn_all_the_same() -> None:
    """No text, and longer than can be mended: it is shown, and the turn does not run for ever."""
    session = Session().begin().work()
    number = session.written[-1]["id"]
    line = b'{"id":%d,"result":{"stopReason":"end_turn","x":"\xff%s"}}' % (number, b"x" * MENDED)
    facts = [output.event for output in session.feed("out", line) if isinstance(output, Fact)]

    assert [type(fact) for fact in facts] == [TurnEnded, ItemAdded]
    assert isinstance(facts[0], TurnEnded)
    assert facts[0].outcome == "error"
    assert "its answer is not valid UTF-8" in str(facts[0].error)


def test_an_answer_may_name_our_id_as_text() -> None:
    session = Session().begin().work()
    number = session.written[-1]["id"]
    facts = session.out({"id": str(number), "result": {"stopReason": "end_turn"}})
    assert isinstance(facts[-1], TurnEnded)


def test_answers_may_come_in_another_order_and_twice() -> None:
    session = Session().begin().work()
    number = session.written[-1]["id"]
    [unknown] = session.out({"id": 99, "result": {}})
    assert isinstance(unknown, ItemAdded)
    session.out({"id": number, "result": {"stopReason": "end_turn"}})
    [again] = session.out({"id": number, "result": {"stopReason": "end_turn"}})
    assert isinstance(again, ItemAdded)
    assert again.kind == "unknown"


def test_the_cost_of_a_turn_is_what_came_on_top() -> None:
    session = Session().begin().work()
    session.update("usage_update", used=5, size=9, cost={"amount": 1.5, "currency": "USD"})
    first = session.end(usage={"inputTokens": 3, "outputTokens": 2, "cachedReadTokens": 1})
    session.prompt("t2")
    session.update("usage_update", used=7, size=9, cost={"amount": 2.0, "currency": "USD"})
    second = session.end()

    assert (first.cost, second.cost) == (1.5, 0.5)
    assert first.usage is not None
    assert (first.usage.input_tokens, first.usage.context_used, first.usage.context_window) == (3, 5, 9)


def test_the_cost_of_a_session_that_was_taken_up_is_not_that_of_its_next_turn() -> None:
    session = Session(resume="s").begin(can={"sessionCapabilities": {"resume": {}}}).work()
    session.update("usage_update", used=5, size=9, cost={"amount": 100, "currency": "USD"})

    assert session.end().cost is None


def test_a_program_that_ends_at_once_is_quoted() -> None:
    """Kimi's old command says on stdout where the new one is."""
    session = Session()
    session.write(session.adapter.start())
    session.feed("out", b"no longer maintained, use the new one")
    session.feed("exit", code=0)

    assert session.adapter.farewell(0).startswith(
        "X ended with exit status 0: no longer maintained, use the new one"
    )
