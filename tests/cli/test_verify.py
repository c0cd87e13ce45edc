"""`verify` needs no daemon, does not mind one, and names the first event that is wrong."""

import json
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from agentguid.append.api import Append
from agentguid.append.log import Log
from agentguid.protocol.events import ConversationRenamed
from tests.cli.conftest import Cli


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    (tmp_path / "data").mkdir()
    log = Log(tmp_path / "data" / "agentguid.db", [])
    log.open()
    for number in range(5):
        event = ConversationRenamed(title=f"title {number}")
        log.submit(Append("conversation-a", number, [event], 1, "user")).result(30)
    yield log
    log.close()


def test_a_whole_log_is_said_to_be_whole_while_it_is_written_and_after(log: Log, cli: Cli) -> None:
    held = cli("verify")
    log.close()
    closed = cli("verify", "--json")

    assert (held.returncode, held.stderr) == (0, "")
    assert held.stdout.endswith("agentguid.db: whole\n")
    assert json.loads(closed.stdout) | {"log": ""} == {"log": "", "whole": True, "error": None}


def test_a_changed_event_is_named(log: Log, cli: Cli, tmp_path: Path) -> None:
    log.close()
    db = apsw.Connection(str(tmp_path / "data" / "agentguid.db"))
    for (trigger,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        db.execute(f'DROP TRIGGER "{trigger}"')
    db.execute("""UPDATE event_data SET data = '{"title":"forged"}' WHERE position = 3""")
    db.close()

    done = cli("verify")

    assert done.returncode == 1
    assert "event 3" in done.stdout
    assert "agentguictl restore DIR" in done.stdout
    assert cli("verify", "--after", "3").returncode == 0


def test_a_file_that_is_no_database_is_no_traceback(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "agentguid.db").write_bytes(b"not a database, not at all" * 100)

    done = cli("verify")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "agentguictl restore DIR" in done.stdout


def test_without_a_log_there_is_nothing_to_verify(cli: Cli) -> None:
    assert cli("verify").returncode == 4
