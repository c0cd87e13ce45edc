"""`doctor` finds what is wrong, with the daemon up and down, and says what to do about it."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import apsw
import pytest

from agentguid.append.api import Append
from agentguid.append.log import Log
from agentguid.protocol.events import ConversationRenamed
from tests.cli.conftest import Cli
from tests.support.ctl import Here
from tests.support.daemon import free_port


@pytest.fixture(autouse=True)
def own_port(places: dict[str, str]) -> None:
    places["AGENTGUID_PORT"] = str(free_port())


@pytest.fixture
def data(places: dict[str, str]) -> Path:
    folder = Path(places["AGENTGUID_DATA_DIR"])
    folder.mkdir(mode=0o700)
    return folder


def log_of(data: Path, at: int = 1) -> None:
    log = Log(data / "agentguid.db", [])
    log.open()
    log.submit(Append("conversation-a", 0, [ConversationRenamed(title="one")], at, "user")).result(30)
    log.close()


def checks(cli: Cli, code: int = 0, **environ: str) -> dict[str, dict[str, Any]]:
    done = cli("doctor", "--json", **environ)
    assert done.returncode == code, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert answer["broken"] is bool(code)
    return {check["name"]: check for check in answer["checks"]}


def test_without_a_daemon_nothing_is_broken_but_one_learns_how_to_start_it(cli: Cli, data: Path) -> None:
    log_of(data)

    found = checks(cli)

    assert found["daemon"]["state"] == "note"
    assert "start it with `agentguid`" in found["daemon"]["todo"]
    for name in ("versions", "settings", "data", "log", "port", "hosts"):
        assert found[name]["state"] == "ok", found[name]


def test_every_line_that_is_not_well_says_what_to_do(cli: Cli) -> None:
    done = cli("doctor")
    lines = done.stdout.splitlines()

    assert done.returncode == 0
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        assert line.startswith(("✓", " ")) or after.strip().startswith("→")


def test_a_data_directory_that_others_may_read_is_broken(cli: Cli, data: Path) -> None:
    data.chmod(0o755)

    assert f"chmod 700 {data}" in checks(cli, 1)["data"]["todo"]


def test_a_port_that_is_taken_is_broken_and_names_who_has_it(cli: Cli, places: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(places["AGENTGUID_PORT"]))):
        found = checks(cli, 1)["port"]

    assert f"(pid {os.getpid()})" in found["text"]
    assert "--port" in found["todo"]


def test_a_bad_setting_is_broken_and_named(cli: Cli) -> None:
    found = checks(cli, 1, AGENTGUID_PORT="many")["settings"]

    assert "AGENTGUID_PORT" in found["text"]


def test_agents_of_the_users_own_are_looked_for_without_a_daemon_too(
    cli: Cli, data: Path, places: dict[str, str], tmp_path: Path
) -> None:
    program = tmp_path / "my-agent"
    program.write_text("#!/bin/sh\necho 7.7.7\n")
    program.chmod(0o755)
    config = Path(places["AGENTGUID_CONFIG_DIR"])
    config.mkdir()
    (config / "config.toml").write_text(f'[agents.mine]\ncommand = ["{program}", "acp"]\n')

    said = json.loads(cli("doctor", "--json").stdout)["checks"]

    assert any(one["name"] == "agent" and one["text"].startswith("mine ") for one in said)


def test_a_config_file_that_cannot_be_read_is_broken_and_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("port = = 3")

    assert "config.toml" in checks(cli, 1)["settings"]["text"]


def test_a_socket_that_was_left_behind_is_told(cli: Cli, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(tmp_path / "run" / "ctl.sock"))

    assert "left by a daemon" in checks(cli)["socket"]["text"]


def test_a_log_that_was_changed_is_broken(cli: Cli, data: Path) -> None:
    log_of(data)
    db = apsw.Connection(str(data / "agentguid.db"))
    for (trigger,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        db.execute(f'DROP TRIGGER "{trigger}"')
    db.execute("""UPDATE event_data SET data = '{"title":"forged"}' WHERE position = 1""")
    db.close()

    assert "event 1" in checks(cli, 1)["log"]["text"]


def test_a_log_from_the_future_says_that_the_clock_went_back(cli: Cli, data: Path) -> None:
    log_of(data, 4_000_000_000_000_000)

    assert "in the future" in checks(cli, 1)["clock"]["text"]


def test_of_a_running_daemon_everything_is_asked(here: Here) -> None:
    conversation = here.new()
    here("send", conversation, "sleep 30")
    here.running(conversation)
    found = {check["name"]: check for check in here.json("doctor")["checks"]}
    here("stop", conversation)

    assert str(here.daemon.process.pid) in found["daemon"]["text"]  # type: ignore[union-attr]
    assert found["daemon"]["state"] == found["socket"]["state"] == found["log"]["state"] == "ok"
    assert found["hosts"]["text"].startswith("1 ")
    assert "port" not in found
