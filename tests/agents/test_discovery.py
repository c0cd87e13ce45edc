"""Discovery finds what is installed, says what is wrong with it, and never waits long for a program."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from agentguid import __version__
from agentguid.agents import discovery, environ
from agentguid.agents.catalogue import CATALOGUE, Entry
from agentguid.agents.discovery import Agents, Found

PATIENCES = (0.3, 3.0, 10.0)
"""Seconds to answer within; the longer ones where a busy machine starts a program late."""


@pytest.fixture(autouse=True)
def _only_this_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs of this machine do not count."""
    monkeypatch.setattr(environ, "EVERYWHERE", ())


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def scan(tmp_path: Path, catalogue: tuple[Entry, ...] = CATALOGUE, **more: str) -> dict[str, Found]:
    agents = Agents({"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path), **more}, catalogue)
    return {found.id: found for found in asyncio.run(agents.rescan())}


def test_an_agent_on_the_path_is_found_with_its_version(tmp_path: Path) -> None:
    path = program(tmp_path / "bin", "claude", "echo '2.1.330 (Claude Code)'; echo more")
    found = scan(tmp_path)["claude-code"]

    assert (found.installed, found.path, found.version, found.problem) == (
        True,
        str(path),
        "2.1.330 (Claude Code)",
        None,
    )


def test_what_is_not_there_is_told_with_how_to_get_it(tmp_path: Path) -> None:
    found = scan(tmp_path)["claude-code"]

    assert not found.installed
    assert found.problem == f"Claude Code is not installed. Install it with: {found.install}"


def test_the_demo_agent_is_always_there(tmp_path: Path) -> None:
    found = scan(tmp_path)["demo"]

    assert (found.installed, found.path, found.version) == (True, None, __version__)
    assert found.speaks().argv("", discovery_launch())[1] == "-I"


def discovery_launch() -> object:
    from agentguid.agents.base import Launch

    return Launch(cwd="/", model=None, mode="ask", resume=None)


def test_usual_folders_of_one_user_are_searched_after_the_path(tmp_path: Path) -> None:
    hidden = program(tmp_path / ".local/bin", "claude", "echo 1")
    assert scan(tmp_path)["claude-code"].path == str(hidden)

    first = program(tmp_path / "bin", "claude", "echo 2")
    assert scan(tmp_path)["claude-code"].path == str(first)


def test_an_older_name_is_found_too(tmp_path: Path) -> None:
    path = program(tmp_path / "bin", "claude-code", "echo 1")

    assert scan(tmp_path)["claude-code"].path == str(path)


def test_a_setting_names_the_program(tmp_path: Path) -> None:
    program(tmp_path / "bin", "claude", "echo 1")
    other = program(tmp_path / "elsewhere", "my-claude", "echo 9")

    assert scan(tmp_path, AGENTGUID_AGENT_CLAUDE_CODE_BINARY=str(other))["claude-code"].version == "9"


@pytest.mark.parametrize("value", ["/nowhere/claude", "claude", "/etc/passwd"])
def test_a_setting_that_names_no_program_is_a_problem(tmp_path: Path, value: str) -> None:
    """It is not silently passed over for another program."""
    program(tmp_path / "bin", "claude", "echo 1")
    found = scan(tmp_path, AGENTGUID_AGENT_CLAUDE_CODE_BINARY=value)["claude-code"]

    assert (found.installed, found.problem) == (False, f"{value} is not a program that can be run")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo no >&2; exit 4", "failed (exit status 4)"),
        ("exit 0", "failed (exit status 0)"),
        ("kill -9 $$", "failed (exit status -9)"),
    ],
)
def test_a_program_that_fails_is_installed_but_has_a_problem(
    tmp_path: Path, script: str, problem: str
) -> None:
    program(tmp_path / "bin", "claude", script)
    found = scan(tmp_path)["claude-code"]

    assert (found.installed, found.version) == (True, None)
    assert problem in str(found.problem)


def test_a_version_on_the_error_output_counts_where_nothing_else_is_said(tmp_path: Path) -> None:
    """Pi writes it there. A warning beside the version does not."""
    program(tmp_path / "bin", "claude", "echo 0.74.2 >&2")
    assert scan(tmp_path)["claude-code"].version == "0.74.2"

    program(tmp_path / "bin", "claude", "echo careful >&2; echo 1")
    assert scan(tmp_path)["claude-code"].version == "1"


def test_garbage_for_a_version_is_cut_and_cleaned(tmp_path: Path) -> None:
    """However much it writes, a short printable line comes of it."""
    program(tmp_path / "bin", "claude", r"printf '\033[31m1.0\377\0'; head -c 5000000 /dev/zero | tr '\0' x")
    version = scan(tmp_path)["claude-code"].version

    assert version is not None
    assert version.startswith("[31m1.0")
    assert len(version) <= 100
    assert version.isprintable()


def test_a_program_that_hangs_is_ended_with_all_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "claude", f"echo $$ > {tmp_path}/pid; sleep 600; true")
    began = time.monotonic()
    for patience in PATIENCES:
        monkeypatch.setattr(discovery, "PATIENCE", patience)
        found = scan(tmp_path)["claude-code"]
        if (tmp_path / "pid").exists():
            break

    assert time.monotonic() - began < 60
    assert "did not say its version" in str(found.problem)
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()


def test_a_program_that_runs_as_somebody_else_is_left_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may not be ended by us (setuid). The search goes on, and the daemon."""
    really = os.killpg

    def may_not(pid: int, signal: int) -> None:
        really(pid, signal)
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(discovery.os, "killpg", may_not)
    program(tmp_path / "bin", "claude", "sleep 600; true")
    program(tmp_path / "bin", "codex", "echo 1.0")
    for patience in PATIENCES:
        monkeypatch.setattr(discovery, "PATIENCE", patience)
        found = scan(tmp_path)
        if found["codex"].version:
            break

    assert "did not say its version" in str(found["claude-code"].problem)
    assert found["codex"].version == "1.0"


def test_a_program_that_cannot_be_run_is_a_problem(tmp_path: Path) -> None:
    path = program(tmp_path / "bin", "claude", "")
    path.write_bytes(b"\x7fELF nonsense")
    found = scan(tmp_path)["claude-code"]

    assert f"{path} cannot be run" in str(found.problem)


def test_programs_are_asked_at_the_same_time_and_the_loop_goes_on(tmp_path: Path) -> None:
    """Each waits for the other's file: one after the other they would never end."""
    for name, other in (("one", "two"), ("two", "one")):
        wait = f"touch {tmp_path}/{name}; while [ ! -e {tmp_path}/{other} ]; do sleep 0.01; done; echo {name}"
        program(tmp_path / "bin", name, wait)
    catalogue = tuple(Entry(name, name, "", "", "claude", binaries=(name,)) for name in ("one", "two"))

    assert [found.version for found in scan(tmp_path, catalogue).values()] == ["one", "two"]


def test_two_scans_at_once_are_one(tmp_path: Path) -> None:
    program(tmp_path / "bin", "claude", f"echo x >> {tmp_path}/count; echo 1")
    agents = Agents({"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path)})

    async def both() -> None:
        await asyncio.gather(agents.rescan(), agents.rescan())

    asyncio.run(both())
    assert (tmp_path / "count").read_text() == "x\n"


def test_before_the_first_scan_the_catalogue_is_there() -> None:
    agents = Agents({})

    assert [found.id for found in agents.all()] == [entry.id for entry in CATALOGUE]
    assert [found.id for found in agents.all() if found.installed] == ["demo"]
    assert agents.get("nobody") is None


def test_agents_do_not_inherit_what_concerns_the_daemon(tmp_path: Path) -> None:
    """Nor marks that would make Claude Code think that it runs inside another one."""
    given = {
        "HOME": str(tmp_path),
        "LANG": "C",
        "ANTHROPIC_API_KEY": "k",
        "CLAUDE_CODE_MAX_RETRIES": "2",
        "AGENTGUID_DATA_DIR": "x",
        "NOTIFY_SOCKET": "x",
        "WATCHDOG_USEC": "1",
        "WATCHDOG_PID": "1",
        "LISTEN_FDS": "1",
        "INVOCATION_ID": "x",
        "JOURNAL_STREAM": "x",
        "CLAUDECODE": "1",
        "CLAUDE_CODE_ENTRYPOINT": "cli",
    }

    assert set(environ.child_environ(given)) == {
        "HOME",
        "LANG",
        "ANTHROPIC_API_KEY",
        "CLAUDE_CODE_MAX_RETRIES",
        "PATH",
    }


def test_agents_find_programs_where_they_themselves_were_found(tmp_path: Path) -> None:
    program(tmp_path / ".local/bin", "claude", "")

    assert (
        environ.child_environ({"HOME": str(tmp_path), "PATH": "/usr/bin"})["PATH"]
        == f"/usr/bin:{tmp_path}/.local/bin"
    )
