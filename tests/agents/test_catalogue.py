"""The catalogue is data that people read, and that the user's own agents are added to."""

import multiprocessing
import os
import re
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest

from agentguid.agents.base import Launch
from agentguid.agents.catalogue import CATALOGUE, Entry, with_custom
from agentguid.agents.discovery import Found
from agentguid.settings import CustomAgent
from tests.agents_real import report

LAUNCH = Launch(cwd="/", model=None, mode="ask", resume=None)
RUN = [entry for entry in CATALOGUE if entry.binaries]


@pytest.mark.parametrize("entry", RUN, ids=lambda entry: entry.id)
def test_each_entry_says_what_a_user_needs(entry: Entry) -> None:
    assert entry.install
    assert entry.login.endswith(".")
    assert entry.docs.startswith("https://")
    assert not entry.note or entry.note.endswith(".")
    assert entry.sentence == (f"tried: {entry.tried}" if entry.tried else "never run by us")


def test_ids_are_unique_and_the_demo_agent_comes_last() -> None:
    ids = [entry.id for entry in CATALOGUE]
    assert len(set(ids)) == len(ids)
    assert ids[-1] == "demo"
    binaries = [name for entry in CATALOGUE for name in entry.binaries]
    assert len(set(binaries)) == len(binaries)


@pytest.mark.parametrize("entry", [one for one in CATALOGUE if one.dialect], ids=lambda entry: entry.id)
def test_each_dialect_exists_and_starts_its_program(entry: Entry) -> None:
    assert import_module(f"agentguid.agents.{entry.dialect}")
    argv = Found(entry, True, "/bin/program").speaks().argv("/bin/program", LAUNCH)

    if entry.dialect == "acp":
        assert argv == ["/bin/program", *entry.args]


def test_an_agent_of_ones_own_is_added_before_the_demo_agent() -> None:
    found = with_custom({"mine": CustomAgent(command=("/opt/mine", "--acp"), authenticate="key")})
    assert [entry.id for entry in found[-2:]] == ["mine", "demo"]
    mine = found[-2]
    assert (mine.binaries, mine.args, mine.authenticate) == (("/opt/mine",), ("--acp",), "key")
    assert mine.sentence == "never run by us"


def test_another_command_for_a_known_agent_keeps_what_is_known_of_it() -> None:
    found = {entry.id: entry for entry in with_custom({"opencode": CustomAgent(command=("oc", "acp", "-v"))})}
    known = {entry.id: entry for entry in CATALOGUE}["opencode"]

    assert len(found) == len(CATALOGUE)
    assert (found["opencode"].name, found["opencode"].environ) == (known.name, known.environ)
    assert (found["opencode"].binaries, found["opencode"].args) == (("oc",), ("acp", "-v"))


def test_another_command_for_a_known_agent_keeps_what_is_offered_to_it() -> None:
    """fast-agent has no files and no commands but ours; unless the user says otherwise."""
    command = ("fast-agent-acp", "--shell", "--model", "mine")
    for own, offered in (
        (CustomAgent(command=command), (True, True)),
        (CustomAgent(command=command, terminals=False), (True, False)),
    ):
        [entry] = [one for one in with_custom({"fast-agent": own}) if one.id == "fast-agent"]
        assert (entry.files, entry.terminals) == offered


def test_one_that_speaks_as_claude_code_does_gets_its_options() -> None:
    own = CustomAgent(command=("wrap", "--in", "box"), protocol="stream-json")
    entry = with_custom({"boxed": own})[-2]
    argv = Found(entry, True, "/bin/wrap").speaks().argv("/bin/wrap", LAUNCH)

    assert argv[:4] == ["/bin/wrap", "--in", "box", "-p"]
    assert "stream-json" in argv


def test_the_page_about_agents_lists_the_catalogue_as_it_is() -> None:
    """`AGENTGUID_AGENTS_REPORT=1 make test-agents AGENTS=…` writes it anew."""
    assert report.PAGE.read_text().endswith(report.catalogue())


def test_a_run_replaces_only_the_rows_of_what_it_ran() -> None:
    results = report.collect()
    report.add(results, "tests/agents_real/test_stories.py::test_a_stop[copilot]", "call", "passed")
    report.add(results, "tests/agents_real/test_stories.py::test_a_stop[gemini]", "call", "skipped")
    report.add(results, "tests/agents_real/test_stories.py::test_a_tool[copilot]", "setup", "failed")

    assert results == {"copilot": {"a_stop": "passed", "a_tool": "failed"}}


def ran(agent: str, **other: str) -> report.Results:
    """A whole run of it, in which all passed but what is named."""
    results = report.collect()
    for test in report.STORIES:
        report.add(results, f"tests/agents_real/test_stories.py::test_{test}[{agent}]", "call", "passed")
    for test, outcome in other.items():
        results[agent][test] = outcome
    return results


def test_the_run_of_one_agent_renews_only_its_row() -> None:
    """What it cannot be asked for stands there with the reason; the others keep what they had."""
    results = ran("pi", a_tool_that_is_denied_is_not="failed")
    name = "tests/agents_real/test_stories.py::test_{}[pi]".format
    why = "Skipped: not applicable: it names none"
    report.add(results, name("its_models_are_known_once_it_has_worked"), "call", "skipped", why)
    report.add(results, name("another"), "call", "skipped", "Skipped: only codex were asked for")
    old = "| Codex | 0.169.0 | 2026-11-26 | 10 of 10 | nothing | – |\n| Pi | 0.1 | 2026-01-01 | 0 of 9 | all | – |\n"
    page = report.page(results, report.HEAD + old, "2026-12-01")

    assert "| Codex | 0.169.0 | 2026-11-26 | 10 of 10 | nothing | – |" in page
    passed = f"{len(report.STORIES) - 2} of {len(report.STORIES) - 1}"
    without = "its models are known once it has worked: it names none"
    assert f"2026-12-01 | {passed} | a tool that is denied is not | {without} |" in page
    assert "0 of 9" not in page
    assert "| Goose | – | – | not run |" in page


def test_a_run_that_was_stopped_leaves_the_row_as_it_was() -> None:
    results = ran("pi")
    del results["pi"]["a_simple_answer"]
    old = "| Pi | 0.74.2 | 2026-01-01 | 11 of 11 | nothing | – |\n"

    assert old in report.page(results, report.HEAD + old, "2026-12-01")


def test_runs_that_end_together_keep_the_rows_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "agents.md"
    path.write_text(report.HEAD)
    ids = [agent.id for agent in report.AGENTS]
    with ProcessPoolExecutor(4, multiprocessing.get_context("fork")) as pool:
        list(pool.map(_writes, ids, [path] * len(ids)))

    rows = path.read_text()
    assert rows.count(f"| {len(report.STORIES)} of {len(report.STORIES)} |") == len(ids)
    assert os.listdir(tmp_path) == ["agents.md"]


def _writes(agent: str, path: Path) -> None:
    report.write(ran(agent), path)


def test_a_cell_of_the_catalogue_stays_one() -> None:
    """A command may have a pipe in it."""
    for row in report.catalogue().splitlines():
        if row.startswith("| ["):
            assert len(re.findall(r"(?<!\\)\|", row)) == 7, row
