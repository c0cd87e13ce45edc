"""Sessions that are gone on with, here and elsewhere, and imports that are: nothing is lost and nothing comes twice."""

import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentguid.agents.histories.base import SILENT
from tests.support import histories
from tests.support.daemon import Daemon, wait_for
from tests.support.importing import (
    every_event,
    home,
    iso,
    prompts,
    rows,
    said_by_the_agent,
    session_of,
    take_in,
    transcript,
)

QUICK = "import agentguid.effects.importing as one; one.WATCH, one.SHARE = 0.2, 1"

COUNTED = f"""{QUICK}
import itertools
from agentguid.effects import import_look as look
clock, due, found = itertools.count(one.now()), look.Looking.due, look.places.found
one.now = lambda: next(clock)
def looked(*given, **ours):
    print("looked through all", flush=True)
    return due(*given, **ours)
def listed(*given):
    print("listed all", flush=True)
    return found(*given)
look.Looking.due, look.places.found = looked, listed
"""
"""Its clock shows another time whenever it is looked at; what the watch does is in the daemon's log."""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    running = Daemon(tmp_path)
    try:
        yield running
    finally:
        running.close()


def test_what_is_done_later_comes_to_the_same_conversation(daemon: Daemon) -> None:
    session = f"{histories.CLAUDE}7"
    path = histories.claude_file(home(daemon), session)
    first = histories.said(session, 1, "first", "one", "2026-11-20T10:00:00.000Z", "/work/demo")
    histories.write(path, first)
    daemon.start()
    take_in(daemon)
    conversation = rows(daemon)["first"]["id"]
    before = transcript(daemon, conversation)

    histories.write(
        path, first + histories.said(session, 2, "second", "two", "2026-11-20T11:00:00.000Z", "/work/demo")
    )
    assert take_in(daemon)["total"] == 1

    assert transcript(daemon, conversation)[: len(before)] == before
    assert prompts(daemon, conversation) == ["first", "second"]
    assert len(rows(daemon)) == 1

    # A file that was written anew, with the same lines and one more, brings only that one.
    both = histories.lines(path)
    third = histories.said(session, 3, "third", "three", "2026-11-20T12:00:00.000Z", "/work/demo")
    histories.write(path, [{"type": "mode", "sessionId": session}, *both, *third])
    take_in(daemon)
    assert prompts(daemon, conversation) == ["first", "second", "third"]
    items = [
        event["data"]["item"] for event in daemon.events(0, conversation) if event["type"] == "item.added"
    ]
    assert len(items) == len(set(items)) == 3


def test_a_conversation_of_ours_gets_only_what_was_done_elsewhere(daemon: Daemon) -> None:
    """Its own part is known by the ids on the tape; where the agent gave none, by the time."""
    daemon.start()
    conversation = daemon.conversation("demo")
    daemon.send(conversation, "emit 2")
    daemon.ended(conversation)
    events = daemon.events(0, conversation)
    session = session_of(daemon, conversation)
    began = next(event["at"] for event in events if event["type"] == "turn.started")
    own = histories.said(session, 1, "emit 2", "as it was here", iso(began + 1000), str(daemon.work))
    own[1]["message"]["id"] = said_by_the_agent(daemon)
    elsewhere = histories.said(
        session, 2, "in a terminal", "there", iso(began + 3_600_000_000), str(daemon.work)
    )
    # In the same second as our turn, but what was said is on none of our tapes: two at once on one session.
    meanwhile = histories.said(session, 3, "meanwhile", "there too", iso(began + 1000), str(daemon.work))
    path = home(daemon) / ".claude" / "projects" / "x" / f"{session}.jsonl"
    histories.write(path, own)
    assert {one["state"] for one in daemon.api("GET", "/import")["sessions"]} == {"here"}
    assert take_in(daemon)["taken"] == 0
    assert prompts(daemon, conversation) == ["emit 2"]

    histories.write(path, own + elsewhere + meanwhile)
    take_in(daemon)

    assert prompts(daemon, conversation) == ["emit 2", "in a terminal", "meanwhile"]
    texts = [
        event["data"]["body"]["text"]
        for event in daemon.events(0, conversation)
        if event["type"] == "item.added"
    ]
    assert "as it was here" not in texts
    assert texts[-2:] == ["there", "there too"]
    assert len(rows(daemon)) == 1


def test_without_its_tape_our_own_part_is_known_by_its_time(daemon: Daemon) -> None:
    daemon.start()
    conversation = daemon.conversation("demo")
    daemon.send(conversation, "emit 2")
    daemon.ended(conversation)
    events = daemon.events(0, conversation)
    session = session_of(daemon, conversation)
    began = next(event["at"] for event in events if event["type"] == "turn.started")
    daemon.stop()
    for pid in daemon.hosts():
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(daemon.data / "tapes")
    daemon.start()
    own = histories.said(session, 1, "emit 2", "as it was here", iso(began + 1000), str(daemon.work))
    elsewhere = histories.said(
        session, 2, "in a terminal", "there", iso(began + 3_600_000_000), str(daemon.work)
    )
    histories.write(home(daemon) / ".claude" / "projects" / "x" / f"{session}.jsonl", own + elsewhere)

    wait_for(lambda: take_in(daemon)["waiting"] == 0, "the conversation to be free")

    assert prompts(daemon, conversation) == ["emit 2", "in a terminal"]


def readers(daemon: Daemon) -> list[int]:
    """The processes that read histories for it."""
    found = []
    for pid in daemon.descendants():
        with contextlib.suppress(OSError):
            if b"agentguid-import" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def test_a_daemon_that_dies_in_the_middle_goes_on_and_doubles_nothing(daemon: Daemon) -> None:
    for number in range(40):
        session = f"44444444-4444-4444-8444-{number:012d}"
        turns = [
            histories.said(
                session,
                turn,
                f"{number}: {turn}",
                "x" * 50,
                f"2026-11-20T10:{turn:02d}:00.000Z",
                "/work/demo",
            )
            for turn in range(50)
        ]
        histories.write(
            histories.claude_file(home(daemon), session), [line for lines in turns for line in lines]
        )
    daemon.start()
    request = daemon.api("POST", "/import", {})["request"]
    for share in (0.1, 0.4, 0.7):
        wait_for(
            lambda share=share: daemon.api("GET", "/status")["position"] > share * 40 * 154,
            "a part of it",
            90,
        )
        daemon.stop() if share == 0.4 else daemon.kill()
        wait_for(lambda: not readers(daemon), "the process that reads to end")
        daemon.start()

    def done() -> bool:
        return any(
            event["type"] == "import.finished" for event in daemon.events(0) if event["stream"] == "import"
        )

    wait_for(
        lambda: daemon.api("GET", "/import/progress")["request"] == request or done(),
        "the import to be taken up again",
    )
    wait_for(lambda: not daemon.api("GET", "/import/progress")["running"], "the import to end", 90)

    events = [event for event in every_event(daemon) if event["stream"] != "import"]
    started = [event["data"]["turn"] for event in events if event["type"] == "turn.started"]
    items = [event["data"]["item"] for event in events if event["type"] == "item.added"]
    ended = [event["data"]["turn"] for event in events if event["type"] == "turn.ended"]
    assert (len(started), len(items), len(ended)) == (2000, 2000, 2000)
    assert len(set(started)) == len(set(items)) == len(set(ended)) == 2000
    assert any(event["type"] == "import.finished" for event in every_event(daemon))


def test_the_watch_takes_in_what_comes(daemon: Daemon) -> None:
    session = f"{histories.CLAUDE}8"
    path = histories.claude_file(home(daemon), session)
    lines = histories.said(session, 1, "by itself", "one", "2026-11-20T10:00:00.000Z", "/work/demo")
    histories.write(path, lines)
    daemon.start(first=QUICK, AGENTGUID_IMPORT_WATCH="true")
    row = wait_for(lambda: rows(daemon).get("by itself"), "the session")

    histories.write(
        path, lines + histories.said(session, 2, "and on", "two", "2026-11-20T10:01:00.000Z", "/work/demo")
    )

    wait_for(lambda: prompts(daemon, row["id"]) == ["by itself", "and on"], "what was done since")
    assert not any(event["stream"] == "import" for event in daemon.events())


def test_the_watch_comes_back_for_a_tool_that_was_never_heard_of_again(daemon: Daemon) -> None:
    """Its file does not change any more; only time goes by."""
    session = f"{histories.CLAUDE}8"
    almost = time.time_ns() // 1000 - SILENT + 6_000_000
    lines = histories.said(session, 1, "build it", "", iso(almost), "/work/demo")
    lines[1]["message"] |= {
        "content": [histories.call("t", "Bash", command="make")],
        "stop_reason": "tool_use",
    }
    histories.write(histories.claude_file(home(daemon), session), lines)
    daemon.start(first=QUICK, AGENTGUID_IMPORT_WATCH="true")
    row = wait_for(lambda: rows(daemon).get("build it"), "the session")

    def finished() -> list[bool]:
        events = daemon.events(0, row["id"])
        return [event["data"]["incomplete"] for event in events if event["type"] == "tool.finished"]

    wait_for(finished, "the call to be cut short")
    assert finished() == [True]

    more = histories.said(session, 2, "", "Built.", iso(time.time_ns() // 1000), "/work/demo")
    more[0]["message"]["content"] = [{"type": "tool_result", "tool_use_id": "t", "content": "at last"}]
    histories.write(histories.claude_file(home(daemon), session), lines + more)
    wait_for(lambda: "at last" in json.dumps(daemon.items(row["id"])), "its result, which came after all")


def test_the_watch_looks_through_everything_only_when_a_file_has_changed(daemon: Daemon) -> None:
    """And while it finds nothing, what the last import came to stays on its page."""
    paths = [histories.claude_file(home(daemon), f"{histories.CLAUDE}{number}") for number in (7, 8)]
    for path in paths:
        said = histories.said(path.stem, 1, path.stem, "one", "2026-11-20T10:00:00.000Z", "/work/demo")
        histories.write(path, said)
    daemon.start(first=COUNTED, AGENTGUID_IMPORT_WATCH="true")
    wait_for(lambda: len(rows(daemon)) == 2, "the sessions")
    last = take_in(daemon)

    def looks() -> int:
        """So far, once the watch has come by some more times."""
        before = daemon.log().count("listed all")
        wait_for(lambda: daemon.log().count("listed all") > before + 5, "the watch")
        return daemon.log().count("looked through all")

    idle = looks()
    assert looks() == idle

    paths[0].unlink()
    assert looks() == idle + 1
    assert daemon.api("GET", "/import/progress") == last


def test_without_the_watch_nothing_comes_by_itself(daemon: Daemon) -> None:
    histories.unpack(home(daemon), "claude-code")
    daemon.start(first=QUICK)
    conversation = daemon.conversation("demo")
    daemon.send(conversation, "emit 3 rate 5")
    daemon.ended(conversation)

    assert len(rows(daemon)) == 1


def test_a_name_that_was_given_here_stays(daemon: Daemon) -> None:
    session = f"{histories.CLAUDE}7"
    path = histories.claude_file(home(daemon), session)
    lines = histories.said(session, 1, "first", "one", "2026-11-20T10:00:00.000Z", "/work/demo")
    name = {"type": "ai-title", "aiTitle": "As Claude calls it", "sessionId": session}
    histories.write(path, [*lines, name])
    daemon.start()
    take_in(daemon)
    row = rows(daemon)["As Claude calls it"]
    daemon.api("PATCH", f"/conversations/{row['id']}", {"title": "As I call it"})

    more = histories.said(session, 2, "second", "two", "2026-11-20T11:00:00.000Z", "/work/demo")
    histories.write(path, [*lines, name, *more, {**name, "aiTitle": "Another thought"}])
    take_in(daemon)

    assert list(rows(daemon)) == ["As I call it"]
    assert prompts(daemon, row["id"]) == ["first", "second"]
