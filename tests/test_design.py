"""The design system is one: sheets take colours from the tokens, and what they and the templates name is there."""

import re
from pathlib import Path

import pytest

from tests.test_sizes import ROOT

SHEETS = sorted((ROOT / "web" / "assets" / "css").glob("*.css"))
TEMPLATES = sorted((ROOT / "web" / "templates").rglob("*.html"))
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
COLOUR = re.compile(r"\b(?:oklch|oklab|rgba?|hsla?)\((?!from)[^)]*\)|#[0-9a-fA-F]{3,8}\b(?=[^{}]*[;}])")
ALLOWED = {
    "live.css": {"oklch(0 0 0 / .2)"},
    "tools.css": {"oklch(.48 .08 215)", "oklch(.79 .08 210)"},
    "transcript.css": {"oklch(.1 .01 264 / .8)"},
    "shell.css": {"#000"},
}
"""Shadows, a mask, a colour of terminals, what is behind a picture."""


def rules(sheet: Path) -> str:
    return COMMENT.sub("", sheet.read_text("utf-8"))


@pytest.mark.parametrize(
    "sheet", [one for one in SHEETS if one.name != "tokens.css"], ids=lambda one: one.name
)
def test_colours_are_named_in_the_tokens_alone(sheet: Path) -> None:
    # `#id` before a brace is a selector; a colour stands in a declaration.
    declared = " ".join(re.findall(r"\{([^{}]*)\}", rules(sheet)))

    assert set(COLOUR.findall(declared)) - ALLOWED.get(sheet.name, set()) == set()


def test_every_property_that_is_used_is_defined() -> None:
    text = " ".join(rules(sheet) for sheet in SHEETS)
    defined = set(re.findall(r"(--[\w-]+)\s*:", text))

    assert set(re.findall(r"var\((--[\w-]+)", text)) - defined == set()


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "web/assets/icons.svg").read_text("utf-8")))
    text = " ".join(template.read_text("utf-8") for template in TEMPLATES)
    states = re.findall(r'"(s-[a-z]+)"', (ROOT / "agentguid/render/status.py").read_text("utf-8"))

    named = set(re.findall(r"""icon\(["']([\w-]+)["']""", text)) | set(states)
    assert len(named) > 20
    assert named - sprite == set()


def test_every_sheet_is_linked_by_every_page_or_by_one() -> None:
    page = (ROOT / "web/templates/shell/page.html").read_text("utf-8")
    others = "".join(one.read_text("utf-8") for one in (ROOT / "web/templates").rglob("*.html"))

    assert [
        one.name for one in SHEETS if f'"{one.stem}"' not in page and f"css/{one.name}" not in others
    ] == []


BUILT = re.compile(r"a-\w|markdown-alert-\w+|s-\w+|st-\w+")
"""Classes whose names are put together, or come from the Markdown of an agent."""


def test_every_class_that_a_sheet_has_is_drawn_by_something() -> None:
    selectors = " ".join(re.sub(r"\{[^{}]*\}", "{}", rules(sheet)) for sheet in SHEETS)
    sources = [*TEMPLATES, *(ROOT / "web/assets").glob("*.js"), *(ROOT / "agentguid").rglob("*.py")]
    words = set(re.findall(r"[\w-]+", " ".join(one.read_text("utf-8") for one in sources)))

    styled = {name for name in re.findall(r"\.([a-zA-Z][\w-]*)", selectors) if not BUILT.fullmatch(name)}
    assert len(styled) > 150
    assert styled - words == set()
