"""What the Claude adapter writes: the command line, the handshake, prompts, stops."""

from collections.abc import Sequence
from typing import Any

import pytest

from agentguid.agents import claude
from agentguid.agents.base import Launch, Prompt, Write
from agentguid.agents.claude import ClaudeAdapter
from agentguid.protocol.events import Event, ItemAdded
from agentguid.protocol.items import Body, Mode
from tests.agents.byhand import Session, written


@pytest.mark.parametrize(
    ("mode", "said"),
    [("ask", "default"), ("accept_edits", "acceptEdits"), ("plan", "plan"), ("bypass", "bypassPermissions")],
)
def test_the_permission_mode_is_always_said(mode: Mode, said: str) -> None:
    line = claude.argv("/bin/claude", Launch(cwd="/", model=None, mode=mode, resume=None))

    assert line[line.index("--permission-mode") + 1] == said
    assert "--resume" not in line
    assert "--model" not in line


def test_a_session_is_resumed_with_its_model() -> None:
    line = claude.argv("/bin/claude", Launch(cwd="/", model="opus", mode="ask", resume="s1"))

    assert line[0:2] == ["/bin/claude", "-p"]
    assert line[-4:] == ["--resume", "s1", "--model", "opus"]


def test_the_handshake_is_written_until_it_is_on_the_tape() -> None:
    session = Session()
    [write] = session.adapter.start()
    assert written([write])[0][1]["request"] == {"subtype": "initialize", "hooks": None}

    session.feed("in", write.data, id=write.id)
    assert (session.adapter.start(), session.adapter.ready) == ([], False)

    answer = {"subtype": "success", "request_id": "h-start", "response": {}}
    session.out({"type": "control_response", "response": answer})
    assert session.adapter.ready


def test_its_models_are_those_that_it_names_beside_its_own_choice() -> None:
    session = Session()
    [write] = session.adapter.start()
    session.feed("in", write.data, id=write.id)
    assert session.adapter.models == []

    told = [{"value": "default"}, {"value": "opus"}, {"value": "sonnet[1m]"}, {"name": "nameless"}, "odd"]
    answer = {"subtype": "success", "request_id": "h-start", "response": {"models": told}}
    session.out({"type": "control_response", "response": answer})
    assert session.adapter.models == ["opus", "sonnet[1m]"]


def test_a_prompt_comes_alone_when_nothing_changed() -> None:
    [(id_, line)] = written(Session().adapter.prompt(Prompt("t1", Body("Hi\nthere"), None, "ask")))

    assert id_ == "prompt:t1"
    assert line["message"]["content"] == [{"type": "text", "text": "Hi\nthere"}]


def put(session: Session, writes: Sequence[Write]) -> None:
    """Puts what is to be written on the tape."""
    for one in writes:
        session.feed("in", one.data, id=one.id)


def answers(session: Session, request_id: str, **more: Any) -> list[Event]:
    response = {"subtype": "success", "request_id": request_id, **more}
    return session.out({"type": "control_response", "response": response})


def test_a_changed_mode_is_answered_before_anything_else_is_written() -> None:
    session = Session()
    prompt = Prompt("t1", Body("Hi"), "opus", "plan")
    writes = session.adapter.prompt(prompt)
    assert [(id_, line.get("request")) for id_, line in written(writes)] == [
        ("start:mode-t1", {"subtype": "set_permission_mode", "mode": "plan"})
    ]
    put(session, writes)
    assert session.adapter.prompt(prompt) == []

    answers(session, "h-mode-t1", response={"mode": "plan"})
    writes = session.adapter.prompt(prompt)
    assert [(id_, line.get("request")) for id_, line in written(writes)] == [
        ("start:model-t1", {"subtype": "set_model", "model": "opus"}),
        ("prompt:t1", None),
    ]
    put(session, writes)
    assert len(session.adapter.prompt(Prompt("t2", Body("Hi"), "opus", "plan"))) == 1
    back = written(session.adapter.prompt(Prompt("t2", Body("Hi"), None, "plan")))
    assert [line.get("request", {}).get("model", "-") for _, line in back] == [None, "-"]


def test_a_prompt_whose_mode_is_refused_is_not_written_and_says_why() -> None:
    """Nobody believes to be asked who is not, nor the other way round."""
    session = Session(Launch(cwd="/", model=None, mode="bypass", resume=None))
    prompt = Prompt("t1", Body("Hi"), None, "ask")
    put(session, session.adapter.prompt(prompt))
    [notice] = answers(session, "h-mode-t1", subtype="error", error="not now.")
    assert isinstance(notice, ItemAdded)
    again = ClaudeAdapter("h", session.launch, session.adapter.carry())

    for adapter in (session.adapter, again):
        assert adapter.refuses(prompt) == (
            "Claude Code would not work in the mode of this conversation (not now). "
            "Choose another mode, then send the message again."
        )
        assert adapter.prompt(prompt) == []
        [(id_, _)] = written(adapter.prompt(Prompt("t2", Body("Hi"), None, "bypass")))
        assert id_ == "start:mode-t2"
        assert adapter.refuses(Prompt("t2", Body("Hi"), None, "bypass")) == ""


def test_a_tape_on_which_the_prompt_did_not_wait_for_its_mode_is_read_as_before() -> None:
    session = Session()
    put(session, session.adapter.prompt(Prompt("t1", Body("Hi"), None, "plan")))
    session.begin("t1")
    [notice] = answers(session, "h-mode-t1", subtype="error", error="not now")

    assert isinstance(notice, ItemAdded)
    assert (notice.turn, notice.level) == ("t1", "warning")
    assert "not now" in notice.body.text
    assert len(session.adapter.prompt(Prompt("t2", Body("Hi"), None, "plan"))) == 1
    assert not session.adapter.serves(Prompt("t2", Body("Hi"), None, "bypass"))


def test_only_the_open_turn_is_stopped() -> None:
    session = Session().begin("t1")

    assert session.adapter.stop("t0") == []
    [(id_, line)] = written(session.adapter.stop("t1"))
    assert (id_, line["request"]) == ("stop:t1", {"subtype": "interrupt"})
