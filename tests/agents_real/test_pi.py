"""What the genuine Pi does beyond the stories that all agents share: its modes are our extension's."""

import pytest

from tests.agents_real.genuine import AGENTS
from tests.agents_real.work import Work

pytestmark = [
    pytest.mark.agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("genuine", [one for one in AGENTS if one.id == "pi"], indirect=True, ids=["pi"]),
]


def test_in_accept_edits_it_edits_unasked_and_asks_for_commands(story: Work) -> None:
    conversation = story.start("[[permwrite]] go", mode="accept_edits")
    assert story.ended(conversation)["status"] == "complete"
    assert (story.daemon.work / "note.txt").exists()
    assert not [step for step in story.steps(conversation) if step.startswith("asks for")]

    story.daemon.send(conversation, "[[perm]] go")
    story.decide(conversation, "reject_once", message="Use another name for the file.")
    assert story.ended(conversation)["status"] == "complete"
    assert not (story.daemon.work / "made-by-agent.txt").exists()
    assert story.texts(conversation, "message")[-1] == "The tool said: Use another name for the file."


def test_in_accept_edits_it_asks_for_what_lies_elsewhere(story: Work) -> None:
    """A link within the folder does not make it lie there."""
    elsewhere = story.daemon.root / "elsewhere"
    elsewhere.mkdir()
    (story.daemon.work / "note.txt").symlink_to(elsewhere / "note.txt")
    conversation = story.start("[[permwrite]] go", mode="accept_edits")
    assert story.pending(conversation)["tool"] == "Write"
    story.decide(conversation, "reject_once")

    assert story.ended(conversation)["status"] == "complete"
    assert not (elsewhere / "note.txt").exists()


def test_while_it_only_plans_nothing_is_changed_and_then_it_may_work(story: Work) -> None:
    """The model is told so; a command is asked for."""
    conversation = story.start("[[permwrite]] go", mode="plan")
    assert story.ended(conversation)["status"] == "complete"
    assert not (story.daemon.work / "note.txt").exists()
    assert any("Do not change anything" in text for text in story.model.requests[-1].ask.texts("system"))
    story.daemon.send(conversation, "[[perm]] go")
    story.decide(conversation, "reject_once")
    assert story.ended(conversation)["status"] == "complete"

    story.daemon.api("PATCH", f"/conversations/{conversation}", {"mode": "bypass"})
    assert story.ask(conversation, "[[permwrite]] go")["status"] == "complete"
    assert (story.daemon.work / "note.txt").exists()


def test_what_is_allowed_always_does_not_hold_while_it_only_plans(story: Work) -> None:
    conversation = story.start("[[perm]] go")
    story.decide(conversation, "allow_always")
    assert story.ended(conversation)["status"] == "complete"
    (story.daemon.work / "made-by-agent.txt").unlink()

    story.daemon.api("PATCH", f"/conversations/{conversation}", {"mode": "plan"})
    story.daemon.send(conversation, "[[perm]] go")
    kinds = [option["kind"] for option in story.pending(conversation)["options"]]
    assert "allow_always" not in kinds
    story.decide(conversation, "reject_once")
    assert story.ended(conversation)["status"] == "complete"
    assert not (story.daemon.work / "made-by-agent.txt").exists()


def test_arguments_that_were_changed_are_used(story: Work) -> None:
    conversation = story.start("[[perm]] go")
    story.decide(conversation, updatedInput={"command": "echo changed > other.txt"})

    assert story.ended(conversation)["status"] == "complete"
    assert (story.daemon.work / "other.txt").read_text() == "changed\n"
    assert not (story.daemon.work / "made-by-agent.txt").exists()


def test_always_holds_for_exactly_this_command(story: Work) -> None:
    conversation = story.start("[[perm]] go")
    story.decide(conversation, "allow_always")
    assert story.ended(conversation)["status"] == "complete"

    assert story.ask(conversation, "[[perm]] again")["status"] == "complete"
    assert len(story.events(conversation, "approval.requested")) == 1
    story.daemon.send(conversation, "[[slowish]] another command")
    story.decide(conversation, "reject_once")
    assert story.ended(conversation)["status"] == "complete"


def test_a_stop_while_it_asks_withdraws_the_request(story: Work) -> None:
    conversation = story.start("[[perm]] go")
    story.pending(conversation)
    story.daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert story.ended(conversation)["status"] == "interrupted"
    assert story.daemon.api("GET", "/approvals")["approvals"] == []
    assert story.ask(conversation, "[[simple]] and now hello")["status"] == "complete"


def test_a_request_outlives_the_daemon(story: Work) -> None:
    conversation = story.start("[[perm]] go")
    approval = story.pending(conversation)["id"]
    story.daemon.kill()
    story.daemon.start()
    assert story.decide(conversation) == approval

    assert story.ended(conversation)["status"] == "complete"
    assert (story.daemon.work / "made-by-agent.txt").exists()


def test_another_model_works_on_in_the_same_session(story: Work) -> None:
    """And then the default again. The user's settings stay as they were."""
    settings = story.daemon.root / "home/.pi/agent/settings.json"
    before = settings.read_text()
    conversation = story.start("[[remember]] the word is papaya")
    assert story.ended(conversation)["status"] == "complete"
    story.daemon.api("PATCH", f"/conversations/{conversation}", {"model": "fake/fake-small"})

    assert story.ask(conversation, "[[recall]] what was the word?")["status"] == "complete"
    assert "papaya" in story.texts(conversation, "message")[-1]
    assert story.model.requests[-1].ask.model == "fake-small"
    story.daemon.api("PATCH", f"/conversations/{conversation}", {"model": ""})
    assert story.ask(conversation, "[[recall]] and again?")["status"] == "complete"
    assert story.model.requests[-1].ask.model == "fake"
    assert len(set(story.sessions(conversation))) == 1
    assert '"defaultModel": "fake"' in before
    assert '"defaultModel": "fake"' in settings.read_text() or '"defaultModel":"fake"' in settings.read_text()
