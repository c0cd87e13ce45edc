"""The reference part of docs/cli.md, read off the parsers. `python -m tests.cli.reference` writes it anew."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from agentguid.cli.options import common
from agentguid.cli.parsers import verb
from agentguid.cli.verbs import VERBS

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "cli.md"
BEGIN, END = "<!-- reference: begin -->\n", "<!-- reference: end -->\n"


def reference() -> str:
    """Every verb with its arguments and options."""
    return "\n".join(piece for name in VERBS for piece in _verb(name))


def _verb(name: str) -> Iterator[str]:
    module, parser = verb(name)
    yield f"### {name}\n"
    yield (
        re.sub(r"\n(?!\n|  )", " ", (module.__doc__ or "").strip().replace("\n\n", "\n\n\n")).replace(
            "\n ", "\n"
        )
        + "\n"
    )
    actions = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not actions:
        yield from _table(f"agentguictl {name}", parser)
    for group in actions:
        for action, below in group.choices.items():
            yield from _table(f"agentguictl {name} {action}", below)


def _table(line: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    usage = " ".join([line, *(_usage(one) for one in _shown(parser) if not one.option_strings)])
    yield f"`{usage}`\n"
    rows = [f"| `{_names(one)}` | {_text(one)} |" for one in _shown(parser) if one.option_strings or one.help]
    if rows:
        yield "| | |\n|---|---|\n" + "\n".join(rows) + "\n"


def _shown(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    usual = {one.dest for one in common(argparse.ArgumentParser())._actions}
    return [one for one in parser._actions if one.dest not in usual and one.help != argparse.SUPPRESS]


def _usage(action: argparse.Action) -> str:
    name = str(action.metavar or "|".join(map(str, action.choices or [action.dest])))
    return {"?": f"[{name}]", "+": f"{name}…", "*": f"[{name}…]"}.get(str(action.nargs), name)


def _names(action: argparse.Action) -> str:
    if not action.option_strings:
        return str(action.metavar or action.dest)
    value = action.metavar or (
        "\\|".join(map(str, action.choices)) if action.choices else action.dest.upper()
    )
    return ", ".join(action.option_strings) + ("" if action.nargs == 0 else f" {value}")


def _text(action: argparse.Action) -> str:
    return (action.help or "").replace("|", "\\|").replace("<", "&lt;")


def written() -> str:
    """What the document has."""
    text = DOCUMENT.read_text("utf-8")
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)]


if __name__ == "__main__":
    old = DOCUMENT.read_text("utf-8")
    DOCUMENT.write_text(old.replace(BEGIN + written() + END, BEGIN + reference() + END), "utf-8")
