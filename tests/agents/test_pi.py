"""The handshake of Pi, and how its turns end: what no recording has."""

import json
import os
from pathlib import Path

import pytest

from agentguid.agents.base import Launch, Prompt
from agentguid.agents.pi import Pi
from agentguid.protocol.events import ItemAdded, MessageSteered
from agentguid.protocol.items import Body
from tests.agents.pi_byhand import answer, begun, ends, give, hands, state
from tests.agents.pi_recordings import ENTRY
from tests.conformance.kind import CWD


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
    """Told by the protocol, Pi would make it the user's default. Nor does one that was begun with a model go back to the default."""
    argv = Pi(ENTRY).argv("pi", Launch(CWD, "p/small", "ask", "s1"))
    assert argv[-4:] == ["--session", "s1", "--model", "p/small"]
    chosen, default = begun("agentguid", model="p/big:high"), begun("agentguid")

    for model, fits in ((None, False), ("p/big", True), ("p/big:high", True), ("p/small", False)):
        assert chosen.adapter.serves(Prompt("t1", Body("x"), model, "ask")) == fits
    for model, fits in ((None, True), ("p/big", True), ("p/small", False)):
        assert default.adapter.serves(Prompt("t1", Body("x"), model, "ask")) == fits


@pytest.mark.parametrize(
    ("users", "projects", "said"),
    [
        ({"defaultProvider": "p", "defaultModel": "big"}, {}, ["--model", "p/big"]),
        ({"defaultProvider": "p", "defaultModel": "big"}, {"defaultModel": "tiny"}, ["--model", "p/tiny"]),
        ({"defaultModel": "big"}, {}, []),
        ({"defaultProvider": "p\n", "defaultModel": "big"}, {}, []),
        ({"defaultProvider": ["p"], "defaultModel": "big"}, None, []),
        (None, None, []),
    ],
)
def test_a_session_goes_back_to_the_default_model(
    users: object, projects: object, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself Pi would go on with the one that the session had."""
    for folder, settings in ((tmp_path / "home/.pi/agent", users), (tmp_path / "work/.pi", projects)):
        folder.mkdir(parents=True)
        if settings is not None:
            (folder / "settings.json").write_text(json.dumps(settings))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PI_CODING_AGENT_DIR", raising=False)
    work = str(tmp_path / "work")

    assert Pi(ENTRY).argv("pi", Launch(work, None, "ask", "s1"))[-2 - len(said) :] == [
        "--session",
        "s1",
        *said,
    ]
    assert "--model" not in Pi(ENTRY).argv("pi", Launch(work, None, "ask", None))


def test_what_is_no_file_does_not_keep_a_session_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".pi").mkdir()
    os.mkfifo(tmp_path / ".pi/settings.json")

    assert "--model" not in Pi(ENTRY).argv("pi", Launch(str(tmp_path), None, "ask", "s1"))


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
