"""How an agent is signed in, installed and updated follows from what is known of it and from where it lies."""

import os
from pathlib import Path

import pytest

from agentguid.agents import environ, programs
from agentguid.agents.catalogue import CATALOGUE, with_custom
from agentguid.agents.discovery import Found
from agentguid.agents.ways import WAYS
from agentguid.settings import CustomAgent

KNOWN = {entry.id: entry for entry in CATALOGUE}


@pytest.fixture(autouse=True)
def _only_this_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environ, "EVERYWHERE", ())


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """A PATH with all package managers."""
    for name in ("npm", "pnpm", "bun", "yarn", "volta", "uv", "pipx", "brew"):
        _program(tmp_path / "managers" / name)
    return {"PATH": str(tmp_path / "managers"), "HOME": str(tmp_path)}


def _program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def found(id: str, path: Path | None, *, installed: bool = True) -> Found:
    return Found(KNOWN[id], installed, str(path) if path else None)


def linked(tmp_path: Path, real: str, name: str = "claude") -> Path:
    """A program as package managers leave it: a link in a `bin` folder to a file of the package."""
    link = tmp_path / "bin" / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(_program(tmp_path / real))
    return link


CC = "@anthropic-ai/claude-code/bin/claude.exe"
UPDATES = {
    "npm": (
        f"usr/lib/node_modules/{CC}",
        "npm install --global --prefix {}/usr @anthropic-ai/claude-code@latest",
    ),
    "npm without a scope": (
        "usr/lib/node_modules/opencode-ai/bin/opencode",
        "npm install --global --prefix {}/usr opencode-ai@latest",
    ),
    "npm in a folder": (
        f"work/node_modules/{CC}",
        "npm install --prefix {}/work @anthropic-ai/claude-code@latest",
    ),
    "pnpm": (
        "share/pnpm/global/5/.pnpm/@anthropic-ai+claude-code@2.1.0/node_modules/" + CC,
        "pnpm add --global @anthropic-ai/claude-code@latest",
    ),
    "bun": (
        f".bun/install/global/node_modules/{CC}",
        "bun add --global @anthropic-ai/claude-code@latest",
    ),
    "yarn": (f".config/yarn/global/node_modules/{CC}", "yarn global add @anthropic-ai/claude-code@latest"),
    "volta": (
        f".volta/tools/image/packages/x/lib/node_modules/{CC}",
        "volta install @anthropic-ai/claude-code@latest",
    ),
    "uv": (".local/share/uv/tools/mistral-vibe/bin/vibe-acp", "uv tool upgrade mistral-vibe"),
    "pipx": (".local/pipx/venvs/mistral-vibe/bin/vibe-acp", "pipx upgrade mistral-vibe"),
    "brew": ("Cellar/block-goose-cli/1.2/bin/goose", "brew upgrade block-goose-cli"),
}


@pytest.mark.parametrize("case", UPDATES)
def test_an_update_is_for_whoever_has_installed_it(
    case: str, tmp_path: Path, surroundings: dict[str, str]
) -> None:
    real, expected = UPDATES[case]
    plan = programs.update(found("claude-code", linked(tmp_path, real)), surroundings)
    command = expected.format(tmp_path)
    assert plan.line == f"{tmp_path}/managers/{command}"
    assert (plan.how, plan.problem) == (command.split()[0], "")


def test_npm_is_the_one_that_lies_beside_what_it_has_installed(
    tmp_path: Path, surroundings: dict[str, str]
) -> None:
    npm = _program(tmp_path / "v22" / "bin" / "npm")
    plan = programs.update(found("claude-code", linked(tmp_path, f"v22/lib/node_modules/{CC}")), surroundings)
    assert plan.argv[0] == str(npm)


def test_what_lies_elsewhere_updates_itself_where_it_can(
    tmp_path: Path, surroundings: dict[str, str]
) -> None:
    path = linked(tmp_path, ".local/share/claude/versions/2.1.330")
    assert programs.update(found("claude-code", path), surroundings).argv == (str(path), "update")
    plan = programs.update(found("qwen", linked(tmp_path, "opt/qwen", "qwen")), surroundings)
    assert plan.argv == ()
    assert "cannot be seen from where it lies" in plan.problem
    assert programs.update(found("demo", None), surroundings).problem == "Demo agent is part of agentguid."


def test_what_may_not_be_written_is_left_to_who_may(
    tmp_path: Path, surroundings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = linked(tmp_path, f"usr/lib/node_modules/{CC}")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and allowed(path, mode))
    plan = programs.update(found("claude-code", path), surroundings)
    assert plan.argv == ()
    assert plan.problem == (
        f"{tmp_path}/usr/lib/node_modules is not yours to write. Run it as who may: "
        f"sudo npm install --global --prefix {tmp_path}/usr @anthropic-ai/claude-code@latest"
    )


def test_only_package_managers_are_told_to_install(surroundings: dict[str, str]) -> None:
    lines = {
        id: programs.install(Found(entry, False), surroundings)
        for id, entry in KNOWN.items()
        if entry.binaries
    }
    assert lines["codex"].argv[1:] == ("install", "--global", "@openai/codex")
    assert lines["openhands"].argv[1:] == ("tool", "install", "openhands", "--python", "3.12")
    for id, plan in lines.items():
        assert bool(plan.argv) != bool(plan.problem)
        assert (
            os.path.basename(plan.argv[0]) in programs.MANAGERS
            if plan.argv
            else KNOWN[id].install in plan.problem
        )
    assert lines["kiro"].problem.endswith("Run it yourself: curl -fsSL https://cli.kiro.dev/install | bash")
    assert programs.install(Found(KNOWN["codex"], False), {"PATH": "/nowhere"}).problem.startswith(
        "npm is not on"
    )


@pytest.mark.parametrize(
    "text", ["npm i x; rm y", "npm i $(x)", "npm i `x`", "uv tool install x && y", "sh x", "npm i x > y"]
)
def test_what_a_shell_would_read_is_never_run(text: str, surroundings: dict[str, str]) -> None:
    custom = CustomAgent(command=("/nowhere/x",))
    entry = with_custom({"mine": custom})[-2]
    from msgspec.structs import replace

    assert programs.install(Found(replace(entry, install=text), False), surroundings).argv == ()


def test_a_sign_in_is_the_agents_own_program_or_one_beside_it(
    tmp_path: Path, surroundings: dict[str, str]
) -> None:
    claude = _program(tmp_path / "one" / "claude")
    assert programs.login(found("claude-code", claude), surroundings).argv == (str(claude), "auth", "login")
    assert programs.login(found("claude-code", claude), surroundings, "token").argv == (
        str(claude),
        "setup-token",
    )
    assert "no such way" in programs.login(found("claude-code", claude), surroundings, "device").problem
    acp, vibe = _program(tmp_path / "two" / "vibe-acp"), _program(tmp_path / "two" / "vibe")
    assert programs.login(found("vibe", acp), surroundings).argv == (str(vibe), "--setup")
    vibe.unlink()
    assert programs.login(found("vibe", acp), surroundings).problem == (
        "vibe, which signs Mistral Vibe in, is not on the PATH of the daemon."
    )


def test_the_users_own_commands_come_first(tmp_path: Path, surroundings: dict[str, str]) -> None:
    mine = _program(tmp_path / "mine")
    custom = CustomAgent(
        command=(str(mine), "acp"), login_command=(str(mine), "login"), update_command=("npm", "i", "x")
    )
    entry = with_custom({"mine": custom})[-2]
    assert programs.login(Found(entry, True, str(mine)), surroundings).argv == (str(mine), "login")
    assert programs.update(Found(entry, True, str(mine)), surroundings).argv[1:] == ("i", "x")
    bare = with_custom({"mine": CustomAgent(command=(str(mine),))})[-2]
    assert "not known here" in programs.login(Found(bare, True, str(mine)), surroundings).problem


def test_every_agent_has_ways_and_all_ways_have_an_agent() -> None:
    assert set(WAYS) == {entry.id for entry in CATALOGUE if entry.binaries}
    assert [id for id, ways in WAYS.items() if not ways.login] == []
    assert [id for id, ways in WAYS.items() if ways.token and "token" not in ways.others] == []
