"""Whatever an agent writes, or does not: the transcript says so, the daemon stays well, and memory stays bounded."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from agentguid.effects.tail import GARBLED
from tests.sessions.conftest import Bad
from tests.support.badagent import AFTER, MALFORMED, STDERR
from tests.support.daemon import Daemon, wait_for

MIB = 1 << 20
FULL = os.environ.get("AGENTGUID_FULL") == "1"


def peak(pid: int) -> int:
    """The most memory that a process ever had, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    raise AssertionError(f"process {pid} has no memory")


def suffer(daemon: Daemon, patience: float = 30) -> tuple[str, dict[str, Any]]:
    """One turn with the bad agent: the conversation and the ended turn."""
    conversation = daemon.conversation("claude-code")
    daemon.send(conversation, "go on")
    return conversation, daemon.ended(conversation, patience=patience)


def added(daemon: Daemon, conversation: str, *kinds: str) -> list[dict[str, Any]]:
    """The items of these kinds, as the log has them."""
    events, after = [], 0
    while batch := daemon.events(after, conversation):
        events += batch
        after = batch[-1]["position"]
    return [e["data"] for e in events if e["type"] == "item.added" and e["data"]["kind"] in kinds]


def texts(daemon: Daemon, conversation: str, *kinds: str) -> list[str]:
    return [item["body"]["text"] for item in added(daemon, conversation, *kinds)]


def unharmed(daemon: Daemon, conversation: str, *, memory: int = 250) -> str:
    """The daemon is healthy, small, draws the page, and runs the next conversation. Gives the page."""
    assert daemon.request("GET", "/healthz")[0] == 200
    assert daemon.process
    assert peak(daemon.process.pid) < memory, "the daemon took too much memory"
    begun = time.monotonic()
    status, page = daemon.request("GET", f"/conversations/{conversation}")
    assert status == 200, page
    assert time.monotonic() - begun < 15, "the page took too long"
    other = daemon.conversation("demo")
    daemon.send(other, "emit 3")
    assert daemon.ended(other)["status"] == "complete"
    return page.decode()


def test_the_stand_in_can_behave(bad: Bad) -> None:
    """Without a bad habit it is an agent like any other: what the other tests see is the habit's doing."""
    daemon = bad("properly")
    conversation, turn = suffer(daemon)

    assert turn["status"] == "complete", turn
    assert texts(daemon, conversation, "message", "unknown", "notice") == [AFTER]


def test_malformed_lines_are_shown_and_the_turn_goes_on(bad: Bad) -> None:
    daemon = bad("malformed")
    conversation, turn = suffer(daemon)

    assert turn["status"] == "complete", turn
    shown = [text.partition("\n")[2] for text in texts(daemon, conversation, "unknown")]
    assert [text[:1000] for text in shown] == [line.decode()[:1000] for line in MALFORMED]
    assert texts(daemon, conversation, "message") == [AFTER]
    page = unharmed(daemon, conversation)
    assert "Not understood" in page
    assert "this is not JSON at all" in page
    assert AFTER in page


def test_a_line_of_10_mb_is_an_item_like_any_other(bad: Bad) -> None:
    """A preview in the log and on the page, the whole beside it."""
    daemon = bad("long_line")
    conversation, turn = suffer(daemon)

    assert turn["status"] == "complete", turn
    long, after = (item["body"] for item in added(daemon, conversation, "message"))
    assert (long["size"], len(long["text"])) == (10_000_000, 4096)
    assert after["text"] == AFTER
    status, whole = daemon.request("GET", f"/blobs/{long['blob']}")
    assert (status, whole) == (200, b"0123456789" * 1_000_000)
    page = unharmed(daemon, conversation)
    assert long["blob"] in page
    assert len(page) < MIB


def test_a_line_of_100_mb_is_taken_in_pieces(bad: Bad) -> None:
    """It is said that it was too long, what follows is read, and the host never holds more than a piece."""
    daemon = bad("huge_line")
    conversation, turn = suffer(daemon, patience=90)

    assert turn["status"] == "complete", turn
    (host,) = daemon.hosts()
    assert peak(host) < 64, "the host took too much memory"
    shown = texts(daemon, conversation, "unknown", "notice")
    assert any("too long" in text for text in shown), [text[:200] for text in shown]
    assert texts(daemon, conversation, "message") == [AFTER]
    unharmed(daemon, conversation, memory=300)


def test_bytes_that_are_not_utf8_are_shown(bad: Bad) -> None:
    daemon = bad("not_utf8")
    conversation, turn = suffer(daemon)

    assert turn["status"] == "complete", turn
    assert texts(daemon, conversation, "notice") == [GARBLED]
    first, after = texts(daemon, conversation, "message")
    assert first.startswith("before \ufffd")
    assert first.endswith(" after")
    assert after == AFTER
    unharmed(daemon, conversation)


def test_binary_noise_is_shown_and_cut(bad: Bad) -> None:
    daemon = bad("noise")
    conversation, turn = suffer(daemon)

    assert turn["status"] == "complete", turn
    assert added(daemon, conversation, "unknown")
    assert any("more lines were not understood" in text for text in texts(daemon, conversation, "notice"))
    assert texts(daemon, conversation, "message") == [AFTER]
    page = unharmed(daemon, conversation)
    assert "\x1b" not in page
    assert "\x00" not in page


def test_a_last_line_without_an_end_counts(bad: Bad) -> None:
    daemon = bad("no_newline")
    conversation, turn = suffer(daemon)

    assert turn["status"] == "complete", turn
    assert texts(daemon, conversation, "message", "unknown") == [AFTER]
    unharmed(daemon, conversation)


def test_half_a_line_is_shown_as_half(bad: Bad) -> None:
    daemon = bad("half_line")
    conversation, turn = suffer(daemon)

    assert turn["status"] == "error", turn
    assert "exit status 0" in turn["error"]
    assert any("cut off" in text for text in texts(daemon, conversation, "unknown"))
    unharmed(daemon, conversation)


def test_half_a_message_is_kept_and_marked(bad: Bad) -> None:
    daemon = bad("half_message")
    conversation, turn = suffer(daemon)

    assert turn["status"] == "error", turn
    assert "exit status 3" in turn["error"]
    assert "cannot find my configuration" in turn["error"]
    (half,) = added(daemon, conversation, "message")
    assert (half["body"]["text"], half["incomplete"]) == ("half a sent", True)
    assert "ended before this was finished" in unharmed(daemon, conversation)


@pytest.mark.parametrize("habit", ["quit_before_all", "quit_at_handshake", "quit_at_once"])
def test_an_agent_that_quits_is_reported_with_its_last_words(bad: Bad, habit: str) -> None:
    daemon = bad(habit)
    conversation, turn = suffer(daemon)

    assert turn["status"] == "error", turn
    assert "exit status 1" in turn["error"]
    assert STDERR in turn["error"]
    wait_for(lambda: not daemon.hosts(), "its host to end")
    assert STDERR in unharmed(daemon, conversation)
    daemon.send(conversation, "and again")
    assert wait_for(lambda: ended(daemon, conversation, 2), "the next turn to be tried")


def ended(daemon: Daemon, conversation: str, count: int) -> bool:
    types = [event["type"] for event in daemon.events(0, conversation)]
    return types.count("turn.ended") == count


def test_an_agent_that_never_speaks_can_be_stopped(bad: Bad) -> None:
    """Not even SIGTERM impresses it. The turn stays open until it is stopped, and then ends within 5 s."""
    daemon = bad("silent")
    conversation = daemon.conversation("claude-code")
    daemon.send(conversation, "go on")
    wait_for(
        lambda: b"Running" in daemon.request("GET", f"/conversations/{conversation}")[1], "it to be running"
    )
    if FULL:
        wait_for(
            lambda: b"Silent for" in daemon.request("GET", f"/conversations/{conversation}")[1], "silence", 75
        )
    latest = daemon.latest(conversation)
    assert latest
    assert latest["status"] == "active"

    daemon.api("POST", f"/conversations/{conversation}/cancel", {})

    assert daemon.ended(conversation)["status"] == "interrupted"
    wait_for(lambda: not daemon.hosts(), "its host to end")
    unharmed(daemon, conversation)


def test_a_flood_on_stderr_is_bounded(bad: Bad) -> None:
    daemon = bad("loud_stderr")
    conversation, turn = suffer(daemon)

    assert turn["status"] == "complete", turn
    assert texts(daemon, conversation, "message") == [AFTER]
    (said,) = texts(daemon, conversation, "notice")
    assert "bytes on its error output" in said
    assert "warning 199" in said, "the last of it is shown"
    assert len(said) < 8 * 1024
    (host,) = daemon.hosts()
    assert peak(host) < 64
    unharmed(daemon, conversation)


def test_a_flood_of_malformed_lines_is_counted(bad: Bad) -> None:
    """The first are shown, the rest are counted; all are on the tape."""
    daemon = bad("flood")
    conversation, turn = suffer(daemon)

    assert turn["status"] == "complete", turn
    shown = texts(daemon, conversation, "unknown")
    assert "nonsense 0" in shown[0]
    assert len(shown) <= 1000
    (notice,) = texts(daemon, conversation, "notice")
    assert notice.startswith(f"{50_000 - len(shown)} more lines were not understood")
    assert texts(daemon, conversation, "message") == [AFTER]
    tapes = (daemon.data / "tapes").rglob("*.tape")
    assert any(b"nonsense 49999" in tape.read_bytes() for tape in tapes)
    unharmed(daemon, conversation)
