"""What the genuine OpenCode and Kilo Code do beyond the stories that all agents share: they ask although the
configuration of their user allows all, and has an MCP server."""

import pytest

from tests.agents_real.genuine import AGENTS, Genuine
from tests.agents_real.mcp_server import NOTE
from tests.agents_real.work import Work

ALIKE = [one for one in AGENTS if one.id in ("opencode", "kilo")]
SHORT = {"read", "grep", "glob", "list", "lsp", "bash", "task", "edit"}
"""Tools of fewer than five letters: what is left to them, and what our rules name."""

pytestmark = [
    pytest.mark.agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("genuine", ALIKE, indirect=True, ids=lambda one: one.id),
]


def asked(work: Work, conversation: str) -> list[str]:
    return [step for step in work.steps(conversation) if step.startswith("asks for")]


@pytest.mark.parametrize("mode", ["ask", "accept_edits"])
def test_a_tool_of_an_mcp_server_is_asked_for(story: Work, genuine: Genuine, mode: str) -> None:
    """And the user's files stay as they were."""
    files = [story.daemon.root / "home" / name for name, _ in genuine.home]
    before = [file.read_bytes() for file in files]
    conversation = story.start("[[mcp]] note it", mode=mode)
    story.decide(conversation, "reject_once")
    assert story.ended(conversation)["status"] in ("complete", "interrupted")
    assert not (story.daemon.work / NOTE).exists()

    story.daemon.send(conversation, "[[mcp]] do note it")
    story.decide(conversation)
    assert story.ended(conversation)["status"] == "complete"
    assert (story.daemon.work / NOTE).read_text() == "a note"
    assert [file.read_bytes() for file in files] == before
    offered = {name for request in story.model.of("mcp") for name in request.ask.tools.names}
    assert {name for name in offered if len(name) < 5} <= SHORT


def test_in_accept_edits_it_edits_unasked_and_asks_for_commands(story: Work) -> None:
    conversation = story.start("[[permwrite]] go", mode="accept_edits")
    assert story.ended(conversation)["status"] == "complete"
    assert (story.daemon.work / "note.txt").exists()
    assert not asked(story, conversation)

    story.daemon.send(conversation, "[[perm]] go")
    story.decide(conversation, "reject_once")
    assert story.ended(conversation)["status"] in ("complete", "interrupted")
    assert not (story.daemon.work / "made-by-agent.txt").exists()


def test_while_it_only_plans_it_has_no_tool_to_write_with(story: Work) -> None:
    conversation = story.start("[[permwrite]] go", mode="plan")
    assert story.ended(conversation)["status"] == "complete"
    assert not (story.daemon.work / "note.txt").exists()

    story.daemon.send(conversation, "[[perm]] go")
    story.decide(conversation, "reject_once")
    assert story.ended(conversation)["status"] in ("complete", "interrupted")
    assert not (story.daemon.work / "made-by-agent.txt").exists()


def test_its_sub_agent_is_asked_for_and_only_reads(story: Work) -> None:
    """It would wait for ever for a permission to do more."""
    conversation = story.start("[[delegate]] go")
    story.decide(conversation)

    assert story.ended(conversation)["status"] == "complete"
    assert len(asked(story, conversation)) == 1
    assert "offers no shell tool" in story.texts(conversation, "message")[-1]
