"""What the documents say is so: commands exist, links lead somewhere, every verb and dependency is named."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from agentguid import __version__
from agentguid.cli.verbs import VERBS
from tests.test_sizes import FILES, ROOT

DOCUMENTS = [path for path in FILES if path.suffix == ".md" and "vendor" not in path.parts]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", document.read_text("utf-8"))

    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    text = document.read_text("utf-8")
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    used = re.findall(r"`make ([a-z-]+)", text) + re.findall(r"\bmake ([a-z-]+)", lines)

    assert set(used) <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_verb_of_the_cli_that_is_named_exists(document: Path) -> None:
    used = set(re.findall(r"agentguictl ([a-z]+)", document.read_text("utf-8")))

    assert used <= set(VERBS)


def test_every_verb_is_in_the_changelog() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")

    assert [verb for verb in VERBS if f"`{verb}`" not in text] == []


def test_the_changelog_has_the_present_version() -> None:
    assert re.search(
        rf"^## .*{re.escape(__version__)}", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )


def test_every_dependency_has_its_reason() -> None:
    headings = set(
        re.findall(r"^### (.+)$", (ROOT / "docs" / "dependencies.md").read_text("utf-8"), re.MULTILINE)
    )
    groups = PROJECT["dependency-groups"].values()
    wanted = {
        Requirement(text).name for texts in (PROJECT["project"]["dependencies"], *groups) for text in texts
    }

    assert headings == wanted | {"htmx"}


def test_decisions_are_numbered_without_gaps_listed_and_short() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text("utf-8")

    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for path in DECISIONS:
        text = path.read_text("utf-8")
        assert f"({path.name}) | {text.splitlines()[0].partition('. ')[2]} |" in index
        assert len(text.splitlines()) <= 25
        assert re.findall(r"^\*\*(.+)\.\*\*", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
            "Alternatives weighed",
        ]


INTERNAL = ["../" + "shared", "ARCHI" + "TECTURE", "INTER" + "FACES", "STYLE" + ".md", "stack" + ".md"]


@pytest.mark.parametrize("forbidden", INTERNAL)
def test_no_file_refers_to_what_is_not_in_the_repository(forbidden: str) -> None:
    assert [named(path) for path in FILES if forbidden.encode() in path.read_bytes()] == []
