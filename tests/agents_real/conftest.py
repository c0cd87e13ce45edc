"""Genuine Claude Code against the scripted model, under a real daemon. `make test-agents`."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents_real import install
from tests.agents_real.work import Work
from tests.support.daemon import Daemon
from tests.support.model.server import ModelServer

_missing: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A skipped agent must not look like a tested one."""
    for reason in _missing:
        terminalreporter.write_line(f"NOT TESTED: {reason}", red=True, bold=True)


@pytest.fixture(scope="session")
def claude() -> Path:
    wanted = os.environ.get("AGENTGUID_TEST_AGENTS", "").replace(",", " ").split()
    if wanted and "claude-code" not in wanted:
        pytest.skip(f"only {', '.join(wanted)} were asked for")
    try:
        return install.claude()
    except install.MissingError as error:
        _missing.append(f"Claude Code: {error}")
        pytest.skip(str(error))


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def work(claude: Path, model: ModelServer, tmp_path: Path) -> Iterator[Work]:
    """A daemon that finds `claude`, whose model is the scripted one, and a git repository to work in."""
    daemon = Daemon(
        tmp_path,
        PATH=f"{claude.parent}:{os.environ['PATH']}",
        ANTHROPIC_API_KEY="dummy",
        ANTHROPIC_BASE_URL=model.url,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
        CLAUDE_CODE_MAX_RETRIES="2",
        DISABLE_AUTOUPDATER="1",
        DISABLE_ERROR_REPORTING="1",
        DISABLE_TELEMETRY="1",
    )
    subprocess.run(["git", "init", "--quiet", daemon.work], check=True, env=daemon.environ)
    try:
        yield Work(daemon.start(), model)
    finally:
        daemon.close()
