"""The difference of two texts, line by line."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

LIMIT = 400
"""Lines of either text that are compared; longer ones are shown as all removed, all added."""
CONTEXT = 3


class Row(NamedTuple):
    kind: str
    """`add`, `del`, `hunk` or nothing for a line that stays."""
    old: int | None
    new: int | None
    text: str

    @property
    def sign(self) -> str:
        return {"add": "+", "del": "−"}.get(self.kind, "")


def diff(old: str, new: str) -> list[Row]:
    """The rows that show how `old` became `new`, with three lines around each change."""
    before, after = old.splitlines(), new.splitlines()
    if len(before) > LIMIT or len(after) > LIMIT:
        return [*_all("del", before), *_all("add", after)]
    rows: list[Row] = []
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(CONTEXT):
        if rows:
            rows.append(Row("hunk", None, None, "…"))
        for tag, i1, i2, j1, j2 in group:
            rows.extend(_rows(tag, before, after, (i1, i2, j1, j2)))
    return rows


def _rows(tag: str, before: list[str], after: list[str], span: tuple[int, int, int, int]) -> Iterator[Row]:
    i1, i2, j1, j2 = span
    if tag == "equal":
        for step in range(i2 - i1):
            yield Row("", i1 + step + 1, j1 + step + 1, before[i1 + step])
        return
    for place in range(i1, i2):
        yield Row("del", place + 1, None, before[place])
    for place in range(j1, j2):
        yield Row("add", None, place + 1, after[place])


def _all(kind: str, content: list[str]) -> Iterator[Row]:
    for number, line in enumerate(content[: LIMIT * 2], 1):
        yield Row(kind, number if kind == "del" else None, number if kind == "add" else None, line)


def counts(rows: list[Row]) -> tuple[int, int]:
    """Lines added and removed."""
    return sum(row.kind == "add" for row in rows), sum(row.kind == "del" for row in rows)
