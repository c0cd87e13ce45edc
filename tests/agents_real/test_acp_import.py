"""What an ACP agent wrote down of its work here is ours: importing brings none of it a second time."""

import pytest

from tests.agents_real.work import Work
from tests.support.importing import take_in

pytestmark = [pytest.mark.agents, pytest.mark.timeout(400)]


def test_what_was_run_here_is_not_taken_in_again(story: Work) -> None:
    work = story
    if work.agent not in ("gemini", "opencode"):
        pytest.skip("its history is not read")
    conversation = work.start("[[simple]] first")
    work.ended(conversation)
    work.ask(conversation, "[[simple]] second")
    before = work.steps(conversation)
    found = work.daemon.api("GET", "/import")
    (session,) = [one for one in found["sessions"] if one["source"] == work.agent]
    assert session["conversationId"] == conversation
    assert session["id"] in work.sessions(conversation)

    assert take_in(work.daemon)["taken"] == 0

    assert work.steps(conversation) == before
    assert len(work.daemon.api("GET", "/conversations")["conversations"]) == 1
