"""The unit file, and the verb `service` with stand-ins for systemd's programs: no user manager runs where tests do."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentguid.cli.unit import made, quoted, user
from tests.support.daemon import Daemon, wait_for

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "systemd" / "agentguid.service"

SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >>"$CALLS"
case "$*" in
  *is-active*) cat "$STATE/active" 2>/dev/null || { echo inactive; exit 3; } ;;
  *is-enabled*) cat "$STATE/enabled" 2>/dev/null || { echo disabled; exit 1; } ;;
  *enable*) [ -f "$STATE/refuses" ] && { echo "Access denied" >&2; exit 1; }; echo enabled >"$STATE/enabled" ;;
  *"disable --now"*) rm -f "$STATE/enabled" "$STATE/active" ;;
  *start*) echo active >"$STATE/active" ;;
  *stop*) rm -f "$STATE/active" ;;
esac
"""
LOGINCTL = """#!/bin/sh
echo "loginctl $*" >>"$CALLS"
case "$*" in
  *enable-linger*) touch "$STATE/linger" ;;
  *show-user*) [ -f "$STATE/linger" ] && echo yes || echo no ;;
esac
"""
JOURNALCTL = """#!/bin/sh
echo "journalctl $*" >>"$CALLS"
echo "Started agentguid.service"
"""
ABSENT = """#!/bin/sh
echo "Failed to connect to bus: No medium found" >&2
exit 1
"""


class Machine:
    """A home, a PATH with stand-ins, and `agentguictl service` in it."""

    def __init__(self, daemon: Daemon, bin: Path) -> None:
        self.daemon = daemon
        self.state = daemon.root / "state"
        self.state.mkdir()
        self.calls = daemon.root / "calls"
        self.unit = daemon.root / "home" / ".config" / "systemd" / "user" / "agentguid.service"
        self.environ = {
            **daemon.environ,
            "PATH": f"{bin}:{os.environ['PATH']}",
            "CALLS": str(self.calls),
            "STATE": str(self.state),
        }

    def __call__(self, *args: str, code: int = 0, **environ: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "agentguid.cli", "service", *args],
            env={**self.environ, **environ},
            cwd=self.daemon.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == code, (args, done)
        return done.stdout + done.stderr

    def called(self) -> list[str]:
        """What was asked of systemd since the last look."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return [line for line in lines if "show-environment" not in line]


def stand_ins(folder: Path, **programs: str) -> Path:
    folder.mkdir()
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    bin = stand_ins(tmp_path / "bin", systemctl=SYSTEMCTL, loginctl=LOGINCTL, journalctl=JOURNALCTL)
    daemon = Daemon(tmp_path / "a home with % and $HOME")
    yield Machine(daemon, bin)
    daemon.close()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Machine]:
    """Without a user manager."""
    daemon = Daemon(tmp_path / "root")
    yield Machine(daemon, stand_ins(tmp_path / "bin", systemctl=ABSENT, loginctl=ABSENT, journalctl=ABSENT))
    daemon.close()


# -- the unit ---------------------------------------------------------------------------------------------------------
def verified(path: Path, tmp_path: Path) -> str:
    if not shutil.which("systemd-analyze"):
        pytest.skip("NOT CHECKED: systemd-analyze is not here (on Debian: apt-get install systemd)")
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(runtime), "HOME": str(tmp_path)}
    done = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify", str(path)],
        env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_systemd_has_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    here = tmp_path / "agentguid.service"
    here.write_text(UNIT.read_text().replace("%h/.local/bin/agentguid", "/bin/true"))

    assert verified(here, tmp_path) == ""


@pytest.mark.parametrize("folder", ["a b", "100%h", "it's", 'a "b"', "$HOME", "back\\slash"])
def test_nor_about_one_with_such_a_path(folder: str, tmp_path: Path) -> None:
    program = tmp_path / folder / "agentguid"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    here = tmp_path / "agentguid.service"
    here.write_text(made({"PATH": f"{tmp_path}/50% off:/bin", "PORT": "4000"}, [str(program)]))

    assert verified(here, tmp_path) == ""


def test_systemd_would_say_it_if_the_unit_were_wrong(tmp_path: Path) -> None:
    """The check can fail."""
    here = tmp_path / "agentguid.service"
    here.write_text(
        UNIT.read_text().replace("KillMode=process", "KillModus=process").replace("%h/.local", "/none")
    )

    with pytest.raises(AssertionError):
        assert verified(here, tmp_path) == ""


def test_only_the_daemon_is_stopped_and_agents_get_no_namespace_or_filter_of_its_own() -> None:
    settings = dict(
        line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and line[0] != "#"
    )

    assert settings["KillMode"] == "process"
    assert settings["OOMPolicy"] == "continue"
    assert settings["RuntimeDirectoryPreserve"] == "yes"
    assert settings["RestartPreventExitStatus"] == "78"
    assert settings["Type"] == "notify"
    inherited = (
        "Private",
        "Protect",
        "Restrict",
        "SystemCall",
        "NoNewPrivileges",
        "ReadOnly",
        "Temporary",
        "Limit",
    )
    assert [name for name in settings if name.startswith(inherited)] == []


@pytest.mark.parametrize(
    ("word", "command", "expected"),
    [
        ("/usr/bin/agentguid", True, '"/usr/bin/agentguid"'),
        ("/a b/c", True, '"/a b/c"'),
        ("100%", True, '"100%%"'),
        ("$HOME", True, '"$$HOME"'),
        ("A=$HOME", False, '"A=$HOME"'),
        ('say "x"', True, '"say \\"x\\""'),
        ("back\\slash", True, '"back\\\\slash"'),
    ],
)
def test_words_mean_themselves(word: str, command: bool, expected: str) -> None:
    assert quoted(word, command=command) == expected


def test_the_unit_takes_settings_along_and_no_token() -> None:
    environ = {
        "PATH": "/opt/bin:/bin",
        "AGENTGUID_PORT": "4000",
        "AGENTGUID_TOKEN": "agd_secret",
        "AGENTGUID_URL": "http://elsewhere",
        "AGENTGUID_AGENT_CLAUDE_CODE_BINARY": "/opt/claude",
        "ANTHROPIC_API_KEY": "sk-secret",
        "HOT_RELOAD": "1",
    }

    text = made(environ, ["/bin/agentguid"])

    lines = [line for line in text.splitlines() if line.startswith("Environment=")]
    assert lines == [
        'Environment="PATH=/opt/bin:/bin"',
        'Environment="AGENTGUID_PORT=4000"',
        'Environment="AGENTGUID_AGENT_CLAUDE_CODE_BINARY=/opt/claude"',
    ]
    assert "secret" not in text


# -- the verb, with systemd -------------------------------------------------------------------------------------------
def test_install_writes_enables_and_says_what_is_next(machine: Machine) -> None:
    machine("install", "--no-linger")

    text = machine.unit.read_text()
    assert f'ExecStart="{Path(sys.executable).with_name("agentguid")}"' in text
    assert "a home with %% and $HOME" in text  # its data directory, as the environment names it
    assert machine.called() == [
        "systemctl --user daemon-reload",
        "systemctl --user enable agentguid.service",
        f"loginctl show-user {user()} --property=Linger --value",
        "systemctl --user is-active agentguid.service",
    ]


def test_install_twice_is_as_good_as_once(machine: Machine) -> None:
    machine("install", "--linger")
    before = machine.unit.read_text()
    machine.called()

    said = machine("install", "--linger")

    assert machine.unit.read_text() == before
    assert "as it should be" in said
    assert not any("enable-linger" in call for call in machine.called())


def test_linger_is_enabled_when_wished_and_named_when_not_said(machine: Machine) -> None:
    assert "loginctl enable-linger" in machine("install")
    assert not (machine.state / "linger").exists()
    machine("install", "--linger")
    assert (machine.state / "linger").exists()


def test_a_refusal_of_systemd_is_passed_on(machine: Machine) -> None:
    (machine.state / "refuses").touch()

    assert "Access denied" in machine("install", code=1)


def test_without_the_unit_start_says_to_install_it(machine: Machine) -> None:
    assert "service install" in machine("start", code=1)
    assert "service install" in machine("restart", code=1)


def test_uninstall_disables_removes_and_is_content_when_there_is_nothing(machine: Machine) -> None:
    machine("install", "--no-linger")
    machine.called()

    machine("uninstall")

    assert not machine.unit.exists()
    assert machine.called() == [
        "systemctl --user disable --now agentguid.service",
        "systemctl --user daemon-reload",
    ]
    assert "not installed" in machine("uninstall")


def test_start_tells_where_it_runs_and_restart_goes_through_systemd(machine: Machine) -> None:
    machine("install", "--no-linger")
    assert "does not answer" in machine("start", code=1)  # the stand-in starts nothing
    machine.daemon.start()
    assert f"pid {machine.daemon.process.pid}" in machine("restart")  # type: ignore[union-attr]
    assert "systemctl --user restart agentguid.service" in machine.called()


def test_a_daemon_that_was_started_by_hand_is_named(machine: Machine) -> None:
    machine("install", "--no-linger")
    machine.daemon.start()

    assert "started by hand" in machine("start", code=1)


def test_logs_are_those_of_the_journal(machine: Machine) -> None:
    machine("install", "--no-linger")
    machine.called()

    assert "Started agentguid.service" in machine("logs", "-n", "7")
    assert machine.called() == [
        "journalctl --user --unit agentguid.service --output cat --lines 7 --no-pager"
    ]


# -- without ----------------------------------------------------------------------------------------------------------
def test_without_a_user_manager_one_learns_how_to_keep_it_running(bare: Machine) -> None:
    for action in ("install", "start", "restart"):
        said = bare(action, code=1)
        for words in ("No medium found", "nohup", "tmux", "@reboot", "launch agent"):
            assert words in said, (action, said)
    assert not bare.unit.exists()


def test_status_and_stop_work_without_systemd(bare: Machine) -> None:
    assert re.search("^running +no$", bare("status", code=69), re.MULTILINE)
    assert json.loads(bare("status", "--json", code=69))["running"] is False
    assert "stopped" in bare("stop")
    bare.daemon.start()
    status = json.loads(bare("status", "--json"))
    assert (status["running"], status["service"]) == (True, "not installed")
    assert "No medium found" in status["systemd"]

    assert "stopped" in bare("stop")

    assert bare.daemon.process
    assert bare.daemon.process.wait(30) == 0
    assert "serves" in bare("logs")


def test_stop_leaves_agents_and_stop_with_agents_ends_them(bare: Machine) -> None:
    daemon = bare.daemon.start()
    conversation = daemon.conversation()
    turn = daemon.send(conversation, "sleep 60")["session"]["id"]
    wait_for(daemon.hosts, "a host")
    wait_for(lambda: len(daemon.descendants()) >= 3, "its agent")

    assert "1 agent goes on" in bare("stop")
    assert daemon.hosts()
    assert "1 agent still runs" in bare("stop", "--agents", code=69)

    restarted(daemon)
    wait_for(lambda: daemon.api("GET", "/status")["liveAgents"], "the agent to be taken up")
    assert "1 agent ended" in bare("stop", "--agents")
    wait_for(lambda: not daemon.descendants(), "everything to be gone")
    restarted(daemon)
    assert daemon.ended(conversation, turn)["status"] == "interrupted"
    assert daemon.hosts() == []


def restarted(daemon: Daemon) -> None:
    """After the last one has ended by itself."""
    assert daemon.process
    assert daemon.process.wait(30) == 0
    daemon.start()


def test_a_message_that_waits_is_kept_for_the_next_daemon(bare: Machine) -> None:
    daemon = bare.daemon.start()
    conversation = daemon.conversation()
    daemon.send(conversation, "sleep 60")
    daemon.send(conversation, "emit 1")
    wait_for(daemon.hosts, "a host")

    bare("stop", "--agents")
    wait_for(lambda: not daemon.descendants(), "everything to be gone")
    restarted(daemon)

    waiting = wait_for(lambda: held(daemon, conversation), "the message to be held back")
    assert [row["content"] for row in waiting["queue"]] == ["emit 1"]
    daemon.api("POST", f"/conversations/{conversation}/queue/release")
    wait_for(lambda: daemon.ended(conversation)["status"] == "complete", "it to be sent and done")


def held(daemon: Daemon, conversation: str) -> dict[str, Any] | None:
    """The queue, once it is held."""
    found: dict[str, Any] = daemon.api("GET", f"/conversations/{conversation}/queue")
    return found if found["held"] else None


def test_another_machines_service_is_not_this_verbs_business(bare: Machine) -> None:
    assert "this machine" in bare("status", "--url", "http://elsewhere:3000/gm", code=1)
