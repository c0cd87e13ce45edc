"""Who may import whom. The rules themselves stand in pyproject.toml ([tool.importlinter])."""

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from agentguid.cli.verbs import VERBS

ROOT = Path(__file__).parent.parent


def bare(code: str) -> "subprocess.CompletedProcess[str]":
    """Runs code in an interpreter that has the standard library and this checkout, and nothing installed."""
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", start + code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_layers_hold() -> None:
    script = Path(sys.executable).parent / "lint-imports"

    done = subprocess.run(
        [script, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_imported_with_the_standard_library_alone(verb: str) -> None:
    done = bare(
        f"from agentguid.cli.parsers import verb; module, _ = verb({verb!r}); module.arguments; module.run"
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_every_verb_has_its_module_and_every_module_its_use() -> None:
    shared = {
        "__init",
        "__main",
        "asking",
        "attach",
        "calls",
        "attaching",
        "cells",
        "checks",
        "client",
        "completing",
        "errors",
        "ink",
        "keyboard",
        "machine",
        "markdown",
        "options",
        "output",
        "parsers",
        "plain",
        "progress",
        "quiz",
        "raw",
        "screen",
        "signing",
        "sse",
        "storage",
        "transcript",
        "unix",
        "verbs",
        "view",
        "websocket",
    }
    modules = {path.stem.rstrip("_") for path in (ROOT / "agentguid" / "cli").glob("*.py")}

    assert modules - shared - {"qr", "signin", "unit"} == set(VERBS)


def test_version_needs_neither_http_nor_anything_installed() -> None:
    done = bare(
        "from agentguid.cli.__main__ import main; code = main(['version']); "
        "print(sorted({'http.client', 'ssl', 'socket', 'email'} & set(sys.modules)), code)"
    )

    assert done.stdout.splitlines()[1:] == ["[] 0"], done.stderr


@pytest.mark.parametrize("module", ["agentguid.hosts.host", "agentguid.failpoints", "agentguid.paths"])
def test_what_holds_an_agent_runs_on_the_standard_library_alone(module: str) -> None:
    done = bare(f"import {module}")

    assert (done.returncode, done.stderr) == (0, "")


def imported(folder: str) -> set[str]:
    """The top-level names that the sources below a folder import, anywhere in them."""
    found: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"agentguid", "tests", "benchmarks"}


@pytest.mark.parametrize(
    ("folder", "groups"), [("agentguid", []), ("tests", ["dev"]), ("benchmarks", ["dev"])]
)
def test_only_what_pyproject_names_is_imported(folder: str, groups: list[str]) -> None:
    """Not what happens to be installed because something else needs it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *(text for one in groups for text in project["dependency-groups"][one]),
    ]
    declared = {Requirement(text).name.lower() for text in wanted}
    owners = packages_distributions()

    foreign = {
        name for name in imported(folder) if not declared & {owner.lower() for owner in owners.get(name, [])}
    }

    assert foreign == set()
