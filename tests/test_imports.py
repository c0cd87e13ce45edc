"""Who may import whom. The rules themselves stand in pyproject.toml ([tool.importlinter])."""

import subprocess
import sys
from pathlib import Path

import pytest

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
    done = bare(f"import agentguid.cli.{verb} as verb; verb.arguments; verb.run")

    assert (done.returncode, done.stderr) == (0, "")


def test_every_verb_has_its_module_and_every_module_its_use() -> None:
    shared = {"__init__", "__main__", "client", "errors", "options", "output", "transcript", "verbs"}
    modules = {path.stem for path in (ROOT / "agentguid" / "cli").glob("*.py")}

    assert modules - shared == set(VERBS)


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
