"""What Claude Code did in a terminal comes here, goes on here, and back: each turn once, wherever it was run."""

import subprocess
from typing import Any

import pytest

from tests.agents_real.work import Work
from tests.support.daemon import wait_for

pytestmark = pytest.mark.agents
SESSION = "33333333-3333-4333-8333-333333333333"


def terminal(work: Work, prompt: str, *options: str) -> None:
    """As the user would, without agentguid."""
    program = work.daemon.environ["PATH"].partition(":")[0] + "/claude"
    subprocess.run(
        [program, "-p", prompt, *options],
        env=work.daemon.environ,
        cwd=work.daemon.work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=90,
        check=True,
    )


def take_in(work: Work) -> dict[str, Any]:
    """One import, to its end."""
    asked = work.daemon.api("POST", "/import", {"sources": ["claude-code"]})["request"]

    def done() -> dict[str, Any] | None:
        progress: dict[str, Any] = work.daemon.api("GET", "/import/progress")
        return progress if progress["request"] == asked and not progress["running"] else None

    progress: dict[str, Any] = wait_for(done, "the import to end", work.patience)
    assert (progress["failed"], progress["waiting"]) == (0, 0), progress
    return progress


def prompts(work: Work, conversation: str) -> list[str]:
    return [event["data"]["body"]["text"] for event in work.events(conversation, "turn.started")]


def test_a_session_goes_from_the_terminal_to_us_and_back(work: Work) -> None:
    terminal(work, "[[simple]] alpha", "--session-id", SESSION)
    take_in(work)
    (conversation,) = [one["id"] for one in work.daemon.api("GET", "/conversations")["conversations"]]
    assert prompts(work, conversation) == ["[[simple]] alpha"]

    # It goes on here, with the agent's own memory of it.
    work.ask(conversation, "[[recall]] beta")
    (requested,) = work.events(conversation, "host.requested")
    assert requested["data"]["resume"] == SESSION
    assert "alpha" in work.texts(conversation, "message")[-1]
    before = work.steps(conversation)

    # Claude Code has written down what we did: it is ours, and not told again.
    take_in(work)
    assert work.steps(conversation) == before

    # And on in the terminal, while our own process still holds the session: the tail comes into this conversation.
    terminal(work, "[[story]] gamma", "--resume", SESSION, "--permission-mode", "acceptEdits")
    take_in(work)
    assert prompts(work, conversation) == ["[[simple]] alpha", "[[recall]] beta", "[[story]] gamma"]
    steps = work.steps(conversation)
    assert steps[: len(before)] == before
    assert steps[len(before) : len(before) + 4] == ["turn.started", "thought", "message", "Write note.txt"]
    assert steps[-1] == "complete"
    assert len(work.daemon.api("GET", "/conversations")["conversations"]) == 1

    take_in(work)
    assert work.steps(conversation) == steps

    # Our process knew nothing of that: another one goes on, and knows all of it.
    work.ask(conversation, "[[recall]] delta")
    answer = work.texts(conversation, "message")[-1]
    assert all(word in answer for word in ("alpha", "beta", "gamma")), answer
    steps = work.steps(conversation)
    take_in(work)
    assert work.steps(conversation) == steps
    work.verifies()


def test_a_conversation_of_ours_gets_what_was_done_in_a_terminal(work: Work) -> None:
    conversation = work.start("[[story]] first")
    work.decide(conversation)
    work.ended(conversation)
    before = work.steps(conversation)
    (session,) = work.sessions(conversation)
    take_in(work)
    assert work.steps(conversation) == before

    terminal(work, "[[simple]] second", "--resume", session)
    take_in(work)

    assert prompts(work, conversation) == ["[[story]] first", "[[simple]] second"]
    assert work.steps(conversation)[len(before) :] == ["turn.started", "thought", "message", "complete"]
    imported = work.events(conversation, "turn.started")[-1]
    assert imported["data"]["imported"] is True
    assert imported["origin"]["session"] == session
