"""What an ACP agent asks by `terminal/*`: whether it may, and what the fold knows of it. Without running anything."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agentguid.agents.acp_commands import CREATE, WISHES, line_of, mark, run_of
from agentguid.agents.base import Answer, Fact, Served
from agentguid.agents.commands import Ran, Run, Wish, is_of, signal_name
from agentguid.protocol.events import ApprovalRequested, ApprovalWithdrawn, ToolFinished
from tests.agents.acp_byhand import Session

JSON = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
PARAMS = some.fixed_dictionaries(
    {},
    optional={
        "command": some.sampled_from(["ls", "", " ", "a\0b", "echo 'x", "sh"]) | JSON,
        "args": some.lists(some.text(max_size=5), max_size=3) | JSON,
        "env": some.lists(some.fixed_dictionaries({"name": some.text(max_size=4), "value": some.text(max_size=4)}), max_size=3) | JSON,
        "cwd": some.sampled_from(["/w", "/w/x", "..", "/etc", ""]) | JSON,
        "outputByteLimit": some.integers() | JSON,
        "terminalId": some.sampled_from(["h-t1000", "../x", "h-t", "h-tzz"]) | JSON,
        "sessionId": some.just("s") | JSON,
    },
)  # fmt: skip


def create(session: Session, identity: Any = "q", **params: Any) -> list[Any]:
    return session.out({"id": identity, "method": CREATE, "params": {"command": "ls", **params}})


def asked(facts: list[Any]) -> list[ApprovalRequested]:
    return [fact for fact in facts if isinstance(fact, ApprovalRequested)]


def run(session: Session, **params: Any) -> str:
    """A command that runs in mode bypass; its id."""
    create(session, **params)
    [errand] = session.adapter.errands
    session.write(session.adapter.served(errand, Ran()))
    terminal: str = session.written[-1]["result"]["terminalId"]
    return terminal


def decide(session: Session, approval: str, decision: Any, **more: Any) -> list[str]:
    answer = Answer(approval, decision, more.get("message"), None, more.get("input"))
    return session.write(session.adapter.answer(answer))


# -- parameters -------------------------------------------------------------------------------------------------------
@settings(max_examples=500)
@given(some.sampled_from([CREATE, *WISHES]), some.sampled_from(["ask", "bypass"]), PARAMS | JSON)
def test_whatever_the_parameters_are_there_is_an_answer(method: str, mode: Any, params: Any) -> None:
    session = Session().begin().work(mode)
    before = len(session.written)
    facts = session.out({"id": "q", "method": method, "params": params})

    answers = [line for line in session.written[before:] if line.get("id") == "q"]
    errands = session.adapter.errands
    assert len(answers) + len(asked(facts)) + len(errands) == 1
    for errand in errands:
        assert isinstance(errand, Run | Wish)
        assert is_of("h", errand.terminal)
    for line in answers:
        assert set(line["error"]) == {"code", "message"}
    session.feed("exit", code=0)
    assert session.adapter.idle


@given(PARAMS)
def test_what_is_run_is_what_was_said(params: dict[str, Any]) -> None:
    found = run_of(params, "serve:1", "h-t1")
    if found is not None:
        assert found.command == params["command"]
        assert list(found.args) == (params.get("args") or [])
        assert all("\0" not in word and name and "=" not in name for name, word in found.env.items())
        assert found.limit is None or found.limit >= 0


@pytest.mark.parametrize(
    "params",
    [
        {"command": ""},
        {"command": "a\0b"},
        {"command": "x" * 200_000},
        {"args": "x"},
        {"args": [1]},
        {"env": {"A": "1"}},
        {"env": [{"name": "A=B", "value": "1"}]},
        {"env": [{"name": "A", "value": 1}]},
        {"env": [7]},
        {"cwd": 7},
    ],
)
def test_parameters_that_are_not_understood_are_refused(params: dict[str, Any]) -> None:
    session = Session().begin().work("bypass")
    create(session, **params)
    assert session.written[-1]["error"]["message"] == "The parameters are not understood."


@pytest.mark.parametrize(
    ("command", "args", "line"),
    [
        ("ls", [], "ls"),
        (" ls  -la ", [], "ls  -la"),
        ("ls", ["-la", "a b"], "ls -la 'a b'"),
        ("/bin/bash", ["-lc", "a && b"], "a && b"),
        ("sh -c 'a && b'", [], "a && b"),
        ("sh", ["-c", "a", "b"], "sh -c a b"),
        ("echo 'open", [], "echo 'open"),
        ("python", ["-c", "x"], "python -c x"),
        ("/usr/bin/sh", ["-c", "a"], "a"),
        ("./evil/bash", ["-c", "ls"], "./evil/bash -c ls"),
        ("/tmp/x/sh", ["-c", "git status"], "/tmp/x/sh -c 'git status'"),
        ("./sh -c ls", [], "./sh -c ls"),
    ],
)
def test_a_command_is_compared_as_one_would_type_it(command: str, args: list[str], line: str) -> None:
    assert line_of(command, args) == line


def test_another_folder_or_variable_makes_another_command() -> None:
    marks = [
        mark("make", "/w", {}),
        mark("make", "/w/x", {}),
        mark("make", "/w", {"PATH": "/x"}),
        mark("make x", "/w", {}),
    ]
    assert len(set(marks)) == 4


def test_no_folder_can_be_written_so_that_it_looks_like_a_variable() -> None:
    assert mark("ls", "/w\0LD_PRELOAD=/w/evil.so", {}) != mark("ls", "/w", {"LD_PRELOAD": "/w/evil.so"})
    assert mark("ls\0/w", "", {}) != mark("ls", "/w", {})


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (40, "40"), (34, "SIGRTMIN"), (0, "0")])
def test_every_signal_has_a_name(number: int, name: str) -> None:
    assert signal_name(number) == name


# -- permission -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("params", "again"),
    [
        ({"command": "make"}, False),
        ({"command": "sh", "args": ["-c", "make"]}, False),
        ({"command": "make", "cwd": "/w"}, False),
        ({"command": "make", "cwd": "/w/x"}, True),
        ({"command": "make", "env": [{"name": "PATH", "value": "/x"}]}, True),
        ({"command": "make", "args": ["install"]}, True),
        ({"command": "make install"}, True),
    ],
)
def test_only_the_very_command_that_was_allowed_runs(params: dict[str, Any], again: bool) -> None:
    session = Session().begin().work()
    [request] = asked(session.ask(1, rawInput={"command": "make"}))
    decide(session, request.approval, "allow_once")

    assert bool(asked(create(session, **params))) == again
    assert len(session.adapter.errands) == int(not again)


@pytest.mark.parametrize(
    "call", [{"kind": "edit"}, {"kind": "other"}, {"kind": "execute", "decision": "reject_once"}]
)
def test_other_permissions_allow_no_command(call: dict[str, Any]) -> None:
    session = Session().begin().work()
    decision = call.pop("decision", "allow_once")
    [request] = asked(session.ask(1, rawInput={"command": "ls"}, **call))
    decide(session, request.approval, decision)
    assert asked(create(session))


def test_a_permission_ends_with_its_turn() -> None:
    session = Session().begin().work()
    [request] = asked(session.ask(1, rawInput={"command": "ls"}))
    decide(session, request.approval, "allow_once")
    session.end()
    session.prompt("t2")
    assert asked(create(session))


def test_a_request_of_ours_names_the_call_that_was_announced() -> None:
    session = Session().begin().work()
    session.update("tool_call", toolCallId="c", kind="execute", title="ls", rawInput={"command": "ls"})
    env = [{"name": "A", "value": "b c"}]
    [request] = asked(create(session, env=env, cwd="/w/x"))
    assert request.item is None, "in another folder it is another command"
    [request] = asked(create(session, "r", env=env))
    assert request.item is not None
    assert request.reason == "With 'A=b c'."


def test_changed_arguments_are_a_no_and_the_user_may_say_why() -> None:
    session = Session().begin().work()
    [request] = asked(create(session))
    assert decide(session, request.approval, "allow_once", input=b"{}") == [f"answer:{request.approval}"]
    assert session.written[-1]["error"]["message"] == "The user does not want this command to be run."
    assert session.adapter.idle


def test_what_the_user_allowed_is_done_and_answers_under_the_requests_own_id() -> None:
    """The same again after a restart: until the answer is on the tape."""
    session = Session().begin().work()
    [request] = asked(create(session))
    assert decide(session, request.approval, "allow_always") == []
    assert decide(session, request.approval, "allow_always") == []
    [errand] = session.adapter.errands
    assert errand.id == f"answer:{request.approval}"
    session.write(session.adapter.served(errand, Ran()))

    assert session.written[-1]["id"] == "q"
    assert session.adapter.idle
    assert session.adapter.commands == [session.written[-1]["result"]["terminalId"]]
    assert asked(create(session, "r")) == [], "it was allowed for good"


def test_a_stop_and_an_end_leave_no_request_open() -> None:
    session = Session().begin().work()
    [request] = asked(create(session))
    writes = session.adapter.stop("t1")
    assert [write.id for write in writes] == ["stop:t1", f"answer:{request.approval}"]
    outputs = session.feed("in", writes[0].data, id="stop:t1")
    assert [type(one.event) for one in outputs if isinstance(one, Fact)] == [ApprovalWithdrawn]
    session.write(writes[1:])
    assert session.written[-1]["error"]["code"] == -32800
    assert session.adapter.idle
    create(session, "r")
    assert session.written[-1]["error"]["message"] == "The user stops this turn."


# -- what the fold knows ----------------------------------------------------------------------------------------------
def test_a_command_is_known_until_it_is_released_and_folds_again_from_its_carry() -> None:
    session = Session().begin().work("bypass")
    terminal = run(session, outputByteLimit=10)
    for method, what in WISHES.items():
        session.out({"id": "w", "method": method, "params": {"terminalId": terminal}})
        [errand] = session.adapter.errands
        assert errand == Wish(errand.id, terminal, what, 10)  # type: ignore[arg-type]
        assert session.adapter.commands == [terminal]
        session.write(session.adapter.served(errand, Ran(output="x", exited=True, code=3)))
    results = [line["result"] for line in session.written[-4:]]
    assert results == [
        {"output": "x", "truncated": False, "exitStatus": {"exitCode": 3, "signal": None}},
        {"exitCode": 3, "signal": None},
        {},
        {},
    ]
    assert session.adapter.commands == []
    session.out({"id": "w", "method": "terminal/output", "params": {"terminalId": terminal}})
    assert "There is no terminal" in session.written[-1]["error"]["message"]


def test_the_carry_keeps_commands_and_permissions() -> None:
    session = Session().begin().work("bypass")
    terminal = run(session)
    again = type(session.adapter)(session.entry, "h", session.adapter.launch, session.adapter.carry())
    assert again.commands == [terminal]


def test_a_call_shows_only_commands_of_ours() -> None:
    """Whatever an agent calls a terminal: it never becomes a path."""
    session = Session().begin().work("bypass")
    terminal = run(session)
    names = ["../../etc", "h-t", "h-tg", f"{terminal}/..", "x-t1000", "", 7, terminal]
    content = [{"type": "terminal", "terminalId": name} for name in names]
    session.update(
        "tool_call", toolCallId="c", title="ls", kind="execute", status="in_progress", content=content
    )
    [shown] = session.adapter.shown
    assert shown.commands == (terminal,)

    line = {"sessionUpdate": "tool_call_update", "toolCallId": "c", "status": "completed"}
    params = {"sessionId": "s", "update": line}
    outputs = session.feed("out", json.dumps({"method": "session/update", "params": params}).encode())
    [ended] = [one for one in outputs if isinstance(one, Fact) and isinstance(one.event, ToolFinished)]
    assert ended.commands == (terminal,)


def test_sixteen_commands_run_at_once_and_what_ended_makes_room() -> None:
    session = Session().begin().work("bypass")
    terminals = [run(session) for _ in range(16)]
    create(session)
    assert "16 commands run already" in session.written[-1]["error"]["message"]
    session.out({"id": "w", "method": "terminal/wait_for_exit", "params": {"terminalId": terminals[3]}})
    [errand] = session.adapter.errands
    session.write(session.adapter.served(errand, Ran(exited=True, code=0)))
    run(session)
    assert terminals[3] not in session.adapter.commands
    assert len(session.adapter.commands) == 16


def test_what_could_not_be_started_is_said_and_not_known() -> None:
    session = Session().begin().work("bypass")
    create(session)
    [errand] = session.adapter.errands
    session.write(session.adapter.served(errand, Served(error="No.")))
    assert session.written[-1]["error"]["message"] == "No."
    assert session.adapter.commands == []


def test_a_request_that_is_taken_back_is_forgotten() -> None:
    session = Session().begin().work("bypass")
    create(session)
    session.out({"method": "$/cancel_request", "params": {"requestId": "q"}})
    assert session.written[-1]["error"]["code"] == -32800
    assert session.adapter.idle
