"""A deleted conversation is hidden at once; after a week, or now on request, its bytes are gone."""

import os
import sqlite3
from pathlib import Path

from agentguid.append.blobs import Blobs
from tests.support.daemon import Daemon, wait_for
from tests.support.importing import forgotten

SECRET = "aVerySecretPlan"
AT_ONCE = "import agentguid.effects.forget as forget; forget.KEPT = 0"
"""As a daemon a week later would see it."""
SOON = "import agentguid.effects.forget as forget; forget.LOOK = forget.COLLECT = 0.05"
"""Without the hour between two collections."""


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
    wait_for(lambda: not daemon.hosts(), "the agent to be gone")
    gone(daemon)


def loose(daemon: Daemon, text: bytes) -> Path:
    """A blob that nothing names and that is old enough to go."""
    blobs = Blobs(daemon.data / "blobs")
    path = blobs.path(blobs.put(text))
    os.utime(path, (0, 0))
    return path


def test_a_stray_file_among_the_blobs_is_left_alone_and_the_rest_is_collected(daemon: Daemon) -> None:
    daemon.stop()
    blob = loose(daemon, b"loose")
    stray = blob.parent / ".DS_Store"
    stray.touch()
    os.utime(stray, (0, 0))

    daemon.start(first=SOON)

    wait_for(lambda: not blob.exists(), "the blob to be collected")
    assert stray.exists()
    assert daemon.stop() == 0


def test_a_blob_that_cannot_be_removed_does_not_end_the_daemon(daemon: Daemon) -> None:
    """What lies in the way may be mended meanwhile: it is tried again."""
    daemon.stop()
    blob = loose(daemon, b"loose")
    (daemon.data / "blobs" / "tmp").rmdir()
    (daemon.data / "blobs" / "tmp").touch()

    daemon.start(first=SOON)

    wait_for(lambda: "stay for now" in daemon.log(), "a word about it")
    assert daemon.healthy()
    (daemon.data / "blobs" / "tmp").unlink()
    wait_for(lambda: not blob.exists(), "the blob to be collected")


def test_one_that_cannot_be_forgotten_holds_up_no_other_and_is_tried_again(daemon: Daemon) -> None:
    """What lies in the place of its tape cannot be removed as one."""
    stuck, other = told(daemon), told(daemon)
    for conversation in (stuck, other):
        daemon.api("DELETE", f"/conversations/{conversation}")
    wait_for(lambda: not daemon.hosts(), "their agents to end")
    daemon.stop()
    with sqlite3.connect(daemon.data / "agentguid.db") as db:
        (host,) = db.execute("SELECT id FROM host WHERE conversation = ?", (stuck,)).fetchone()
    db.close()
    tape = (daemon.data / "tapes" / host).rename(daemon.data / "aside")
    (daemon.data / "tapes" / host).touch()

    daemon.start(first=f"{AT_ONCE}; {SOON}")

    wait_for(lambda: forgotten(daemon, other), "the other one to be forgotten")
    wait_for(lambda: "stay for now" in daemon.log(), "a word about it")
    assert not forgotten(daemon, stuck)
    assert files(daemon)
    (daemon.data / "tapes" / host).unlink()
    tape.rename(daemon.data / "tapes" / host)
    wait_for(lambda: forgotten(daemon, stuck), "the conversation to be forgotten")
    assert daemon.log().count("stay for now") == 1
    gone(daemon)


def test_what_cannot_be_forgotten_for_now_does_not_end_the_daemon(daemon: Daemon) -> None:
    """The folder of tapes cannot be read; once it can, the conversation goes."""
    conversation = told(daemon)
    daemon.api("DELETE", f"/conversations/{conversation}")
    wait_for(lambda: not daemon.hosts(), "its agent to end")
    tapes = (daemon.data / "tapes").rename(daemon.data / "aside")
    (daemon.data / "tapes").touch()

    daemon.request("DELETE", f"/api/conversations/{conversation}?now=1")

    wait_for(lambda: "stay for now" in daemon.log(), "a word about it")
    assert daemon.healthy()
    (daemon.data / "tapes").unlink()
    tapes.rename(daemon.data / "tapes")
    wait_for(lambda: forgotten(daemon, conversation), "the conversation to be forgotten")
