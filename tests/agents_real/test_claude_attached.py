"""Files and slash commands with the genuine Claude Code."""

import pytest

from tests.agents_real.work import Work, sees_what_is_attached
from tests.support.pictures import attachment, png

pytestmark = [pytest.mark.agents, pytest.mark.timeout(300)]


def test_what_is_attached_reaches_the_model(work: Work) -> None:
    sees_what_is_attached(work)


def test_its_slash_commands_are_offered_and_run(work: Work) -> None:
    """Also with a picture beside one: it is still taken for a command."""
    conversation = work.start("[[simple]] hello")
    work.ended(conversation)
    told = work.daemon.api("GET", f"/conversations/{conversation}/commands")["commands"]
    assert {"compact", "context"} <= {one["name"] for one in told}
    asked = len(work.model.requests)
    files = [attachment("dot.png", png(8, 8))]
    sent = work.daemon.send(conversation, "/context", attachments=files)
    turn = work.daemon.ended(conversation, sent["session"]["id"])

    assert turn["status"] == "complete", turn["error"]
    assert not [one for one in work.model.requests[asked:] if "/context" in one.place.prompt]
    shown = work.texts(conversation, "message") + work.texts(conversation, "notice")
    assert any("Context" in text for text in shown)
