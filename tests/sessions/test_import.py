"""Histories of agents come into the log of a real daemon: once, whole, with their times; and go on here."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agentguid.hosts.tape import OUT, Reader
from tests.support import histories
from tests.support.daemon import Daemon, wait_for

QUICK = "import agentguid.effects.importing as one; one.WATCH = 0.2"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    running = Daemon(tmp_path)
    try:
        yield running
    finally:
        running.close()


def home(daemon: Daemon) -> Path:
    return daemon.root / "home"


def finished(daemon: Daemon, request: str) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        progress: dict[str, Any] = daemon.api("GET", "/import/progress")
        return progress if progress["request"] == request and not progress["running"] else None

    progress: dict[str, Any] = wait_for(done, f"the import to end\n{daemon.log()[-2000:]}", 90)
    return progress


def take_in(daemon: Daemon, **wanted: Any) -> dict[str, Any]:
    return finished(daemon, daemon.api("POST", "/import", wanted)["request"])


def transcript(daemon: Daemon, conversation: str) -> list[dict[str, Any]]:
    ignored = ("conversation.imported", "conversation.created")
    return [event for event in daemon.events(0, conversation) if event["type"] not in ignored]


def prompts(daemon: Daemon, conversation: str) -> list[str]:
    started = [event for event in daemon.events(0, conversation) if event["type"] == "turn.started"]
    return [event["data"]["body"]["text"] for event in started]


def rows(daemon: Daemon) -> dict[str, dict[str, Any]]:
    return {row["title"]: row for row in daemon.api("GET", "/conversations?limit=100")["conversations"]}


def prints(root: Path) -> dict[str, tuple[str, int]]:
    """Everything in a home, by content and time."""
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


def test_all_histories_are_taken_in_once_and_nothing_of_theirs_is_touched(daemon: Daemon) -> None:
    histories.unpack(home(daemon))
    before = prints(home(daemon))
    daemon.start()
    found = daemon.api("GET", "/import")
    assert {one["id"]: (one["sessions"], one["new"]) for one in found["sources"]} == {
        "claude-code": (5, 5),
        "codex": (2, 2),
        "gemini": (1, 1),
        "qwen": (1, 1),
        "opencode": (1, 1),
    }
    assert {folder["folder"] for one in found["sources"] for folder in one["folders"]} == {"/work/demo"}

    progress = take_in(daemon)

    assert (progress["done"], progress["total"], progress["failed"]) == (10, 10, 0), progress
    listed = daemon.api("GET", "/conversations?limit=100")["conversations"]
    assert len(listed) == 10
    assert not any(row["unread"] or row["isStreaming"] for row in listed)
    assert {row["workingDirectory"] for row in listed} == {"/work/demo"}
    story = rows(daemon)["[[story]] write a note, please"]
    assert (story["agentId"], story["status"]) == ("claude-code", "idle")
    assert story["created_at"] == 1795668256102
    assert [item["type"] for item in daemon.items(story["id"])][:4] == [
        "user",
        "thinking",
        "text",
        "tool_use",
    ]
    count = len(daemon.events())

    assert take_in(daemon)["taken"] == 0
    assert len(daemon.events()) == count + 2  # that it was asked for, and done
    assert prints(home(daemon)) == before
    assert daemon.hosts() == []
    assert daemon.api("GET", "/import")["sources"][0]["new"] == 0


def test_each_event_bears_the_time_and_the_line_of_its_history(daemon: Daemon) -> None:
    histories.unpack(home(daemon), "claude-code")
    daemon.start()
    take_in(daemon)
    session = f"{histories.CLAUDE}2"
    file = histories.lines(histories.claude_file(home(daemon), session))
    times = {line["uuid"]: line["timestamp"] for line in file if "uuid" in line}

    conversation = rows(daemon)["[[story]] write a note, please"]["id"]
    told = [
        event for event in daemon.events(0, conversation) if event["type"] in ("item.added", "tool.started")
    ]

    assert told
    for event in told:
        assert event["origin"]["source"] == "claude-code"
        assert event["origin"]["session"] == session
        at = datetime.fromisoformat(times[event["origin"]["line"]]).timestamp()
        assert event["at"] == round(at * 1_000_000)
    verified = subprocess.run(
        [sys.executable, "-m", "agentguid.cli", "verify"],
        env=daemon.environ,
        capture_output=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout


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
    session = next(event["data"]["session"] for event in events if event["type"] == "session.identified")
    began = next(event["at"] for event in events if event["type"] == "turn.started")
    own = histories.said(session, 1, "emit 2", "as it was here", _iso(began + 1000), str(daemon.work))
    own[1]["message"]["id"] = _said_by_the_agent(daemon)
    elsewhere = histories.said(
        session, 2, "in a terminal", "there", _iso(began + 3_600_000_000), str(daemon.work)
    )
    # In the same second as our turn, but what was said is on none of our tapes: two at once on one session.
    meanwhile = histories.said(session, 3, "meanwhile", "there too", _iso(began + 1000), str(daemon.work))
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
    session = next(event["data"]["session"] for event in events if event["type"] == "session.identified")
    began = next(event["at"] for event in events if event["type"] == "turn.started")
    daemon.stop()
    for pid in daemon.hosts():
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(daemon.data / "tapes")
    daemon.start()
    own = histories.said(session, 1, "emit 2", "as it was here", _iso(began + 1000), str(daemon.work))
    elsewhere = histories.said(
        session, 2, "in a terminal", "there", _iso(began + 3_600_000_000), str(daemon.work)
    )
    histories.write(home(daemon) / ".claude" / "projects" / "x" / f"{session}.jsonl", own + elsewhere)

    wait_for(lambda: take_in(daemon)["waiting"] == 0, "the conversation to be free")

    assert prompts(daemon, conversation) == ["emit 2", "in a terminal"]


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
        daemon.kill()
        daemon.start()

    def done() -> bool:
        return any(
            event["type"] == "import.finished" for event in daemon.events(0) if event["stream"] == "import"
        )

    wait_for(
        lambda: daemon.api("GET", "/import/progress")["request"] == request, "the import to be taken up again"
    )
    wait_for(lambda: not daemon.api("GET", "/import/progress")["running"], "the import to end", 90)

    events = [event for event in _all(daemon) if event["stream"] != "import"]
    started = [event["data"]["turn"] for event in events if event["type"] == "turn.started"]
    items = [event["data"]["item"] for event in events if event["type"] == "item.added"]
    ended = [event["data"]["turn"] for event in events if event["type"] == "turn.ended"]
    assert (len(started), len(items), len(ended)) == (2000, 2000, 2000)
    assert len(set(started)) == len(set(items)) == len(set(ended)) == 2000
    assert any(event["type"] == "import.finished" for event in _all(daemon))


def test_what_was_deleted_here_stays_away(daemon: Daemon) -> None:
    histories.unpack(home(daemon), "codex")
    daemon.start()
    take_in(daemon)
    for row in rows(daemon).values():
        daemon.api("DELETE", f"/conversations/{row['id']}?now=1")

    assert take_in(daemon)["total"] == 0
    assert rows(daemon) == {}
    assert {one["state"] for one in daemon.api("GET", "/import")["sessions"]} == {"deleted"}


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


def test_without_the_watch_nothing_comes_by_itself(daemon: Daemon) -> None:
    histories.unpack(home(daemon), "claude-code")
    daemon.start(first=QUICK)
    conversation = daemon.conversation("demo")
    daemon.send(conversation, "emit 3 rate 5")
    daemon.ended(conversation)

    assert len(rows(daemon)) == 1


def test_a_line_that_is_no_json_is_shown_and_the_rest_is_told(daemon: Daemon) -> None:
    session = f"{histories.CLAUDE}9"
    path = histories.claude_file(home(daemon), session)
    histories.write(
        path, histories.said(session, 1, "strange", "one", "2026-11-20T10:00:00.000Z", "/work/demo")
    )
    with path.open("ab") as file:
        file.write(b'{"type":"assistant","uuid":\xff\xfe\n[1,2]\n')
        more = histories.said(session, 2, "after it", "two", "2026-11-20T10:01:00.000Z", "/work/demo")
        file.write("".join(json.dumps(line) + "\n" for line in more).encode())
    daemon.start()
    take_in(daemon)

    conversation = rows(daemon)["strange"]["id"]
    kinds = [
        event["data"]["kind"] for event in daemon.events(0, conversation) if event["type"] == "item.added"
    ]
    assert kinds == ["message", "unknown", "unknown", "message"]


def test_a_picture_is_a_blob_beside_the_log(daemon: Daemon) -> None:
    session = f"{histories.CLAUDE}7"
    lines = histories.said(session, 1, "look", "I see.", "2026-11-20T10:00:00.000Z", "/work/demo")
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo" + "A" * 60_000}
    lines[0]["message"]["content"] = [{"type": "text", "text": "look"}, {"type": "image", "source": source}]
    histories.write(histories.claude_file(home(daemon), session), lines)
    daemon.start()
    take_in(daemon)

    conversation = rows(daemon)["look"]["id"]
    (output,) = [e["data"]["output"] for e in daemon.events(0, conversation) if e["type"] == "tool.finished"]
    assert output["size"] > 60_000
    assert (daemon.data / "blobs" / output["blob"][:2] / output["blob"]).stat().st_size == output["size"]


def test_an_unknown_agent_is_refused(daemon: Daemon) -> None:
    daemon.start()
    status, body = daemon.request("POST", "/api/import", {"sources": ["nobody"]})

    assert status == 400
    assert json.loads(body)["field"] == "sources"


def test_the_routes_of_the_reference_answer(daemon: Daemon) -> None:
    histories.unpack(home(daemon), "claude-code")
    daemon.start()
    (first, *_) = daemon.api("GET", "/discover/claude-code")["discovered"]
    assert first["projectPath"] == "/work/demo"
    assert {one["status"] for one in daemon.api("GET", "/import/claude-code")["imported"]} == {"new"}
    assert rows(daemon) == {}, "a GET changes nothing"

    finished(daemon, daemon.api("POST", "/import/claude-code")["request"])

    assert {one["status"] for one in daemon.api("GET", "/import/claude-code")["imported"]} == {"here"}


def test_the_cli_shows_what_there_is_and_takes_it_in(daemon: Daemon) -> None:
    histories.unpack(home(daemon), "claude-code", "codex")
    daemon.start()

    def ctl(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "agentguid.cli", *words]
        return subprocess.run(
            command, env=daemon.environ, capture_output=True, text=True, timeout=90, check=True
        )

    listed = ctl("import", "--list").stdout
    assert "claude-code  5         5" in listed
    done = json.loads(ctl("--json", "import", "--source", "codex").stdout)
    assert (done["done"], done["failed"]) == (2, 0)
    assert "nothing new" in ctl("import", "--source", "codex").stderr
    assert "5 sessions" in ctl("import").stderr


def _iso(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat().replace("+00:00", "Z")


def _said_by_the_agent(daemon: Daemon) -> str:
    """The id of a message that the demo agent gave, as its tape has it."""
    for folder in (daemon.data / "tapes").iterdir():
        for record in Reader(folder).records():
            if record.direction == OUT and b'"type":"assistant"' in record.payload.replace(b" ", b""):
                for line in record.payload.splitlines():
                    if b'"assistant"' in line and (name := json.loads(line).get("message", {}).get("id")):
                        return str(name)
    raise AssertionError("the demo agent names no message")


def _all(daemon: Daemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = 0
    while batch := daemon.events(after):
        found += batch
        after = batch[-1]["position"]
    return found
