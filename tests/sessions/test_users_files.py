"""What is the user's own is read, never written; and no program is fetched that the user did not install."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentguid.agents import gemini_home
from agentguid.agents.base import Launch
from agentguid.agents.catalogue import CATALOGUE, Entry
from agentguid.agents.discovery import Found
from agentguid.agents.ways import WAYS
from agentguid.protocol.items import Mode
from tests.cli.test_signing import CTL
from tests.support import pacer, signin
from tests.support.daemon import Daemon, wait_for
from tests.support.terminal import Terminal

FETCHERS = {"npx", "npm", "pnpm", "yarn", "bun", "bunx", "deno", "uv", "uvx", "pipx", "pip", "curl", "wget", "brew", "docker", "sh", "bash"}  # fmt: skip
"""Programs that fetch others."""
JSON, TOML = '{ // mine\n  "theme": "dark",}\n', 'model = "mine"   # kept\n'
OWN = {
    ".claude/settings.json": JSON,
    ".claude/CLAUDE.md": "Be brief.\n",
    ".claude/projects/-w/not-a-session.jsonl": "{\n",
    ".claude.json": '{"numStartups": 7}',
    ".codex/config.toml": TOML,
    ".codex/auth.json": '{"OPENAI_API_KEY": null}',
    ".gemini/settings.json": '{"security": {"auth": {"selectedType": "gemini-api-key"}}}\n',
    ".gemini/GEMINI.md": "Be brief.\n",
    ".config/opencode/opencode.json": '{"permission": "allow"}\n',
    ".config/kilo/kilo.json": '{"permission": {"*": "allow"}}\n',
    ".local/share/opencode/auth.json": "{}\n",
    ".pi/agent/settings.json": '{"defaultProvider": "p", "defaultModel": "m"}',
    ".qwen/settings.json": "{}\n",
    ".kimi/config.toml": TOML,
    ".vibe/config.toml": TOML,
    ".copilot/config.json": JSON,
    ".config/goose/config.yaml": "GOOSE_MODE: auto\n",
    ".npmrc": "prefix=/somewhere\n",
}
"""Files in the user's home, also such as cannot be read."""
WORKING = ("claude-code", "codex", "gemini", "kimi", "pi", "demo")
"""One at least of each dialect."""
MODES: tuple[Mode, ...] = ("ask", "accept_edits", "plan", "bypass")

State = dict[str, tuple[int, int, bytes]]


def state(home: Path) -> State:
    """Each file and folder in it: its rights, when it was written, and its bytes."""
    found = {}
    for path in sorted(home.rglob("*")):
        known = path.lstat()
        data = b"" if path.is_dir() else path.read_bytes()
        found[str(path.relative_to(home))] = (known.st_mode, known.st_mtime_ns, data)
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, text in OWN.items():
        file = tmp_path / "home" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "home"


@pytest.fixture
def daemon(home: Path, tmp_path: Path) -> Iterator[Daemon]:
    """It finds stand-ins: for most agents one that works, for Kilo one to sign in to and to update."""
    programs = pacer.install(tmp_path / "programs", ("claude", "codex", "gemini", "kimi", "pi"))
    signing = signin.install(programs, "signing")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.toml").write_text(
        f'[agents.kilo]\ncommand = ["{signing}"]\nlogin_command = ["{signing}", "auth", "login"]\n'
        f'update_command = ["{signing}", "update"]\n'
    )
    one = Daemon(tmp_path, PATH=f"{programs}:{os.environ['PATH']}")
    assert Path(one.environ["HOME"]) == home
    try:
        yield one
    finally:
        one.close()


def test_agents_work_are_signed_in_to_and_updated_without_a_trace_in_the_users_files(
    daemon: Daemon, home: Path
) -> None:
    before = state(home)
    daemon.start()
    wait_for(lambda: daemon.api("GET", "/agents/pi")["installed"], "the search")
    for agent in WORKING:
        conversation = daemon.conversation(agent)
        daemon.send(conversation, "emit 2 rate 100")
        turn = daemon.ended(conversation)
        assert turn["status"] == "complete", (agent, turn["error"])
    daemon.request("GET", "/agents")
    for agent in ("claude-code", "gemini"):
        daemon.api("POST", f"/agents/{agent}/models")
    with Terminal([*CTL, "login", "kilo"], daemon.environ, daemon.work) as terminal:
        terminal.expect("Code: ")
        terminal.send("4711\r")
        assert terminal.ends() == 0
    with Terminal([*CTL, "update", "kilo", "--yes"], daemon.environ, daemon.work) as terminal:
        assert terminal.ends() == 0
    daemon.stop()

    after = state(home)
    written = {name for name in after.keys() | before.keys() if after.get(name) != before.get(name)}
    assert written == {".signin", ".version"}, (
        "what the stand-in wrote itself, when it was signed in to and updated"
    )


def test_a_home_for_another_account_leaves_the_users_as_it_is(home: Path, tmp_path: Path) -> None:
    before = state(home)
    for _ in range(2):
        gemini_home.prepare(tmp_path / "ours", {"HOME": str(home)})

    assert state(home) == before
    assert (tmp_path / "ours/.gemini/GEMINI.md").read_text() == "Be brief.\n"


@pytest.mark.parametrize("entry", [one for one in CATALOGUE if one.dialect], ids=lambda entry: entry.id)
def test_what_an_agent_is_started_with_fetches_nothing(entry: Entry) -> None:
    """Its program is the one that was found. Nor does signing in to it fetch one."""
    dialect = Found(entry, True, "/bin/program").speaks()
    launches = [
        Launch("/", model, mode, resume) for model in (None, "m") for mode in MODES for resume in (None, "s")
    ]
    for launch in launches:
        program, *words = dialect.argv("/bin/program", launch)
        assert program == "/bin/program" or entry.id == "demo"
        assert not FETCHERS & {os.path.basename(word) for word in words}
    assert not FETCHERS & set(entry.binaries)
    ways = WAYS.get(entry.id)
    for command in (ways.login, ways.status, *ways.others.values()) if ways else ():
        assert not FETCHERS & set(command)


def test_an_agent_that_is_not_here_is_not_fetched(tmp_path: Path) -> None:
    """How to get it is said, also to who would begin with it at once."""
    programs, called = tmp_path / "programs", tmp_path / "called"
    programs.mkdir()
    for name in FETCHERS - {"sh", "bash"}:
        (programs / name).write_text(f'#!/bin/sh\necho "$0 $*" >> {called}\n')
        (programs / name).chmod(0o755)
    daemon = Daemon(tmp_path, PATH=f"{programs}:/usr/bin:/bin").start()
    try:
        daemon.api("POST", "/agents/rescan")
        missing = [one for one in daemon.api("GET", "/agents")["agents"] if not one["installed"]]
        assert {"claude-code", "codex", "gemini", "codex-acp", "vibe"} <= {one["id"] for one in missing}
        daemon.request("GET", "/agents")
        for one in missing:
            assert one["install"]
            conversation = daemon.conversation(one["id"])
            daemon.send(conversation, "say hello")
            turn = daemon.ended(conversation)
            assert (turn["status"], one["problem"] in turn["error"]) == ("error", True), turn
        assert not called.exists(), called.read_text()
    finally:
        daemon.close()
