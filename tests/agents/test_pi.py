"""What no recording of Pi has, and how it is answered; its handshake."""

from typing import Any

import pytest

from agentguid.agents.base import Answer, Launch, Line, Prompt
from agentguid.agents.pi import Pi, PiAdapter
from agentguid.protocol.events import (
    ApprovalRequested,
    ApprovalWithdrawn,
    Event,
    ItemAdded,
    MessageSteered,
    SessionIdentified,
    TurnEnded,
)
from agentguid.protocol.items import Body, Mode, Reply
from tests.agents.pi_recordings import ENTRY
from tests.conformance.kind import CWD, Object
from tests.conformance.pi import PI
from tests.conformance.worker import Worker


class Silent:
    """A stand-in that answers nothing by itself."""

    def peer(self, _line: Object) -> list[Object]:
        return []


def hands(resume: str | None = None, model: str | None = None) -> Worker:
    """An adapter of which every line is answered by hand."""
    worker = Worker(PI)
    worker.adapter = PiAdapter(ENTRY, "h", Launch(CWD, model, "ask", resume))
    object.__setattr__(worker, "kind", Silent())
    return worker


def answer(worker: Worker, name: str, kind: str, data: Any = None, error: str | None = None) -> list[Event]:
    before = len(worker.facts)
    line = {"id": name, "type": "response", "command": kind, "success": error is None, "data": data}
    worker.out({**line, "error": error} if error is not None else line)
    return worker.facts[before:]


def begun(*commands: str, model: str | None = None) -> Worker:
    """Through the handshake, with these commands."""
    worker = hands(model=model)
    worker.write(worker.adapter.start())
    found = {"provider": "p", "id": "big", "contextWindow": 100}
    answer(worker, "start", "get_state", {"sessionId": "s1", "model": found})
    answer(worker, "start:commands", "get_commands", {"commands": [{"name": name} for name in commands]})
    return worker


def give(worker: Worker, turn: str = "t1", text: str = "x", mode: Mode = "ask") -> None:
    """The prompt, after its mode."""
    prompt = Prompt(turn, Body(text), None, mode)
    worker.write(worker.adapter.prompt(prompt))
    if worker.ids[-1].startswith("start:mode"):
        answer(worker, worker.ids[-1], "prompt")
        worker.write(worker.adapter.prompt(prompt))


def state(worker: Worker, *, streaming: bool = False, compacting: bool = False, waiting: int = 0) -> None:
    """Answers the latest question how it stands."""
    told = {"isStreaming": streaming, "isCompacting": compacting, "pendingMessageCount": waiting}
    answer(worker, worker.adapter.state.probe, "get_state", told)  # type: ignore[attr-defined]


def ends(worker: Worker) -> list[TurnEnded]:
    return [fact for fact in worker.facts if isinstance(fact, TurnEnded)]


# -- the handshake ----------------------------------------------------------------------------------------------------
def test_a_pi_without_our_extension_works_only_where_nothing_is_to_be_asked() -> None:
    """Nor is it told a mode: it would take that for a prompt."""
    worker = begun("survey")
    asked = Prompt("t1", Body("x"), None, "ask")

    assert "did not take on what makes it ask" in worker.adapter.refuses(asked)
    assert not worker.adapter.prompt(asked)
    [written] = worker.adapter.prompt(Prompt("t1", Body("x"), None, "bypass"))
    assert written.id == "prompt:t1"


def test_a_prompt_waits_until_its_mode_is_taken() -> None:
    worker = begun("agentguid")
    prompt = Prompt("t1", Body("x"), None, "plan")
    assert worker.write(worker.adapter.prompt(prompt)) == ["start:mode-1"]
    assert not worker.adapter.prompt(prompt)
    answer(worker, "start:mode-1", "prompt")

    assert [one.id for one in worker.adapter.prompt(prompt)] == ["prompt:t1"]


def test_a_mode_that_is_not_taken_is_never_worked_in() -> None:
    worker = begun("agentguid")
    worker.write(worker.adapter.prompt(Prompt("t1", Body("x"), None, "ask")))
    answer(worker, "start:mode-1", "prompt", error="no such command")

    assert "would not change its permission mode (no such command)" in worker.adapter.refuses(
        Prompt("t1", Body("x"), None, "ask")
    )


def test_a_user_cannot_change_the_mode_by_a_message() -> None:
    """The command of our extension reaches Pi as words."""
    worker = begun("agentguid")
    give(worker, text="/agentguid bypass")

    assert worker.written[-1]["message"] == " /agentguid bypass"
    give(worker, "t2", text="/skill:review this")
    assert worker.written[-1]["message"] == "/skill:review this"


def test_the_model_is_chosen_by_another_process() -> None:
    """Told by the protocol, Pi would make it the user's default."""
    argv = Pi(ENTRY).argv("pi", Launch(CWD, "p/small", "ask", "s1"))
    assert argv[-4:] == ["--session", "s1", "--model", "p/small"]
    worker = begun("agentguid", model="p/big:high")

    for model, fits in ((None, True), ("p/big", True), ("p/big:high", True), ("p/small", False)):
        assert worker.adapter.serves(Prompt("t1", Body("x"), model, "ask")) == fits


@pytest.mark.parametrize(
    "said", ["No session found matching 's1'", "Session found in different project: /elsewhere"]
)
def test_a_session_that_is_gone_is_not_asked_for_again(said: str) -> None:
    worker = hands(resume="s1")
    worker.write(worker.adapter.start())
    worker.feed("err", said.encode())
    worker.feed("exit", code=1)

    assert worker.adapter.lost


def test_without_a_sign_in_it_says_how() -> None:
    worker = hands()
    worker.write(worker.adapter.start())
    worker.feed("err", b"No models available. Use /login or set an API key.")
    worker.feed("exit", code=1)

    assert worker.adapter.farewell(1).endswith("Run `pi` in a terminal and type /login.")


# -- how a turn ends --------------------------------------------------------------------------------------------------
def test_a_prompt_that_is_not_taken_ends_its_turn() -> None:
    worker = begun("agentguid")
    give(worker)
    answer(worker, "prompt:t1", "prompt", error="No API key found for anthropic.\n\nUse /login to sign in.")
    [ended] = ends(worker)

    assert (ended.outcome, worker.adapter.turn) == ("error", None)
    assert str(ended.error).startswith("Pi is not signed in (No API key found for anthropic.")


def test_room_that_is_made_before_a_prompt_does_not_end_its_turn() -> None:
    worker = begun("agentguid")
    give(worker)
    worker.out({"type": "compaction_start", "reason": "threshold"})
    worker.out({"type": "compaction_end", "result": {"summary": "x"}, "aborted": False, "willRetry": False})
    state(worker)
    assert not ends(worker)

    answer(worker, "prompt:t1", "prompt")
    worker.out({"type": "agent_start"}, {"type": "agent_end", "messages": []})
    state(worker)
    assert [ended.outcome for ended in ends(worker)] == ["complete"]


def test_a_command_of_an_extension_is_a_turn_without_an_answer() -> None:
    worker = begun("agentguid", "survey")
    give(worker, text="/survey")
    answer(worker, "prompt:t1", "prompt")
    state(worker)

    assert [ended.outcome for ended in ends(worker)] == ["complete"]


def test_what_it_goes_on_with_after_making_room_is_the_same_turn() -> None:
    """A message that was steered in starts it again."""
    worker = begun("agentguid")
    give(worker)
    answer(worker, "prompt:t1", "prompt")
    worker.out({"type": "agent_start"}, {"type": "agent_end", "messages": []}, {"type": "compaction_start"})
    worker.out({"type": "compaction_end", "result": {"summary": "x"}, "aborted": False, "willRetry": False})
    state(worker, waiting=1)
    assert not ends(worker)

    worker.out({"type": "agent_start"}, {"type": "agent_end", "messages": []})
    state(worker)
    assert len(ends(worker)) == 1


def test_a_message_that_came_too_late_is_not_said_twice() -> None:
    """It waits in Pi, and with us: another process takes the next prompt."""
    worker = begun("agentguid")
    give(worker)
    answer(worker, "prompt:t1", "prompt")
    worker.out({"type": "agent_start"})
    assert worker.write(worker.steer("m2")) == ["steer:m2"]
    worker.out({"type": "queue_update", "steering": ["Also this"], "followUp": []})
    answer(worker, "steer:m2", "steer")
    worker.out({"type": "agent_end", "messages": []})
    state(worker, waiting=1)

    assert len(ends(worker)) == 1
    assert not [fact for fact in worker.facts if isinstance(fact, MessageSteered)]
    assert not worker.adapter.serves(Prompt("t2", Body("x"), None, "ask"))


def test_a_message_that_it_does_not_take_into_its_turn_waits_on() -> None:
    worker = begun("agentguid")
    give(worker)
    answer(worker, "prompt:t1", "prompt")
    worker.out({"type": "agent_start"})
    worker.write(worker.steer("m2"))
    [said] = answer(worker, "steer:m2", "steer", error='Extension command "/x" cannot be queued.')

    assert isinstance(said, ItemAdded)
    assert "would not take a message into this turn" in said.body.text


def test_nothing_is_stopped_before_it_works() -> None:
    """Pi would take up the prompt all the same."""
    worker = begun("agentguid")
    give(worker)
    assert not worker.adapter.stop("t1")
    worker.out({"type": "agent_start"})

    assert [one.id for one in worker.adapter.stop("t1")] == ["stop:t1"]


# -- what it asks -----------------------------------------------------------------------------------------------------
def working() -> Worker:
    worker = begun("agentguid")
    give(worker)
    answer(worker, "prompt:t1", "prompt")
    worker.out({"type": "agent_start"})
    return worker


def dialog(worker: Worker, method: str, **more: Any) -> ApprovalRequested | None:
    before = len(worker.facts)
    worker.out({"type": "extension_ui_request", "id": "d1", "method": method, **more})
    return next((fact for fact in worker.facts[before:] if isinstance(fact, ApprovalRequested)), None)


CALL = '{"call":"c1","tool":"bash","input":{"command":"ls"},"always":"for exactly this command"}'


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({"decision": "allow_once"}, '{"allow":true,"always":false}'),
        ({"decision": "allow_always"}, '{"allow":true,"always":true}'),
        ({"decision": "reject_once", "message": "Why?"}, '{"allow":false,"reason":"Why?"}'),
        (
            {"decision": "allow_once", "input": b'{"command":"pwd"}'},
            '{"allow":true,"always":false,"input":{"command":"pwd"}}',
        ),
    ],
)
def test_a_call_of_a_tool_runs_as_the_user_said(given: Any, verdict: str) -> None:
    worker = working()
    asked = dialog(worker, "input", title="agentguid", placeholder=CALL)
    assert asked is not None
    assert [option.name for option in asked.options] == [
        "Yes",
        "Yes, and from now on for exactly this command in this session",
        "No",
    ]
    worker.write(
        worker.adapter.answer(
            Answer(
                asked.approval,
                given["decision"],
                given.get("message"),
                None,
                given.get("input"),
            )
        )
    )

    assert worker.written[-1] == {"type": "extension_ui_response", "id": "d1", "value": verdict}


def test_arguments_that_are_no_object_are_not_run() -> None:
    worker = working()
    asked = dialog(worker, "input", title="agentguid", placeholder=CALL)
    assert asked is not None
    worker.write(worker.adapter.answer(Answer(asked.approval, "allow_once", None, None, b"[]")))

    assert worker.written[-1]["value"].startswith('{"allow":false')


def test_a_call_that_is_not_understood_is_not_run() -> None:
    worker = working()
    assert dialog(worker, "input", title="agentguid", placeholder="{") is None

    assert worker.written[-1] == {"type": "extension_ui_response", "id": "d1", "cancelled": True}


@pytest.mark.parametrize(
    ("method", "more", "reply", "said"),
    [
        ("select", {"title": "Which?", "options": ["a", "b"]}, Reply(chosen=["b"]), {"value": "b"}),
        ("input", {"title": "Name", "placeholder": "yours"}, Reply(words="Ada"), {"value": "Ada"}),
        ("editor", {"title": "Mend", "prefill": "x\ny"}, Reply(words="z"), {"value": "z"}),
    ],
)
def test_what_an_extension_of_the_users_likes_to_know_is_a_form(
    method: str, more: Object, reply: Reply, said: Object
) -> None:
    worker = working()
    asked = dialog(worker, method, **more)
    assert asked is not None
    [question] = asked.questions
    assert question.text == more["title"]
    given = Answer(asked.approval, "allow_once", None, None, None, {question.id: reply})
    worker.write(worker.adapter.answer(given))

    assert worker.written[-1] == {"type": "extension_ui_response", "id": "d1", **said}


@pytest.mark.parametrize("decision", ["allow_once", "reject_once"])
def test_a_confirmation_is_yes_or_no(decision: Any) -> None:
    worker = working()
    asked = dialog(worker, "confirm", title="Sure?", message="It cannot be undone.")
    assert asked is not None
    assert asked.reason == "It cannot be undone."
    worker.write(worker.adapter.answer(Answer(asked.approval, decision, None, None, None)))

    assert worker.written[-1]["confirmed"] == (decision == "allow_once")


@pytest.mark.parametrize("options", [[], ["a", "a"], [1], [str(n) for n in range(51)], "a"])
def test_a_choice_that_cannot_be_shown_is_dismissed(options: Any) -> None:
    worker = working()
    assert dialog(worker, "select", title="Which?", options=options) is None

    assert worker.written[-1]["cancelled"] is True


def test_a_stop_answers_what_it_waits_for() -> None:
    """An extension would wait for ever, and Pi for it."""
    worker = working()
    asked = dialog(worker, "confirm", title="Sure?", message="")
    assert asked is not None
    worker.write(worker.adapter.stop("t1"))

    assert [line["type"] for line in worker.written[-2:]] == ["abort", "extension_ui_response"]
    assert [fact.approval for fact in worker.facts if isinstance(fact, ApprovalWithdrawn)] == [asked.approval]


def test_words_of_extensions_are_notices_and_their_decoration_is_nothing() -> None:
    worker = working()
    before = len(worker.facts)
    for method in ("setStatus", "setWidget", "setTitle", "set_editor_text"):
        worker.out({"type": "extension_ui_request", "id": "d1", "method": method, "text": "x"})
    assert len(worker.facts) == before
    worker.out(
        {
            "type": "extension_ui_request",
            "id": "d1",
            "method": "notify",
            "message": "Careful",
            "notifyType": "warning",
        }
    )
    worker.out(
        {"type": "extension_error", "extensionPath": "/x/mine.ts", "event": "tool_call", "error": "boom"}
    )

    said = [(fact.level, fact.body.text) for fact in worker.facts[before:] if isinstance(fact, ItemAdded)]
    assert said == [
        ("warning", "Careful"),
        ("warning", "An extension of Pi failed (mine.ts, tool_call): boom"),
    ]


def test_an_agent_session_is_named_with_its_model() -> None:
    [named] = [fact for fact in begun("agentguid").facts if isinstance(fact, SessionIdentified)]

    assert (named.session, named.model) == ("s1", "p/big")


def test_a_picture_that_a_tool_shows_is_kept() -> None:
    """In the shape that pages show pictures of."""
    worker = working()
    worker.out({"type": "tool_execution_start", "toolCallId": "c", "toolName": "read", "args": {"path": "x"}})
    picture = {"type": "image", "data": "iVBORw0KGgo=", "mimeType": "image/png"}
    worker.out({"type": "tool_execution_end", "toolCallId": "c", "result": {"content": [picture]}})

    finished: Any = worker.facts[-1]
    assert (finished.output.type, "iVBORw0KGgo=" in finished.output.text) == ("application/json", True)


def test_a_tool_that_dies_with_pi_keeps_what_it_printed() -> None:
    worker = working()
    worker.out({"type": "tool_execution_start", "toolCallId": "c", "toolName": "bash", "args": {}})
    so_far = {"content": [{"type": "text", "text": "half"}]}
    worker.out({"type": "tool_execution_update", "toolCallId": "c", "partialResult": so_far})
    outputs = worker.adapter.feed(Line("exit", 10**6, b"", 0, code=-9))

    finished: Any = outputs[0]
    assert (finished.event.output.text, finished.event.incomplete) == ("half", True)
