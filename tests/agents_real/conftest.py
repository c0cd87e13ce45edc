"""Genuine agents against the scripted model, under a real daemon. `make test-agents`."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents_real import install
from tests.agents_real import report as page
from tests.agents_real.genuine import AGENTS, Genuine
from tests.agents_real.setups import QUIET
from tests.agents_real.work import Work
from tests.support.daemon import Daemon
from tests.support.model.server import ModelServer

SLOW = 120.0
"""Seconds that a step of an agent may take: some need fifteen for their first answer on a machine of their own."""
_missing: list[str] = []
_results = page.collect()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A skipped agent must not look like a tested one."""
    for reason in _missing:
        terminalreporter.write_line(f"NOT TESTED: {reason}", red=True, bold=True)
    if os.environ.get("AGENTGUID_AGENTS_REPORT") and _results:
        page.write(_results)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    why = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
    page.add(_results, report.nodeid, report.when, report.outcome, why)


def wanted(agent: str) -> None:
    """Skips the tests of an agent that was not asked for."""
    named = os.environ.get("AGENTGUID_TEST_AGENTS", "").replace(",", " ").split()
    if named and agent not in named:
        pytest.skip(f"only {', '.join(named)} were asked for")


@pytest.fixture(scope="session")
def claude() -> Path:
    wanted("claude-code")
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


@pytest.fixture(params=AGENTS, ids=lambda agent: agent.id)
def genuine(request: pytest.FixtureRequest) -> Genuine:
    """Each of the agents, installed."""
    agent: Genuine = request.param
    wanted(agent.id)
    test = request.node.originalname.removeprefix("test_")
    if test in agent.cannot:
        pytest.skip(f"{page.NOT_APPLICABLE}{agent.cannot[test]}")
    try:
        agent.path()
    except install.MissingError as error:
        _missing.append(f"{agent.id}: {error}")
        pytest.skip(str(error))
    return agent


@pytest.fixture
def story(genuine: Genuine, model: ModelServer, tmp_path: Path) -> Iterator[Work]:
    """A daemon that finds the agent, whose model is the scripted one, and a git repository to work in."""
    path = ":".join([*map(str, genuine.source.folders()), os.environ["PATH"]])
    daemon = Daemon(tmp_path, PATH=path, **QUIET, **genuine.environ(model.url))
    for name, content in genuine.home:
        file = tmp_path / "home" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content.replace("{url}", model.url))
    if genuine.custom:
        config = tmp_path / "config" / "config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(genuine.custom.replace("{program}", str(genuine.path())))
    subprocess.run(["git", "init", "--quiet", daemon.work], check=True, env=daemon.environ)
    try:
        yield Work(daemon.start(), model, genuine.id, (genuine.program, genuine.argument), SLOW)
    finally:
        daemon.close()
