"""The demo agent is a real process: what it is told to do, it does, and what it did is told."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from agentguid.agents import demo
from agentguid.agents.base import Live
from agentguid.protocol.events import (
    ApprovalRequested,
    ApprovalWithdrawn,
    ConversationConfigured,
    HostEnded,
    ItemAdded,
    SessionIdentified,
    ToolFinished,
    ToolStarted,
    TurnEnded,
)
from tests.agents.driver import Run


def go(cwd: Path, *prompts: str, **how: object) -> Run:
    launch = {key: how.pop(key) for key in ("mode", "resume") if key in how}
    return asyncio.run(Run(demo, cwd, **launch).go(prompts, **how))  # type: ignore[arg-type]


def outcomes(run: Run) -> list[str]:
    return [end.outcome for end in run.of(TurnEnded)]


def texts(run: Run, kind: str = "message") -> list[str]:
    return [item.body.text for item in run.of(ItemAdded) if item.kind == kind]


def test_emit_writes_so_many_finished_messages_in_order(tmp_path: Path) -> None:
    """Each carries its number and the monotonic clock, and is as long as it was asked to be."""
    began = time.monotonic_ns()
    run = go(tmp_path, "emit 500 size 120")

    tokens = [text.split("@")[1].split(":") for text in texts(run)]
    assert [int(number) for _, number, _ in tokens] == list(range(500))
    assert all(began < int(at) < time.monotonic_ns() for _, _, at in tokens)
    assert {len(text) for text in texts(run)} == {120}
    assert outcomes(run) == ["complete"]


def test_emit_deltas_streams_one_message(tmp_path: Path) -> None:
    """The live pieces are the message, under its id."""
    run = go(tmp_path, "emit 300 deltas")

    [message] = run.of(ItemAdded)
    pieces = [output for output in run.outputs if isinstance(output, Live)]
    assert len(pieces) == 300
    assert {piece.item for piece in pieces} == {message.item}
    assert "".join(piece.text for piece in pieces) == message.body.text


def test_emit_keeps_its_rate(tmp_path: Path) -> None:
    run = go(tmp_path, "emit 30 rate 100")

    first, last = (int(texts(run)[place].split("@")[1].split(":")[2]) for place in (0, -1))
    assert 0.28 < (last - first) / 1e9 < 3


def test_it_is_fast_when_no_rate_is_given(tmp_path: Path) -> None:
    """20,000 lines are written in well under a second on an idle machine; this one may be busy."""
    run = go(tmp_path, "emit 20000")

    first, last = (int(texts(run)[place].split("@")[1].split(":")[2]) for place in (0, -1))
    assert (last - first) / 1e9 < 3


def test_directives_run_in_order(tmp_path: Path) -> None:
    (tmp_path / "here.txt").touch()
    run = go(tmp_path, "think; tool\nemit 1;sleep 0.01; long 1000")

    kinds = [type(fact).__name__ for fact in run.facts if not isinstance(fact, SessionIdentified | HostEnded)]
    assert kinds == ["ItemAdded", "ToolStarted", "ToolFinished", "ItemAdded", "ItemAdded", "TurnEnded"]
    assert run.of(ToolFinished)[0].output.text == "here.txt"
    assert len(texts(run)[-1]) == 1000


def test_a_file_of_directives_is_a_script(tmp_path: Path) -> None:
    (tmp_path / "script.txt").write_text("emit 2\nthink\n")
    run = go(tmp_path, "script.txt")

    assert (len(texts(run)), len(texts(run, "thought"))) == (2, 1)


def test_a_script_that_calls_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "script.txt").write_text("emit 1\nscript.txt\n")
    run = go(tmp_path, "script.txt")

    assert outcomes(run) == ["complete"]


def test_anything_else_gets_a_greeting(tmp_path: Path) -> None:
    run = go(tmp_path, "Hello, who are you?")

    assert len(run.of(ToolStarted)) == 1
    assert "demo agent" in texts(run)[0]


def test_the_tour_is_real_work_that_fails_and_is_mended(tmp_path: Path) -> None:
    """A plan, a question with the file, a command that fails, a question with the diff, the command again."""
    run = go(tmp_path, "tour fast")

    assert outcomes(run) == ["complete"]
    assert [request.tool for request in run.of(ApprovalRequested)] == ["Write", "Edit"]
    calls = {call.item: call.name for call in run.of(ToolStarted)}
    ends = [(calls[end.item], end.failed) for end in run.of(ToolFinished) if calls[end.item] != "TodoWrite"]
    assert ends == [("Write", False), ("Bash", True), ("Edit", False), ("Bash", False)]
    assert [end.output.text for end in run.of(ToolFinished)][-2] == "Hello, Ada!"
    assert len(texts(run, "thought")) == 1
    plans = [json.loads(call.input.text)["todos"] for call in run.of(ToolStarted) if call.name == "TodoWrite"]
    assert {step["status"] for step in plans[0]} == {"in_progress", "pending"}
    assert {step["status"] for step in plans[-1]} == {"completed"}


def test_the_tour_takes_no_for_an_answer(tmp_path: Path) -> None:
    run = go(tmp_path, "tour fast", decision="reject_once")

    assert outcomes(run) == ["complete"]
    assert list(tmp_path.iterdir()) == []
    assert "You said no" in "".join(texts(run))


def test_the_tour_can_be_stopped_at_any_moment(tmp_path: Path) -> None:
    run = go(tmp_path, "tour", "emit 1", stop=lambda outputs: len(outputs) > 20)

    assert outcomes(run) == ["interrupted", "complete"]


def test_ask_writes_the_file_when_it_may(tmp_path: Path) -> None:
    run = go(tmp_path, "ask")

    [request] = run.of(ApprovalRequested)
    assert (request.tool, request.item) == ("Write", run.of(ToolStarted)[0].item)
    assert (tmp_path / "demo-note.txt").read_text() == "A note.\n"
    assert not run.of(ToolFinished)[0].failed


def test_ask_does_not_write_when_it_may_not(tmp_path: Path) -> None:
    run = go(tmp_path, "ask", decision="reject_once")

    assert run.of(ToolFinished)[0].failed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "decision"), [("ask", "allow_always"), ("bypass", None), ("accept_edits", None)]
)
def test_it_asks_no_more_than_it_must(tmp_path: Path, mode: str, decision: str | None) -> None:
    """Allowed always, it asks once; in a mode that allows edits it does not ask."""
    run = go(tmp_path, "ask; ask", mode=mode, decision=decision)

    assert len(run.of(ApprovalRequested)) == (1 if decision else 0)
    assert [tool.failed for tool in run.of(ToolFinished)] == [False, False]


def test_fail_is_an_error_of_the_provider_and_the_process_goes_on(tmp_path: Path) -> None:
    run = go(tmp_path, "fail; emit 1", "emit 1")

    assert outcomes(run) == ["error", "complete"]
    assert "overloaded" in str(run.of(TurnEnded)[0].error)
    assert len(texts(run)) == 1


def test_crash_leaves_a_message_incomplete(tmp_path: Path) -> None:
    """What it said until then is kept, and its last words are in the error."""
    run = go(tmp_path, "crash")

    [message] = run.of(ItemAdded)
    assert message.incomplete
    assert outcomes(run) == ["error"]
    assert "exit status 3: demo agent: crashed" in str(run.of(TurnEnded)[0].error)
    assert run.code == 3


@pytest.mark.parametrize(
    "prompt", ["long 100000000", "emit 100000000", "emit 9 rate 1 deltas", "sleep 60", "think; sleep 60"]
)
def test_it_stops_when_it_is_told_to(tmp_path: Path, prompt: str) -> None:
    """At any moment, and works on the next prompt."""
    run = go(tmp_path, prompt, "emit 1", stop=lambda outputs: len(outputs) > 0)

    assert outcomes(run) == ["interrupted", "complete"]


def test_it_stops_while_it_waits_for_an_answer(tmp_path: Path) -> None:
    run = go(tmp_path, "ask", decision=None, stop=lambda outputs: "ApprovalRequested" in str(outputs[-1:]))

    assert outcomes(run) == ["interrupted"]
    assert len(run.of(ApprovalWithdrawn)) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_resumed_session_keeps_its_id(tmp_path: Path) -> None:
    run = go(tmp_path, "emit 1", resume="a-session")

    assert [session.session for session in run.of(SessionIdentified)] == ["a-session"]


def test_it_ends_when_nobody_talks_to_it_any_more(tmp_path: Path) -> None:
    run = go(tmp_path)

    assert run.code == 0


def test_its_questions_make_a_form_and_it_hears_the_answers(tmp_path: Path) -> None:
    run = go(tmp_path, "question")

    [request] = run.of(ApprovalRequested)
    assert [(one.many, one.free, len(one.choices)) for one in request.questions] == [
        (False, True, 3),
        (True, True, 3),
    ]
    assert outcomes(run) == ["complete"]


@pytest.mark.parametrize(("decision", "written"), [("allow_once", True), ("reject_once", False)])
def test_its_plan_is_carried_out_when_it_may(tmp_path: Path, decision: str, written: bool) -> None:
    run = go(tmp_path, "plan", mode="plan", decision=decision)

    assert [one.tool for one in run.of(ApprovalRequested)] == [
        "ExitPlanMode",
        *(["Write"] if written else []),
    ]
    assert [one.mode for one in run.of(ConversationConfigured)] == (["ask"] if written else [])
    assert (tmp_path / "demo-note.txt").exists() == written


def test_a_mode_that_goes_with_an_answer_is_said(tmp_path: Path) -> None:
    run = go(tmp_path, "ask", decision="allow_always")

    assert run.of(ConversationConfigured) == [ConversationConfigured(mode="accept_edits")]
