"""Histories that are old, broken, or none at all: nothing raises, and nothing is hidden."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agentguid.agents.histories.base import State
from agentguid.agents.histories.opencode import Kept, OpenCode, opened
from agentguid.agents.histories.places import claude, found
from agentguid.agents.histories.readers import READERS
from agentguid.effects import import_lines
from agentguid.effects.import_jobs import Fact, Read
from agentguid.effects.import_one import Stamps, each_once
from agentguid.effects.import_telling import Telling
from agentguid.protocol import events as e
from agentguid.protocol import wire
from agentguid.protocol.names import NAMES
from agentguid.stream.importing import Found
from tests.conftest import FULL
from tests.support import histories
from tests.support.telling import beside, sessions, step, told


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    histories.unpack(home)
    return home


def test_older_versions_wrote_sub_agents_into_the_same_file(tmp_path: Path) -> None:
    call = {
        "type": "tool_use",
        "id": "toolu_1",
        "name": "Task",
        "input": {"prompt": "count", "description": "c"},
    }
    common = {"timestamp": "2025-07-01T10:00:00.000Z", "cwd": "/work/demo", "sessionId": "s"}

    def line(uuid: str, parent: str | None, kind: str, content: Any, side: bool = False) -> dict[str, Any]:
        message = {"role": kind, "content": content, "id": f"msg_{uuid}", "stop_reason": "end_turn"}
        return {
            **common,
            "uuid": uuid,
            "parentUuid": parent,
            "type": kind,
            "message": message,
            "isSidechain": side,
        }

    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "two"}
    rows = [
        {"type": "summary", "summary": "Counting files", "leafUuid": "x"},
        line("a", None, "user", "how many?"),
        line("b", "a", "assistant", [call]),
        line("c", None, "user", "count", side=True),
        line("d", "c", "assistant", [{"type": "text", "text": "two, I think"}], side=True),
        line("e", "b", "user", [result]),
        line("f", "e", "assistant", [{"type": "text", "text": "Two."}]),
    ]
    path = tmp_path / ".claude" / "projects" / "p" / "s.jsonl"
    histories.write(path, rows)
    facts = told(sessions(tmp_path, "claude-code")["s"], tmp_path)

    assert [step(event) for event, _, _ in facts] == [
        "ConversationRenamed",
        "> how many?",
        "Task",
        "  message: two, I think",
        "done",
        "message: Two.",
        "complete",
    ]


def _lines_of(home: Path, source: str) -> list[bytes]:
    paths = sorted({one.path for one in found({"HOME": str(home)}, home / "copies", (source,))})
    if source == "opencode":
        with opened(Path(paths[0]), home / "copies") as db:
            rows = db.execute("SELECT data FROM message UNION ALL SELECT data FROM part").fetchall()
        return [str(row[0]).encode() for row in rows]
    lines = [line for path in paths for line in Path(path).read_bytes().splitlines()]
    return [line for line in lines if len(line) < 20_000]


@contextlib.contextmanager
def reading(source: str) -> Iterator[Any]:
    yield READERS[source]("s", State())


@pytest.mark.parametrize("source", READERS)
@settings(max_examples=300 if FULL else 100, deadline=None)
@given(data=some.data())
def test_no_line_is_too_strange(home: Path, source: str, data: some.DataObject) -> None:
    """Genuine lines with pieces changed, cut and mixed: nothing raises, and what is remembered stays bounded."""
    path = Path(
        data.draw(
            some.sampled_from(
                sorted(one.path for one in found({"HOME": str(home)}, home / "copies", (source,)))
            )
        )
    )
    if path.suffix == ".db":
        return
    lines = [line for line in path.read_bytes().splitlines() if len(line) < 20_000]
    values = some.sampled_from(
        [b"null", b"[]", b"{}", b"7", b'""', b'"x"', b"-1e999", b'["a"]', b"\xff", b'{"type":1}']
    )
    with reading(source) as story:
        for _ in range(data.draw(some.integers(1, 8))):
            line = bytearray(data.draw(some.sampled_from(lines)))
            for _ in range(data.draw(some.integers(0, 3))):
                begin = data.draw(some.integers(0, len(line)))
                end = data.draw(some.integers(begin, min(len(line), begin + 40)))
                line[begin:end] = data.draw(values)
            if isinstance(story, OpenCode):
                story.message("m", line.decode(errors="replace"), [("p", line.decode(errors="replace"))])
            else:
                story.feed(bytes(line), 1)
            for one in story.take():
                wire.encode(one.event)
        story.end(2**60)
        assert len(msgspec.json.encode(story.state)) < 200_000


def test_a_database_is_copied_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    histories.unpack(tmp_path, "opencode")
    (path,) = {Path(one.path) for one in found({"HOME": str(tmp_path)}, tmp_path / "copies", ("opencode",))}
    assert list((tmp_path / "copies").iterdir()) == []
    kept, folder = Kept(), tmp_path / "copies" / "100% mine?"
    folder.mkdir()
    (folder / "left.db").write_text("by one that was killed")

    first = kept.opened(path, folder)

    copy = (folder / "copy.db").stat()
    assert sorted(one.name for one in folder.iterdir() if "-" not in one.name) == ["copy.db"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert kept.opened(path, folder) is first
    assert (folder / "copy.db").stat().st_ino == copy.st_ino
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM session")
        db.commit()
    assert kept.opened(path, folder).execute("SELECT count(*) FROM session").fetchone() == (0,)


def test_what_is_no_session_is_passed_over(tmp_path: Path) -> None:
    """Folders and pipes with such names, names that are not text, sub-agents beside their session."""
    folder = tmp_path / ".claude" / "projects" / "p"
    histories.write(
        folder / "good.jsonl", histories.said("good", 1, "hi", "ho", "2026-11-20T10:00:00Z", "/work/demo")
    )
    (folder / "folder.jsonl").mkdir()
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "gone.jsonl").symlink_to(folder / "nowhere")
    (folder / "agent-1.jsonl").write_text("{}\n")
    Path(os.fsdecode(os.fsencode(folder) + b"/bad-\xff.jsonl")).write_text("{}\n")
    (tmp_path / ".codex").write_text("no folder")

    assert [one.id for one in found({"HOME": str(tmp_path)}, tmp_path / "copies")] == ["good"]


def test_a_session_that_goes_while_one_looks_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / ".claude" / "projects" / "p"
    for name in ("a", "b", "c"):
        (folder / name / "subagents").mkdir(parents=True)
        (folder / name / "subagents" / "agent-1.jsonl").write_text("{}\n")
        (folder / f"{name}.jsonl").write_text("{}\n")
    looking = claude({"HOME": str(tmp_path)})
    seen = [next(looking).id]
    (folder / "b.jsonl").unlink()

    assert [*seen, *(one.id for one in looking)] == ["a", "c"]


def test_where_agents_were_told_to_keep_them_is_looked(tmp_path: Path) -> None:
    histories.unpack(tmp_path, "claude-code", "codex")
    (tmp_path / ".claude").rename(tmp_path / "elsewhere")
    (tmp_path / ".codex").rename(tmp_path / "codex")
    environ = {
        "HOME": str(tmp_path),
        "CLAUDE_CONFIG_DIR": str(tmp_path / "elsewhere"),
        "CODEX_HOME": str(tmp_path / "codex"),
    }

    assert len(found({"HOME": str(tmp_path)}, tmp_path / "copies")) == 0
    assert len(found(environ, tmp_path / "copies")) == 7


def test_a_line_without_end_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than anything sensible costs no memory, and hides nothing behind it."""
    monkeypatch.setattr(import_lines, "LONGEST", 1000)
    path = tmp_path / ".claude" / "projects" / "p" / "s.jsonl"
    histories.write(path, histories.said("s", 1, "first", "one", "2026-11-20T10:00:00Z", "/work/demo"))
    with path.open("a") as file:
        file.write('{"type":"user","uuid":"x","message":"' + "x" * 5000 + '"}\n')
        for line in histories.said("s", 2, "second", "two", "2026-11-20T11:00:00Z", "/work/demo"):
            file.write(json.dumps(line) + "\n")

    steps = [step(event) for event, _, _ in told(sessions(tmp_path, "claude-code")["s"], tmp_path)]

    left_out = steps.pop(2)
    assert left_out.startswith("notice: A line of 0.0 MB is left out; it is in")
    assert steps == ["> first", "message: one", "complete", "> second", "message: two", "complete"]


def test_what_a_background_sub_agent_of_ours_says_later_stays_out(tmp_path: Path) -> None:
    """Its call had its result at once; its own file grows while a terminal goes on with the session."""
    call = {"type": "tool_use", "id": "toolu_9", "name": "Agent", "input": {"prompt": "count"}}
    ours = histories.said("s", 1, "ours", "", "2026-11-20T10:00:00Z", "/work/demo")
    ours[1]["message"]["content"] = [call]
    launched = {"type": "tool_result", "tool_use_id": "toolu_9", "content": "launched"}
    result = {**ours[0], "uuid": "r", "message": {"role": "user", "content": [launched]}}
    theirs = histories.said("s", 2, "theirs", "there", "2026-11-20T11:00:00Z", "/work/demo")
    path = tmp_path / ".claude" / "projects" / "p" / "s.jsonl"
    histories.write(path, [*ours, result, *theirs])
    side = path.with_suffix("") / "subagents" / "agent-1.jsonl"
    histories.write(
        side,
        [
            {**line, "isSidechain": True}
            for line in histories.said("s", 7, "count", "two", "2026-11-20T11:30:00Z", "/w")
        ],
    )
    side.with_suffix(".meta.json").write_text('{"toolUseId": "toolu_9"}')
    telling = Telling(Read(sessions(tmp_path, "claude-code")["s"], 0, b"", None, *beside(tmp_path)))
    telling.story._ours = Morning()

    facts = [fact for batch in telling.run() for fact in batch.facts]

    steps = [step(wire.decode(fact.name, fact.schema, bytes(fact.data))) for fact in facts]
    assert steps == ["> theirs", "message: there", "complete"]


class Morning:
    """Says that what began at ten was ours."""

    def did(self, names: Any, at: int, *, sure: bool) -> bool | None:
        return self.ran(at)

    def ran(self, at: int) -> bool:
        return at // 3_600_000_000 % 24 == 10


def test_lines_without_a_time_are_as_old_as_what_follows(tmp_path: Path) -> None:
    rows = histories.said("s", 1, "first", "one", "2026-11-20T10:00:00Z", "/work/demo")
    histories.write(
        tmp_path / ".claude" / "projects" / "p" / "s.jsonl",
        [{"type": "summary", "summary": "A name", "leafUuid": "x"}, *rows, *rows],
    )
    facts = told(sessions(tmp_path, "claude-code")["s"], tmp_path)
    batch = [(event, Fact(NAMES[type(event)], 1, msgspec.Raw(b"{}"), at, line)) for event, at, line in facts]

    once = each_once(batch)
    stamps = Stamps(Found("claude-code", "s", "", "", "", 0, 5, 6, "new", None), once)

    assert [step(event) for event, _ in once] == [
        "ConversationRenamed",
        "> first",
        "message: one",
        "complete",
    ]
    assert len({stamps(event).at for event, _ in once}) == 1


def test_the_name_that_the_user_gave_a_session_is_kept(tmp_path: Path) -> None:
    """Claude Code thinks of names by itself, and writes all of them again whenever it ends."""
    rows = histories.said("s", 1, "first", "one", "2026-11-20T10:00:00Z", "/work/demo")
    thought = {"type": "ai-title", "aiTitle": "Greeting", "sessionId": "s"}
    given_by_user = {"type": "custom-title", "customTitle": "My\x1b[31m greeting\nand more", "sessionId": "s"}
    queued = {"type": "queued_command", "prompt": "hurry up"}
    meta = {"type": "queued_command", "prompt": "a reminder", "isMeta": True}
    beside = [
        {**rows[0], "type": "attachment", "uuid": f"q{n}", "attachment": one}
        for n, one in enumerate((queued, meta))
    ]
    path = tmp_path / ".claude" / "projects" / "p" / "s.jsonl"
    histories.write(path, [rows[0], *beside, rows[1], thought, given_by_user, thought, given_by_user])

    facts = told(sessions(tmp_path, "claude-code")["s"], tmp_path)

    names = [event.title for event, _, _ in facts if isinstance(event, e.ConversationRenamed)]
    assert list(dict.fromkeys(names)) == ["Greeting", "My[31m greeting"]
    assert names[-1] == "My[31m greeting"
    notices = [
        event.body.text for event, _, _ in facts if isinstance(event, e.ItemAdded) and event.kind == "notice"
    ]
    assert notices == ["You, while it worked: hurry up"]
