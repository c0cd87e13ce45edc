"""Histories of agents come into the log of a real daemon: once, whole, with their times."""

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.support import histories
from tests.support.daemon import Daemon, wait_for
from tests.support.importing import (
    finished,
    forgotten,
    home,
    prints,
    prompts,
    rows,
    session_of,
    take_in,
)

SECRET = "aVerySecretTask"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    running = Daemon(tmp_path)
    try:
        yield running
    finally:
        running.close()


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


def test_what_was_deleted_here_stays_away(daemon: Daemon) -> None:
    histories.unpack(home(daemon), "codex")
    daemon.start()
    take_in(daemon)
    for row in rows(daemon).values():
        daemon.api("DELETE", f"/conversations/{row['id']}?now=1")

    assert take_in(daemon)["total"] == 0
    assert rows(daemon) == {}
    assert {one["state"] for one in daemon.api("GET", "/import")["sessions"]} == {"deleted"}


def test_what_was_run_here_and_deleted_for_good_stays_away_too(daemon: Daemon) -> None:
    daemon.start()
    conversation = daemon.conversation("demo")
    daemon.send(conversation, "emit 2")
    daemon.ended(conversation)
    session = session_of(daemon, conversation)
    lines = histories.said(session, 1, "a secret", "told", "2026-11-20T10:00:00.000Z", "/work/demo")
    lines[1]["message"]["content"] = [histories.call("t", "Task", prompt=SECRET)]
    histories.write(home(daemon) / ".claude" / "projects" / "x" / f"{session}.jsonl", lines)
    take_in(daemon)
    assert "a secret" in prompts(daemon, conversation)

    daemon.api("DELETE", f"/conversations/{conversation}?now=1")

    wait_for(lambda: forgotten(daemon, conversation), "the conversation to be forgotten")
    assert take_in(daemon)["total"] == 0
    assert rows(daemon) == {}
    assert {one["state"] for one in daemon.api("GET", "/import")["sessions"]} == {"deleted"}
    assert daemon.stop() == 0
    kept = [file for file in daemon.data.rglob("*") if file.is_file()]
    assert [file for file in kept if SECRET.encode() in file.read_bytes()] == []


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


def test_a_history_that_cannot_be_read_is_said_to_have_failed(daemon: Daemon) -> None:
    histories.unpack(home(daemon), "opencode")
    path = home(daemon) / ".local" / "share" / "opencode" / "opencode.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE message RENAME TO told")
        db.commit()
    daemon.start()

    progress = take_in(daemon)

    assert (progress["failed"], progress["done"]) == (1, 1)
    assert "no such table" in progress["problems"][0]


def test_no_copy_of_a_database_is_left(daemon: Daemon) -> None:
    histories.unpack(home(daemon), "opencode")
    left = daemon.data / "copies" / "told" / "copy.db"
    left.parent.mkdir(parents=True)
    left.write_text("by a daemon that was killed")
    daemon.start()
    wait_for(lambda: not left.exists(), "it to be removed")

    take_in(daemon)

    assert list((daemon.data / "copies").iterdir()) == []


def test_a_database_holds_many_sessions(daemon: Daemon) -> None:
    histories.unpack(home(daemon), "opencode")
    path = home(daemon) / ".local" / "share" / "opencode" / "opencode.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        names = [row[1] for row in db.execute("PRAGMA table_info(session)")]
        columns = ", ".join(names)
        other = ", ".join(
            {"id": "'ses_b'", "title": "'Other'", "directory": "'/work/b'"}.get(n, n) for n in names
        )
        db.execute(f"INSERT INTO session ({columns}) SELECT {other} FROM session")
        db.execute(
            "INSERT INTO message SELECT 'b' || id, 'ses_b', time_created, time_updated, data FROM message WHERE session_id <> 'ses_b'"
        )
        db.execute(
            "INSERT INTO part SELECT 'b' || id, 'b' || message_id, 'ses_b', time_created, time_updated, data FROM part"
        )
        db.commit()
    daemon.start()

    take_in(daemon)

    found = {title: row["workingDirectory"] for title, row in rows(daemon).items()}
    assert found == {"Demo session": "/work/demo", "Other": "/work/b"}
    assert len({len(daemon.items(row["id"])) for row in rows(daemon).values()}) == 1
