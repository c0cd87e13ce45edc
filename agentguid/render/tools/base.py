"""What the views of tools share: the call, its arguments under the names that agents give them, and its line."""

import shlex
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from agentguid.protocol.items import Body
from agentguid.render.panels import Command, Outcome, Panel
from agentguid.render.partial import completed
from agentguid.render.text import folder, one_line

Arguments = dict[str, Any]
BAD = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)
"""What a view may raise when an agent's arguments are not what they should be."""

PATHS = (
    "file_path",
    "filePath",
    "absolute_path",
    "path",
    "notebook_path",
    "dir_path",
    "target_file",
    "filename",
)
OLD, NEW = (
    ("old_string", "oldString", "old_str", "oldText"),
    ("new_string", "newString", "new_str", "newText"),
)
CONTENT = ("content", "contents", "file_text", "new_source", "newText")
COMMAND = ("command", "cmd", "script")
PATTERN = ("pattern", "query", "regex")


SPOKEN = ("plan", "fork", "info", "brain")
"""Icons of tools whose argument is a sentence."""


class Call(Struct, frozen=True):
    """What an agent asked a tool for."""

    name: str
    given: Arguments
    cut: bool = False
    """The arguments are only the beginning of what was given."""


class Output(Struct, frozen=True):
    """What the tool answered."""

    text: str
    failed: bool = False
    cut: bool = False
    """Only the beginning."""
    json: bool = False


class ToolView(Struct, frozen=True):
    """One call, ready to be drawn. Every string of it is still unescaped."""

    icon: str
    label: str
    arg: str = ""
    note: str = ""
    """What stands beside the argument, less important."""
    panels: tuple[Panel, ...] = ()
    added: int = 0
    removed: int = 0

    @property
    def named(self) -> bool:
        """The argument is a name or a command, not a sentence."""
        return self.icon not in SPOKEN

    @property
    def command(self) -> str | None:
        """What it wants to run, if that is what it does."""
        return next((panel.text for panel in self.panels if isinstance(panel, Command)), None)


class Tool(Struct, frozen=True):
    """How one tool is shown. Both may raise `BAD`."""

    draw: Callable[[Call], ToolView]
    result: Callable[[Call, Output], Outcome]


def call_of(name: str, given: Body) -> Call | None:
    """The call, if its arguments are an object. Of arguments that are too long their beginning."""
    cut = given.blob is not None
    try:
        found = msgspec.json.decode(completed(given.text) if cut else given.text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return Call(name, found, cut) if isinstance(found, dict) else None


def first(given: Arguments, names: Sequence[str]) -> Any:
    """The first of these arguments that is there. Raises KeyError."""
    for name in names:
        if given.get(name) is not None:
            return given[name]
    raise KeyError(names[0])


def string(given: Arguments, names: Sequence[str]) -> str:
    """The same, which has to be text."""
    found = first(given, names)
    if not isinstance(found, str):
        raise TypeError
    return found


def maybe(given: Arguments, *names: str) -> str:
    """Text or a number under one of these names, or nothing."""
    found = next((given[name] for name in names if given.get(name) is not None), "")
    return str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else ""


def path(given: Arguments) -> str:
    return string(given, PATHS)


def short_path(given: Arguments) -> str:
    return one_line(folder(path(given)))


def command(given: Arguments) -> str:
    """A command line, also one that came in words. A shell around it is left out."""
    found = first(given, COMMAND)
    if isinstance(found, str):
        return found
    words = [word for word in found if isinstance(word, str)]
    if len(words) == 3 and words[0].rsplit("/", 1)[-1] in ("bash", "sh", "zsh") and words[1] in ("-lc", "-c"):
        return words[2]
    return shlex.join(words)


def as_text(value: object) -> str:
    """A value as a reader takes it: text as it is, anything else as JSON, laid out when it is long."""
    if isinstance(value, str):
        return value
    encoded = msgspec.json.encode(value)
    laid_out = encoded if len(encoded) <= 60 else msgspec.json.format(encoded)
    return laid_out.decode("utf-8", "replace")


def lines_of(text: str) -> int:
    return len(text.splitlines())


def many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"
