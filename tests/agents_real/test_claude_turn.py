"""One turn of genuine Claude Code: every step of it in the log, once, in order; the files on disk."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.agents_real.work import Work
from tests.support.daemon import wait_for

pytestmark = pytest.mark.agents

STORY = [
    "turn.started",
    "thought",
    "message",
    "Write note.txt",
    "asks for Write",
    "allow_once",
    "done",
    "message",
    "Bash wc -l note.txt",
    "done",
    "message",
    "Bash cat missing-file.txt",
    "failed",
    "message",
    "complete",
]


def test_a_turn_with_every_kind_of_step(work: Work) -> None:
    """Thinking, a file that needs a permission, a command, a tool that fails, the answer."""
    conversation = work.start("[[story]] write a note, please")
    approval = work.pending(conversation)
    assert not (work.daemon.work / "note.txt").exists()

    work.decide(conversation)
    turn = work.daemon.ended(conversation)

    assert turn["status"] == "complete", turn
    assert work.steps(conversation) == STORY
    assert (work.daemon.work / "note.txt").read_text() == "a note\nof two lines\n"
    assert work.texts(conversation, "thought") == ["The note has to be written before it can be counted."]
    assert work.texts(conversation, "message")[-1].startswith("## Done\n\nThe note has **two** lines")
    assert not work.texts(conversation, "unknown")
    outputs = [event["data"]["output"]["text"] for event in work.events(conversation, "tool.finished")]
    assert "2 note.txt" in outputs[1]
    assert "No such file or directory" in outputs[2]
    assert {option["kind"] for option in approval["options"]} == {"allow_once", "allow_always", "reject_once"}
    assert len(work.model.asked("write a note, please")) == 1
    assert not work.model.strange
    work.verifies()


def test_usage_cost_and_session_are_known(work: Work) -> None:
    conversation = work.start("[[simple]] hello")
    turn = work.daemon.ended(conversation)

    assert turn["usage"]["input_tokens"] > 0
    assert turn["usage"]["output_tokens"] > 0
    assert turn["cost"] > 0
    (session,) = work.sessions(conversation)
    home = work.daemon.root / "home" / ".claude" / "projects"
    assert list(home.rglob(f"{session}.jsonl")), "Claude Code keeps its own record under that id"


def test_a_refused_permission_is_told_to_the_model(work: Work) -> None:
    """Nothing is done, the model hears why, and the turn goes on to its end."""
    conversation = work.start("[[permwrite]] go")

    work.decide(conversation, "reject_once", message="Not into this folder.")
    turn = work.daemon.ended(conversation)

    assert turn["status"] == "complete", turn
    assert not (work.daemon.work / "note.txt").exists()
    assert work.steps(conversation)[3:] == ["asks for Write", "reject_once", "failed", "message", "complete"]
    assert "Not into this folder." in work.texts(conversation, "message")[-1]
    assert "Not into this folder." in work.model.of("permwrite")[-1].ask.texts("result")[-1]


def test_a_permission_for_good_is_not_asked_again(work: Work) -> None:
    conversation = work.start("[[permwrite]] first")
    work.decide(conversation, "allow_always")
    work.daemon.ended(conversation)
    (work.daemon.work / "note.txt").unlink()

    turn = work.ask(conversation, "[[permwrite]] second")

    assert turn["status"] == "complete", turn
    assert (work.daemon.work / "note.txt").exists()
    assert work.steps(conversation).count("asks for Write") == 1


def test_changed_arguments_are_what_is_run(work: Work) -> None:
    """The user may change what a tool is given before allowing it."""
    conversation = work.start("[[permwrite]] go")
    note = {"file_path": str(work.daemon.work / "other.txt"), "content": "as the user wants it\n"}

    work.decide(conversation, updatedInput=note)
    work.daemon.ended(conversation)

    assert (work.daemon.work / "other.txt").read_text() == "as the user wants it\n"
    assert not (work.daemon.work / "note.txt").exists()


def test_two_tools_at_once_and_a_sub_agent(work: Work) -> None:
    """Each result belongs to its own call, and what a sub-agent did belongs to the call that began it."""
    conversation = work.start("[[parallel]] go")
    work.daemon.ended(conversation)
    calls = {e["data"]["item"]: e["data"] for e in work.events(conversation, "tool.started")}
    results = {
        e["data"]["item"]: e["data"]["output"]["text"] for e in work.events(conversation, "tool.finished")
    }
    said = sorted(results[item] for item in calls)
    assert said == ["one", "two"]
    assert all(("one" in results[item]) == ("one" in call["input"]["text"]) for item, call in calls.items())

    other = work.start("[[task]] go")
    work.daemon.ended(other)
    begun = {e["data"]["name"]: e["data"] for e in work.events(other, "tool.started")}
    assert begun["Bash"]["parent"] == begun["Agent"]["item"]
    assert work.texts(other, "message")[-1].startswith("The sub-agent answered:")


def test_two_conversations_at_once_do_not_mix(work: Work) -> None:
    """Both are at work at the same time; each gets its own answers."""
    names = ("alpha", "beta")
    with ThreadPoolExecutor() as pool:
        conversations = dict(
            zip(names, pool.map(lambda name: work.start(f"[[slow]] {name}"), names), strict=True)
        )
    work.reached("slow", len(names))
    begun = time.monotonic()
    for conversation in conversations.values():
        work.daemon.ended(conversation)
    assert time.monotonic() - begun < 30

    for name, conversation in conversations.items():
        work.ask(conversation, f"[[recall]] {name}")
        assert work.texts(conversation, "message")[-1] == f"Earlier you told me: {name}"
    assert set(work.sessions(conversations["alpha"])).isdisjoint(work.sessions(conversations["beta"]))


def test_a_message_while_busy_waits_for_its_turn(work: Work) -> None:
    conversation = work.start("[[think]] first")
    second = work.daemon.send(conversation, "[[simple]] second")
    assert second["queued"] is True

    wait_for(lambda: work.steps(conversation).count("complete") == 2, "both turns")
    prompts = [event["data"]["body"]["text"] for event in work.events(conversation, "turn.started")]
    assert prompts == ["[[think]] first", "[[simple]] second"]
    assert len(work.model.asked("second")) == 1
