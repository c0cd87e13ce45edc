"""Writes docs/agents.md from the catalogue and from a run: `AGENTGUID_AGENTS_REPORT=1 make test-agents AGENTS=…`.

An agent that was not run keeps its row.
"""

import re
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from agentguid.agents.catalogue import CATALOGUE
from tests.agents_real.genuine import AGENTS

PAGE = Path(__file__).parents[2] / "docs" / "agents.md"
HEAD = """# Agents

What `make test-agents` found when it ran the genuine programs under a real daemon against a scripted model: a simple answer, a tool that is
allowed and one that is denied, nothing asked in bypass, a stop, a restart of the daemon, another process that takes the session up, an error of the provider; where the agent can, its models and a message into the running turn.
Written by that run (`AGENTGUID_AGENTS_REPORT=1`); Claude Code has tests of its own, more than these.

| agent | version | day | passed | failed |
|---|---|---|---|---|
"""
LIST = """
## The catalogue

An agent of your own, or another command for one of these, in `config.toml`:

```toml
[agents.mine]
command = ["my-agent", "--acp"]    # a program on PATH, or an absolute path
protocol = "acp"                   # or "stream-json": Claude Code's options follow the command
files = true                       # offer to read and write files for it; only for agents that cannot by themselves
terminals = true                   # and to run commands, each under your permission mode
```

| agent | protocol | command | install | sign in | run by us |
|---|---|---|---|---|---|
"""
Results = dict[str, dict[str, str]]
"""Agent → test → passed, failed or skipped."""


def collect() -> Results:
    return defaultdict(dict)


def add(results: Results, nodeid: str, when: str, outcome: str) -> None:
    """One report of pytest's. A test that could not be set up has failed."""
    found = re.search(r"agents_real/test_stories\.py::test_(\w+)\[(\w+)\]", nodeid)
    if found and outcome != "skipped" and (when == "call" or outcome == "failed"):
        test, agent = found.groups()
        results[agent][test] = outcome


def write(results: Results) -> None:
    old = PAGE.read_text() if PAGE.exists() else ""
    rows = dict(re.findall(r"^\| ([\w -]+) (\| [\d.]+ \| \d{4}-.*)$", old, re.MULTILINE))
    names = {entry.id: entry.name for entry in CATALOGUE}
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    for agent in AGENTS:
        if tests := results.get(agent.id):
            failed = [name.replace("_", " ") for name, outcome in tests.items() if outcome != "passed"]
            passed = len(tests) - len(failed)
            rows[names[agent.id]] = (
                f"| {agent.version} | {today} | {passed} of {len(tests)} | {'; '.join(failed) or 'nothing'} |"
            )
    PAGE.write_text(HEAD + "".join(f"| {name} {row}\n" for name, row in rows.items()) + catalogue())


def catalogue() -> str:
    rows = [
        f"| [{entry.name}]({entry.docs}) | {entry.protocol if entry.dialect else entry.protocol + ', not spoken yet'} "
        f"| `{' '.join([entry.binaries[0], *entry.args])}` | {entry.install} | {entry.login} | {entry.sentence} |\n"
        for entry in CATALOGUE
        if entry.binaries
    ]
    notes = [f"- {entry.name}: {entry.note}\n" for entry in CATALOGUE if entry.note]
    return LIST + "".join(rows) + "\n" + "".join(notes)
