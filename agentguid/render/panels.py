"""What a tool call is drawn with: its line, and the panels below it. Every string is still unescaped.

`conversation/_panels.html` has one macro per panel, by the panel's `kind`.
"""

from typing import ClassVar

from msgspec import Struct

from agentguid.render import code, markdown
from agentguid.render.code import language_of
from agentguid.render.diff import ROWS, Row, counts
from agentguid.render.text import clip, one_line

TEXT = 64 * 1024
"""Characters of a panel that are shown: the whole has a page of its own."""
LINE = 4000
"""Characters of a line of a difference that are shown."""
LINES = 400
"""Lines of a listing that are shown."""


class Panel(Struct, frozen=True):
    kind: ClassVar[str] = ""

    def blocks(self) -> list[tuple[str, str]]:
        """Blocks (text, language) to be coloured before it is drawn."""
        return []


class Command(Panel, frozen=True):
    """What a shell is given."""

    kind = "command"
    text: str

    def blocks(self) -> list[tuple[str, str]]:
        return [(self.text, "bash")]


class Code(Panel, frozen=True):
    """A file, or a part of one."""

    kind = "source"
    text: str
    language: str = ""
    first: int | None = None
    """Number of the first line; None: lines have no numbers."""
    note: str = ""

    def blocks(self) -> list[tuple[str, str]]:
        return [(self.text, self.language)]

    @property
    def numbers(self) -> str:
        """The column of line numbers."""
        first = self.first or 1
        count = clip(self.text).removesuffix("\n").count("\n") + 1
        return "\n".join(map(str, range(first, first + count)))


class Diff(Panel, frozen=True):
    """How one file changed."""

    kind = "diff"
    path: str
    rows: tuple[Row, ...]
    what: str = ""
    """`new`, `deleted`, … or nothing."""
    named: bool = False
    """The path stands above it: there are several."""

    @property
    def counts(self) -> tuple[int, int]:
        return counts(self.rows)

    @property
    def shown(self) -> list[Row]:
        return [
            row if len(row.text) <= LINE else row._replace(text=row.text[:LINE] + "…")
            for row in self.rows[:ROWS]
        ]

    @property
    def numbered(self) -> bool:
        return any(row.old or row.new for row in self.shown)

    def sides(self) -> tuple[list[str], list[str]]:
        """The lines before and after, as far as they are shown."""
        before = [row.text for row in self.shown if row.kind in ("", "del")]
        return before, [row.text for row in self.shown if row.kind in ("", "add")]

    def blocks(self) -> list[tuple[str, str]]:
        language = language_of(self.path)
        return [("\n".join(side), language) for side in self.sides() if side]

    def cells(self) -> list[tuple[Row, str]]:
        """Each row with the HTML of its line."""
        language = language_of(self.path)
        old, new = (iter(code.highlighted_lines(side, language)) for side in self.sides())
        drawn: list[tuple[Row, str]] = []
        for row in self.shown:
            if row.kind == "hunk":
                drawn.append((row, code.highlight(row.text, "")))
                continue
            before = next(old) if row.kind in ("", "del") else ""
            line = before if row.kind == "del" else next(new)
            drawn.append((row, code.mark(line, row.words, "del" if row.kind == "del" else "ins")))
        return drawn


class Plan(Panel, frozen=True):
    kind = "plan"
    steps: tuple[tuple[str, str], ...]
    """State (`done`, `now` or nothing) and text."""

    @property
    def done(self) -> int:
        return sum(state == "done" for state, _ in self.steps)

    @property
    def share(self) -> float:
        """Per cent that is done."""
        return round(100 * self.done / len(self.steps), 1) if self.steps else 0.0

    @property
    def title(self) -> str:
        """How far it is, and what is being done."""
        now = next((text for state, text in self.steps if state == "now"), "")
        return f"{self.done} of {len(self.steps)}" + (f" · {one_line(now, 80)}" if now else "")

    @property
    def begins(self) -> bool:
        """Nothing is done yet."""
        return bool(self.steps) and self.done == 0


class Prose(Panel, frozen=True):
    """Markdown."""

    kind = "prose"
    text: str
    label: str = ""

    def blocks(self) -> list[tuple[str, str]]:
        return markdown.blocks(self.text)


class Pairs(Panel, frozen=True):
    """Names and values."""

    kind = "pairs"
    rows: tuple[tuple[str, str], ...]


class Terminal(Panel, frozen=True):
    """What a program printed, with its colours."""

    kind = "terminal"
    text: str
    failed: bool = False


class Listing(Panel, frozen=True):
    """Names of files and the like, with a note beside each."""

    kind = "listing"
    rows: tuple[tuple[str, str], ...]
    """Beyond `LINES` they are counted."""
    icon: str = "file"


class Matches(Panel, frozen=True):
    """Lines found in files."""

    kind = "matches"
    files: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """Path, and for each line its number and text."""


class Links(Panel, frozen=True):
    """Pages found on the web."""

    kind = "links"
    rows: tuple[tuple[str, str], ...]
    """URL (http or https) and title."""


class Question(Struct, frozen=True):
    header: str
    text: str
    options: tuple[tuple[str, str], ...]
    """Label and description."""
    several: bool = False
    chosen: tuple[str, ...] = ()
    """Labels."""
    words: str = ""
    """What the user said in words of his own."""


class Questions(Panel, frozen=True):
    kind = "questions"
    asked: tuple[Question, ...]


class Picture(Panel, frozen=True):
    kind = "picture"
    number: int
    """Which of the pictures of the output."""
    width: int | None = None
    height: int | None = None


class Folded(Panel, frozen=True):
    """Panels behind one more click."""

    kind = "folded"
    label: str
    panels: tuple[Panel, ...]

    def blocks(self) -> list[tuple[str, str]]:
        return [block for panel in self.panels for block in panel.blocks()]


class Checks(Panel, frozen=True):
    """What a run of tests came to."""

    kind = "tests"
    runner: str
    passed: int
    failed: int
    skipped: int
    failures: tuple[tuple[str, str], ...] = ()
    """Name, and where or why."""
    seconds: str = ""

    @property
    def total(self) -> int:
        return self.passed + self.failed + self.skipped

    def share(self, count: int) -> float:
        return round(100 * count / self.total, 1) if self.total else 0.0


class Trace(Panel, frozen=True):
    """Where a program failed."""

    kind = "trace"
    error: str
    """The last line: what was raised."""
    frames: tuple[tuple[str, str, str], ...]
    """Place (file and line), function and source line; the innermost last."""


class Status(Panel, frozen=True):
    """`git status`."""

    kind = "git"
    branch: str
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """Name (staged, not staged, …), and for each file what was done to it and its path."""


class Commits(Panel, frozen=True):
    """`git log`."""

    kind = "commits"
    rows: tuple[tuple[str, str, str], ...]
    """Short hash, subject, and who and when."""


class Fact(Struct, frozen=True):
    """A short word at the end of a call's line."""

    text: str
    style: str = ""
    """`p` good, `m` bad, `exit`, `opt` (only where there is room) or nothing."""


class Outcome(Struct, frozen=True):
    """What a call came to."""

    panels: tuple[Panel, ...] = ()
    facts: tuple[Fact, ...] = ()
    open: bool = False
    """A reader would open it anyway."""
    instead: bool = False
    """Its panels stand in the place of those of the call."""
