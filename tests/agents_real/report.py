"""Writes docs/agents.md from the catalogue and from a run: `AGENTGUID_AGENTS_REPORT=1 make test-agents AGENTS=…`.

An agent that was not run keeps its row; so does one whose run was stopped, or was one of some of the tests.
"""

import fcntl
import os
import re
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from agentguid.agents.catalogue import CATALOGUE, Entry
from tests.agents_real.genuine import AGENTS, UNTRIED, Genuine

PAGE = Path(__file__).parents[2] / "docs" / "agents.md"
STORIES = frozenset(
    re.findall(r"^def test_(\w+)\(", Path(__file__).with_name("test_stories.py").read_text(), re.MULTILINE)
)
"""The tests that make a whole run of an agent."""
NOT_APPLICABLE = "not applicable: "
"""What the reason of a skipped test begins with that this agent cannot be asked for."""
HEAD = """# Agents

What `make test-agents` found when it ran the genuine programs under a real daemon against a scripted model: a simple answer, a tool that is
allowed and one that is denied, nothing asked in bypass, a stop, a restart of the daemon, another process that takes the session up, an error of the provider, a picture and a text that are attached;
where the agent can, its models and a message into the running turn.
Written by that run (`AGENTGUID_AGENTS_REPORT=1`); Claude Code, Codex and Pi have tests of their own besides.

| agent | version | day | passed | failed | not applicable |
|---|---|---|---|---|---|
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
"""Agent → test → passed, failed, or why it does not apply."""
NAMES = {entry.id: entry.name for entry in CATALOGUE} | {
    "claude-agent-acp": "Claude Code by `claude-agent-acp`"
}


def collect() -> Results:
    return defaultdict(dict)


def add(results: Results, nodeid: str, when: str, outcome: str, why: str = "") -> None:
    """One report of pytest's. A test that could not be set up has failed; one that was not asked for is nothing."""
    found = re.search(r"agents_real/test_stories\.py::test_(\w+)\[([\w-]+)\]", nodeid)
    if not found:
        return
    test, agent = found.groups()
    if outcome == "skipped":
        _, mark, reason = why.partition(NOT_APPLICABLE)
        if mark:
            results[agent][test] = mark + reason
    elif when == "call" or outcome == "failed":
        results[agent][test] = outcome


def write(results: Results, path: Path = PAGE) -> None:
    """Two runs that end together wait for each other: each keeps the rows of the other."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        old = path.read_text() if path.exists() else ""
        beside = path.with_suffix(".new")
        beside.write_text(page(results, old, f"{datetime.now(UTC):%Y-%m-%d}"))
        beside.replace(path)
    finally:
        os.close(folder)


def page(results: Results, old: str, today: str) -> str:
    """The page, with the rows of `old` for agents that were not run as a whole."""
    rows = dict(
        re.findall(r"^\| ([^|]+) (\| [\w.]+ \| \d{4}-.*)$", old.partition(LIST[:20])[0], re.MULTILINE)
    )
    for agent in AGENTS:
        if results.get(agent.id, {}).keys() >= STORIES:
            rows[NAMES[agent.id]] = _row(agent, results[agent.id], today)
    known = [NAMES[agent.id] for agent in AGENTS]
    lines = [f"| {name} {rows[name]}\n" for name in known if name in rows]
    lines += [f"| {NAMES[id_]} | – | – | not run | – | {why} |\n" for id_, why in UNTRIED.items()]
    return HEAD + "".join(lines) + catalogue()


def _row(agent: Genuine, tests: dict[str, str], today: str) -> str:
    apart = {name: why for name, why in tests.items() if why.startswith(NOT_APPLICABLE)}
    ran = {name: outcome for name, outcome in tests.items() if name not in apart}
    failed = [_words(name) for name, outcome in ran.items() if outcome != "passed"]
    without: dict[str, list[str]] = defaultdict(list)
    for name, why in apart.items():
        without[why.removeprefix(NOT_APPLICABLE)].append(_words(name))
    said = [
        f"{', '.join(names) if len(names) <= len(ran) else 'all else'}: {why}"
        for why, names in without.items()
    ]
    passed = f"{len(ran) - len(failed)} of {len(ran)}"
    return f"| {agent.version} | {today} | {passed} | {'; '.join(failed) or 'nothing'} | {'; '.join(said) or '–'} |"


def _words(test: str) -> str:
    return test.replace("_", " ")


def catalogue() -> str:
    rows = [_entry(entry) for entry in CATALOGUE if entry.binaries]
    notes = [f"- {entry.name}: {entry.note}\n" for entry in CATALOGUE if entry.note]
    return LIST + "".join(rows) + "\n" + "".join(notes)


def _entry(entry: Entry) -> str:
    protocol = entry.protocol if entry.dialect else f"{entry.protocol}, not spoken yet"
    command = f"`{' '.join([entry.binaries[0], *entry.args])}`"
    cells = (f"[{entry.name}]({entry.docs})", protocol, command, entry.install, entry.login, entry.sentence)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
