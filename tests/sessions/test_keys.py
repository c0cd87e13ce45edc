"""Keys of model providers reach the agents that are to have them, and nothing else ever holds them."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import badagent
from tests.support.ctl import Here
from tests.support.daemon import Daemon

SECRET = "sk-test-7f3a9c51d2e84b60-QRST"
OTHER = "sk-other-0b1c2d3e4f5a6978-UVWX"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    programs = badagent.install(tmp_path / "programs", "properly")
    daemon = Daemon(tmp_path, PATH=f"{programs}:{os.environ['PATH']}").start()
    yield Here(daemon)
    daemon.close()


def environ_of(pid: int) -> dict[str, str]:
    variables = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(one.partition("=")[::2] for one in variables if one)


def agent_of(daemon: Daemon, agent: str = "claude-code", prompt: str = "begin") -> int:
    """The process of an agent that has ended a turn just now."""
    assert daemon.process
    before = set(daemon.agents())
    conversation = daemon.conversation(agent)
    daemon.send(conversation, prompt)
    assert daemon.ended(conversation)["status"] == "complete"
    (found,) = set(daemon.agents()) - before
    return found


def files_with(root: Path, secret: str) -> list[str]:
    return [
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink() and secret.encode() in path.read_bytes()
    ]


def test_a_key_is_in_the_environment_of_its_agents_and_nowhere_else(here: Here) -> None:
    daemon = here.daemon
    done = here("keys", "set", "ANTHROPIC_API_KEY", stdin=SECRET + "\n")
    assert SECRET not in done.stdout + done.stderr
    pid = agent_of(daemon)
    assert environ_of(pid)["ANTHROPIC_API_KEY"] == SECRET
    assert "ANTHROPIC_API_KEY" not in environ_of(agent_of(daemon, "demo", "emit 1")), "it does not read that"

    assert files_with(daemon.root, SECRET) == ["data/keys.json"]
    assert stat.S_IMODE((daemon.data / "keys.json").stat().st_mode) == 0o600
    assert daemon.process
    for other in {daemon.process.pid, *daemon.hosts()}:
        assert SECRET not in environ_of(other).values()
    for other in {daemon.process.pid, *daemon.descendants()}:
        assert SECRET.encode() not in Path(f"/proc/{other}/cmdline").read_bytes()
    for path in ("/keys", "/settings", "/agents", "/status"):
        assert SECRET not in json.dumps(daemon.api("GET", path))
    assert SECRET not in here("keys", "ls").stdout
    assert "••••QRST" in here("keys", "ls").stdout
    assert "claude-code" in here("keys", "ls").stdout


def test_it_outlives_a_restart_and_can_be_changed_and_forgotten(here: Here) -> None:
    daemon = here.daemon
    here("keys", "set", "ANTHROPIC_API_KEY", stdin=SECRET)
    daemon.kill()
    daemon.start()
    assert environ_of(agent_of(daemon))["ANTHROPIC_API_KEY"] == SECRET
    here("keys", "set", "ANTHROPIC_API_KEY", stdin=OTHER)
    assert environ_of(agent_of(daemon))["ANTHROPIC_API_KEY"] == OTHER
    assert files_with(daemon.root, SECRET) == []
    assert "forgotten" in here("keys", "rm", "ANTHROPIC_API_KEY").stderr
    assert "was not set" in here("keys", "rm", "ANTHROPIC_API_KEY").stderr
    assert "ANTHROPIC_API_KEY" not in environ_of(agent_of(daemon))
    assert files_with(daemon.root, OTHER) == []


def test_a_key_for_one_agent_is_for_no_other(here: Here) -> None:
    daemon = here.daemon
    here("keys", "set", "ANTHROPIC_API_KEY", "--agent", "opencode", stdin=SECRET)
    assert "ANTHROPIC_API_KEY" not in environ_of(agent_of(daemon))
    here("keys", "set", "MY_OWN_TOKEN", "--agent", "claude-code", stdin=OTHER)
    assert environ_of(agent_of(daemon))["MY_OWN_TOKEN"] == OTHER


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LD_PRELOAD", "x", "must be a variable such as"),
        ("PATH", "x", "must be a variable such as"),
        ("anthropic_api_key", "x", "must be a variable such as"),
        ("A_KEY_OF_NOBODY_KEY", "x", "no agent reads"),
        ("ANTHROPIC_API_KEY", "two\nlines", "must be a key"),
        ("ANTHROPIC_API_KEY", "x" * 8193, "must be a key"),
    ],
)
def test_what_is_no_key_is_refused_without_being_repeated(
    here: Here, name: str, value: str, words: str
) -> None:
    done = here("keys", "set", name, stdin=value, code=2)
    assert words in done.stderr
    assert here.json("keys", "ls")["keys"] == []


def test_a_damaged_file_stops_the_start_and_is_not_written_over(here: Here) -> None:
    daemon = here.daemon
    daemon.stop()
    (daemon.data / "keys.json").write_text('[{"name":"ANTHROPIC_API_KEY","value":"sk-half')
    daemon.start(ready=False)
    assert daemon.process
    assert daemon.process.wait(60) == 78
    assert "keys.json cannot be read" in daemon.log()
    assert "sk-half" not in daemon.log()
    assert "sk-half" in (daemon.data / "keys.json").read_text()
