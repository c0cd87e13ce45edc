"""What a genuine agent writes down of its work here is ours: the watch that always looks brings none of it a second time."""

import pytest

from agentguid.agents.histories.places import FILES
from tests.agents_real.work import Work
from tests.support.importing import ROUNDS, some_rounds

pytestmark = [pytest.mark.agents, pytest.mark.timeout(400)]


def test_the_watch_brings_nothing_of_ours(story: Work) -> None:
    work = story
    if work.agent not in FILES:
        pytest.skip("its history is not looked at by itself")
    work.daemon.stop()
    work.daemon.start(first=ROUNDS)
    conversation = work.start("[[simple]] first")
    work.ended(conversation)
    some_rounds(work.daemon)
    work.ask(conversation, "[[simple]] second")
    some_rounds(work.daemon)
    steps, hosts = work.steps(conversation), len(work.events(conversation, "host.requested"))
    named = {one["id"] for one in work.daemon.api("GET", "/import")["sessions"]}
    assert named & {*work.sessions(conversation)}, "its file was not found"

    some_rounds(work.daemon)

    assert steps.count("turn.started") == 2
    assert work.steps(conversation)[: len(steps)] == steps
    assert len(work.events(conversation, "host.requested")) == hosts
    assert work.events(conversation, "conversation.imported") == []
    assert len(work.daemon.api("GET", "/conversations")["conversations"]) == 1


def test_nor_of_a_turn_that_was_stopped_or_refused_or_used_a_tool(story: Work) -> None:
    work = story
    if work.agent not in FILES:
        pytest.skip("its history is not looked at by itself")
    work.daemon.stop()
    work.daemon.start(first=ROUNDS)
    # Claude Code refuses bypass to root.
    conversation = work.start(
        "[[permwrite]] first", mode="accept_edits" if work.agent == "claude-code" else "bypass"
    )
    assert work.ended(conversation)["status"] == "complete"
    some_rounds(work.daemon)
    work.daemon.send(conversation, "[[slow]] talk")
    work.reached("slow")
    work.daemon.api("POST", f"/conversations/{conversation}/cancel")
    assert work.ended(conversation)["status"] == "interrupted"
    some_rounds(work.daemon)
    work.ask(conversation, "[[err401]] go")
    some_rounds(work.daemon)

    assert work.steps(conversation).count("turn.started") == 3
    assert work.events(conversation, "conversation.imported") == []
    assert len(work.daemon.api("GET", "/conversations")["conversations"]) == 1
