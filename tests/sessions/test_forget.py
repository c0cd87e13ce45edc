"""A deleted conversation is hidden at once; after a week, or now on request, its bytes are gone."""

from pathlib import Path

from tests.support.daemon import Daemon, wait_for
from tests.support.importing import forgotten

SECRET = "aVerySecretPlan"
AT_ONCE = "import agentguid.effects.forget as forget; forget.KEPT = 0"
"""As a daemon a week later would see it."""


def files(daemon: Daemon) -> list[Path]:
    """Those of the data directory that hold the secret."""
    return [
        file for file in daemon.data.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()
    ]


def gone(daemon: Daemon) -> None:
    """The log closes whole, with its write-ahead log, when the daemon stops."""
    assert daemon.stop() == 0
    assert files(daemon) == []


def told(daemon: Daemon) -> str:
    """A conversation that holds the secret in its title, prompt, output and tape."""
    conversation = daemon.conversation(title=SECRET)
    daemon.ended(conversation, daemon.send(conversation, f"emit 2 {SECRET}")["session"]["id"])
    return conversation


def test_on_request_the_bytes_go_at_once(daemon: Daemon) -> None:
    conversation, other = told(daemon), daemon.conversation(title="stays")

    assert daemon.api("DELETE", f"/conversations/{conversation}?now=1") == {"deleted": True}

    wait_for(lambda: forgotten(daemon, conversation), "the conversation to be forgotten")
    assert daemon.request("GET", f"/conversations/{conversation}")[0] == 404
    assert daemon.api("GET", f"/conversations/{other}")["conversation"]["title"] == "stays"
    gone(daemon)


def test_what_was_deleted_before_can_be_forgotten_now(daemon: Daemon) -> None:
    conversation = told(daemon)
    daemon.api("DELETE", f"/conversations/{conversation}")
    assert daemon.request("DELETE", f"/api/conversations/{conversation}")[0] == 404

    daemon.api("DELETE", f"/conversations/{conversation}?now=1")

    wait_for(lambda: forgotten(daemon, conversation), "the conversation to be forgotten")


def test_a_deleted_conversation_stays_for_a_week_and_goes_then(daemon: Daemon) -> None:
    conversation = told(daemon)
    daemon.api("DELETE", f"/conversations/{conversation}")
    daemon.stop()
    assert files(daemon)
    daemon.start()
    wait_for(lambda: not daemon.hosts(), "the agent to end")
    assert not forgotten(daemon, conversation)
    daemon.stop()

    daemon.start(first=AT_ONCE)

    wait_for(lambda: forgotten(daemon, conversation), "the conversation to be forgotten")
    gone(daemon)


def test_a_running_turn_is_stopped_before_its_conversation_is_forgotten(daemon: Daemon) -> None:
    conversation = daemon.conversation(title=SECRET)
    daemon.send(conversation, f"emit 10000 rate 50 {SECRET}")
    wait_for(lambda: len(daemon.items(conversation)) > 3, "some lines")

    daemon.api("DELETE", f"/conversations/{conversation}?now=1")

    wait_for(lambda: forgotten(daemon, conversation), "the conversation to be forgotten")
    assert not daemon.hosts()
    gone(daemon)
