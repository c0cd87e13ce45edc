"""How a turn of Claude Code ends, and what is said about it."""

from typing import Any

import pytest

from agentguid.agents.base import Launch
from agentguid.protocol.events import (
    ApprovalWithdrawn,
    Event,
    HostEnded,
    ItemAdded,
    SessionIdentified,
    ToolFinished,
    TurnEnded,
)
from agentguid.protocol.items import Body
from tests.agents.byhand import Session, end_of, result, streamed, tool


def test_a_result_without_a_turn_ends_none() -> None:
    assert Session().out(result()) == []


def test_what_is_open_when_a_turn_ends_belongs_to_it() -> None:
    """Blocks, calls and requests that will not be finished come out before the turn's end."""
    session = Session().begin()
    block = {"type": "tool_use", "id": "c2", "name": "Write", "input": {}}
    session.out(tool("c1"), streamed("content_block_start", index=1, content_block=block))
    session.ask()
    facts = session.out(result())

    assert [type(fact).__name__ for fact in facts] == [
        "ToolStarted",
        "ToolFinished",
        "ToolFinished",
        "ApprovalWithdrawn",
        "TurnEnded",
    ]
    assert session.adapter.idle


def test_work_that_the_agent_began_by_itself_ends_no_turn_but_costs() -> None:
    """Its cost is part of the next turn's."""
    session = Session().begin()
    own = {"origin": {"kind": "task-notification"}, "model_usage_since_last_result": {"m": {"costUSD": 0.5}}}
    assert session.out(result(**own)) == []

    assert end_of(session, model_usage_since_last_result={"m": {"costUSD": 0.25}}).cost == 0.75


def test_the_cost_of_a_turn_is_its_own_where_only_a_total_is_told() -> None:
    session = Session().begin("t1")
    costs = [end_of(session, total_cost_usd=0.5).cost]
    costs.append(end_of(session.begin("t2"), total_cost_usd=0.75).cost)

    assert costs == [0.5, 0.25]


@pytest.mark.parametrize("strange", [None, "x", [], {}, -1, 1e300, True])
def test_a_strange_result_still_ends_the_turn(strange: Any) -> None:
    keys = [
        "usage",
        "modelUsage",
        "model_usage_since_last_result",
        "total_cost_usd",
        "duration_ms",
        "origin",
        "errors",
    ]
    session = Session().begin()

    assert end_of(session, **dict.fromkeys(keys, strange)).outcome == "complete"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"api_error_status": 401, "result": "Invalid API key"}, "agentguictl agents login claude-code"),
        ({"api_error_status": 429, "result": "slow down"}, "Wait until it is lifted"),
        ({"api_error_status": 529, "result": "Overloaded"}, "Try again in a minute"),
        ({"api_error_status": 500, "result": "oops"}, "The model provider failed (oops)"),
        ({"api_error_status": 404, "result": "no model"}, "Choose another model"),
        ({"api_error_status": 400, "terminal_reason": "prompt_too_long"}, "/compact"),
        ({"result": "Credit balance is too low"}, "Add credit"),
        ({"result": "Not logged in · Please run /login"}, "agentguictl agents login claude-code"),
        ({"terminal_reason": "api_error", "result": "fetch failed"}, "Check the network connection"),
        ({"subtype": "error_max_turns"}, "Send `go on` to continue"),
        ({"errors": ["No conversation found with session ID: x"]}, "begin a new session"),
        ({"errors": ["strange"], "subtype": "error_during_execution"}, "(strange)"),
    ],
)
def test_an_error_says_what_to_do(fields: dict[str, Any], words: str) -> None:
    end = end_of(Session().begin(), **{"is_error": True, **fields})

    assert end.outcome == "error"
    assert words in str(end.error)


def test_an_error_of_the_provider_is_told_once() -> None:
    """It comes as a message and again in the result; a sub-agent's comes only as a message."""
    session = Session().begin()
    session.out(tool("c1", "Agent"))
    message = {"id": "m", "model": "<synthetic>", "content": [{"type": "text", "text": "API Error: 529"}]}
    line = {"type": "assistant", "message": message, "is_api_error_message": True}

    assert session.out(line) == []
    [notice] = session.out({**line, "parent_tool_use_id": "c1"})
    assert isinstance(notice, ItemAdded)
    assert (notice.kind, notice.level, notice.parent) == ("notice", "warning", "h-20")


def test_a_stop_that_was_asked_for_is_no_error() -> None:
    session = Session().begin()
    [write] = session.adapter.stop("t1")
    session.feed("in", write.data, id=write.id)

    assert end_of(session, is_error=True, subtype="error_during_execution").outcome == "interrupted"


def test_a_session_is_told_when_it_is_new() -> None:
    session = Session()
    line = {"type": "system", "subtype": "init", "session_id": "s1", "model": "opus"}

    assert session.out(line, line, {**line, "model": "sonnet"}) == [
        SessionIdentified(host="h", session="s1", model="opus"),
        SessionIdentified(host="h", session="s1", model="sonnet"),
    ]


def test_a_session_that_cannot_be_resumed_is_told_and_known() -> None:
    session = Session(Launch(cwd="/", model=None, mode="ask", resume="x"))
    said = "No conversation found with session ID: x"
    [notice] = session.out(result(is_error=True, errors=[said], subtype="error_during_execution"))

    assert isinstance(notice, ItemAdded)
    assert notice.level == "error"
    assert session.adapter.lost


LOST = "No conversation found with session ID: x"


@pytest.mark.parametrize("turn", [None, "t1"])
@pytest.mark.parametrize("where", ["result", "stderr"])
def test_a_lost_session_is_known_however_it_is_told(turn: str | None, where: str) -> None:
    """Also when the prompt was on the tape before; without a turn to say so, a notice does."""
    session = Session(Launch(cwd="/", model=None, mode="ask", resume="x"))
    if turn:
        session.begin(turn)
    facts: list[Event] = []
    if where == "result":
        facts += session.out(result(is_error=True, errors=[LOST], subtype="error_during_execution"))
    else:
        session.feed("err", LOST.encode())
    facts += session.exit(1)

    assert session.adapter.lost
    told, _ = facts
    if turn:
        assert isinstance(told, TurnEnded)
        assert "begin a new session" in str(told.error)
    else:
        assert isinstance(told, ItemAdded)
        assert "It begins anew, without memory" in told.body.text


@pytest.mark.parametrize("turn", [None, "t1"])
def test_a_session_that_was_resumed_is_not_lost(turn: str | None) -> None:
    """Whatever is said later, on the error output or in an error."""
    session = Session(Launch(cwd="/", model=None, mode="ask", resume="x"))
    session.out({"type": "system", "subtype": "init", "session_id": "x", "model": "opus"})
    if turn:
        session.begin(turn)
    session.feed("err", LOST.encode())
    session.out(result(is_error=True, errors=[LOST]))
    session.exit(1)

    assert not session.adapter.lost


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        (
            "the working directory cannot be entered: No such file or directory",
            "Claude Code cannot be started: the working directory cannot be entered: No such file or directory. "
            "Create the folder or choose another one, then send the message again.",
        ),
        (
            "cannot change to directory /gone: No such file or directory",
            "Claude Code cannot be started: cannot change to directory /gone: No such file or directory. "
            "Create the folder or choose another one, then send the message again.",
        ),
        (
            "the program cannot be started: Permission denied; is it installed, and on PATH?",
            "Claude Code cannot be started: Permission denied; is it installed, and on PATH? "
            "Put that right, then send the message again.",
        ),
    ],
)
def test_an_agent_that_never_started_says_why(why: str, sentence: str) -> None:
    """To a turn whose prompt it never got, to one whose prompt it got, and to who looks at the host."""
    waiting, open_ = Session(), Session().begin()

    assert waiting.exit(127, why.encode()) == [HostEnded(host="h", code=127, stderr=why)]
    assert waiting.adapter.farewell(127) == sentence
    assert open_.exit(127, why.encode())[0] == TurnEnded(turn="t1", outcome="error", error=sentence)


@pytest.mark.parametrize(
    ("code", "outcome", "words"),
    [
        (3, "error", "Claude Code ended with exit status 3: last words. Send the message again"),
        (-9, "error", "Claude Code was ended by SIGKILL: last words"),
        (-77, "error", "signal 77"),
        (None, "interrupted", "The process that held Claude Code vanished"),
    ],
)
def test_an_exit_closes_everything(code: int | None, outcome: str, words: str) -> None:
    session = Session().begin()
    session.out(
        streamed("content_block_start", index=0, content_block={"type": "text", "text": "Hal"}), tool("c1")
    )
    session.ask()
    session.feed("err", b"last words")
    said, finished, withdrawn, ended, host = session.exit(code)

    assert isinstance(said, ItemAdded)
    assert (said.body.text, said.incomplete) == ("Hal", True)
    assert finished == ToolFinished(item="h-30", output=Body(""), incomplete=True)
    assert isinstance(withdrawn, ApprovalWithdrawn)
    assert isinstance(ended, TurnEnded)
    assert ended.outcome == outcome
    assert words in str(ended.error)
    assert host == HostEnded(host="h", code=code, stderr="last words\n")
    assert (session.adapter.idle, session.adapter.turn, session.adapter.ready) == (True, None, False)


def test_an_exit_after_a_stop_is_no_error() -> None:
    session = Session().begin()
    [write] = session.adapter.stop("t1")
    session.feed("in", write.data, id=write.id)
    ended, _ = session.exit(-15)

    assert ended == TurnEnded(turn="t1", outcome="interrupted")


def test_an_exit_between_turns_ends_only_the_host() -> None:
    assert Session().exit(0) == [HostEnded(host="h", code=0)]


def test_of_much_stderr_the_last_is_kept() -> None:
    session = Session().begin()
    for number in range(5_000):
        session.feed("err", f"line {number}".encode())
    notice, ended, host = session.exit(1)

    assert isinstance(notice, ItemAdded)
    assert "line 4999" in notice.body.text
    assert isinstance(ended, TurnEnded)
    assert len(str(ended.error)) < 500
    assert isinstance(host, HostEnded)
    assert len(host.stderr) == 4096
