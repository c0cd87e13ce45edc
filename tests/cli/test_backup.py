"""A backup is taken while the daemon works, is whole or none, and comes back as it was."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.ctl import Here
from tests.support.daemon import Daemon, wait_for


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    daemon = Daemon(tmp_path / "first").start()
    try:
        yield Here(daemon)
    finally:
        daemon.close()


@contextlib.contextmanager
def another(root: Path) -> Iterator[Here]:
    daemon = Daemon(root)
    try:
        yield Here(daemon)
    finally:
        daemon.close()


def facts(here: Here) -> list[dict[str, Any]]:
    return here.daemon.events()


def test_what_was_said_is_there_again_in_another_place(here: Here, tmp_path: Path) -> None:
    here("run", "long 100000; tool", "--agent", "demo")
    here("send", here.new(), "emit 2000 rate 100")
    made = here.json("backup", str(tmp_path / "copy"))
    before = facts(here)[: made["position"]]

    assert made["blobs"] == 1
    assert len(facts(here)) >= made["position"]
    with another(tmp_path / "second") as there:
        assert there.json("restore", str(tmp_path / "copy"))["log_id"] == made["log_id"]
        assert there.json("verify")["whole"] is True
        there.daemon.start()
        assert facts(there)[: len(before)] == before
        conversations = there.json("ls")["conversations"]
        assert len(conversations) == 2
        said = there("export", conversations[1]["id"]).stdout
        assert len(said) > 100_000


def test_a_turn_that_ran_is_found_interrupted_and_the_conversation_goes_on(
    here: Here, tmp_path: Path
) -> None:
    conversation = here.new()
    here("send", conversation, "emit 1; sleep 60")
    wait_for(lambda: here.said(conversation), "the agent to be at work")
    here("backup", str(tmp_path / "copy"))

    with another(tmp_path / "second") as there:
        there("restore", str(tmp_path / "copy"))
        there.daemon.start()
        assert there.daemon.ended(conversation)["status"] in ("interrupted", "error")
        there("send", conversation, "emit 1", "--follow")


def test_a_running_daemon_or_a_log_is_not_written_over(here: Here, tmp_path: Path) -> None:
    here("backup", str(tmp_path / "copy"))

    assert str(here.daemon.process.pid) in here("restore", str(tmp_path / "copy"), code=3).stderr  # type: ignore[union-attr]
    here.daemon.stop()
    assert "already" in here("restore", str(tmp_path / "copy"), code=3).stderr
    assert here.json("verify")["whole"] is True


def test_a_directory_in_use_is_no_target(here: Here, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("dear")

    assert "new or empty" in here("backup", str(tmp_path / "mine"), code=3).stderr
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["letter"]


def test_by_default_it_goes_beside_the_log_for_this_user_alone(here: Here) -> None:
    made = Path(here("backup").stdout.strip())

    assert made.parent == here.daemon.data / "backups"
    assert made.stat().st_mode & 0o077 == 0
    assert {file.stat().st_mode & 0o077 for file in made.rglob("*")} == {0}


def test_a_backup_that_is_not_complete_or_was_changed_is_refused(here: Here, tmp_path: Path) -> None:
    here("run", "long 100000", "--agent", "demo")
    copy = Path(here.json("backup", str(tmp_path / "copy"))["backup"])
    label = (copy / "backup.json").read_bytes()
    blob = next(file for file in (copy / "blobs").rglob("*") if file.is_file())
    with another(tmp_path / "second") as there:

        def refused(code: int) -> str:
            text = there("restore", str(copy), code=code).stderr
            assert not (there.daemon.data / "agentguid.db").exists()
            return text

        (copy / "backup.json").unlink()
        assert "no backup" in refused(4)
        (copy / "backup.json").write_bytes(json.dumps(json.loads(label) | {"format": 99}).encode())
        assert "newer" in refused(3)
        (copy / "backup.json").write_bytes(label)
        blob.write_bytes(blob.read_bytes()[:-1])
        assert blob.name in refused(1)
        blob.unlink()
        assert blob.name in refused(1)


def test_without_a_log_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with another(tmp_path / "none") as there:
        there("backup", code=4)
