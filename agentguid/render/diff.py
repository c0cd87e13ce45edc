"""The difference of two texts, line by line, and word by word within a line."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

LIMIT = 400
"""Lines of either text, without what they begin and end with alike, that are compared; more are all removed, all added."""
CONTEXT = 3
ROWS = 600
"""Rows that are shown of one difference."""
PAIRS, WORDS = 200, 400
"""Pairs of lines, and characters of a line, that are compared word by word."""
_WORD = re.compile(r"\w+|\s+|.")
Span = tuple[int, int]


class Row(NamedTuple):
    kind: str
    """`add`, `del`, `hunk` or nothing for a line that stays."""
    old: int | None
    new: int | None
    text: str
    words: tuple[Span, ...] = ()
    """Places within the text that changed, when the line has a counterpart."""

    @property
    def sign(self) -> str:
        return {"add": "+", "del": "−"}.get(self.kind, "")


def diff(old: str, new: str) -> list[Row]:
    """The rows that show how `old` became `new`, with three lines around each change."""
    before, after = old.splitlines(), new.splitlines()
    first = _alike(before, after)
    last = _alike(before[first:][::-1], after[first:][::-1])
    if max(len(before), len(after)) - first - last > LIMIT:
        return _replaced(before, after, first, last)
    skip, end = max(0, first - CONTEXT), max(0, last - CONTEXT)
    before, after = before[skip : len(before) - end], after[skip : len(after) - end]
    rows: list[Row] = []
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(CONTEXT):
        if rows:
            rows.append(Row("hunk", None, None, "…"))
        for tag, i1, i2, j1, j2 in group:
            rows.extend(_rows(tag, before, after, (i1, i2, j1, j2), skip))
    return rows


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _replaced(before: list[str], after: list[str], first: int, last: int) -> list[Row]:
    rows = [Row("", place + 1, place + 1, before[place]) for place in range(max(0, first - CONTEXT), first)]
    rows += [Row("del", place + 1, None, before[place]) for place in range(first, len(before) - last)]
    rows += [Row("add", None, place + 1, after[place]) for place in range(first, len(after) - last)]
    return rows


def _rows(
    tag: str, before: list[str], after: list[str], span: tuple[int, int, int, int], skip: int
) -> Iterator[Row]:
    i1, i2, j1, j2 = span
    if tag == "equal":
        for step in range(i2 - i1):
            yield Row("", skip + i1 + step + 1, skip + j1 + step + 1, before[i1 + step])
        return
    for place in range(i1, i2):
        yield Row("del", skip + place + 1, None, before[place])
    for place in range(j1, j2):
        yield Row("add", None, skip + place + 1, after[place])


def counts(rows: Sequence[Row]) -> tuple[int, int]:
    """Lines added and removed."""
    return sum(row.kind == "add" for row in rows), sum(row.kind == "del" for row in rows)


def with_words(rows: Sequence[Row]) -> list[Row]:
    """The rows, with the words that changed in lines that have a counterpart: as many removed as added, one by one."""
    done, place, compared = list(rows), 0, 0
    while place < len(done) and compared < PAIRS:
        begin = place
        while place < len(done) and done[place].kind == "del":
            place += 1
        middle = place
        while place < len(done) and done[place].kind == "add":
            place += 1
        for step in range(min(middle - begin, place - middle)):
            compared += 1
            left, right = done[begin + step], done[middle + step]
            done[begin + step], done[middle + step] = _compare(left, right)
        place += place == begin
    return done


def _compare(left: Row, right: Row) -> tuple[Row, Row]:
    if max(len(left.text), len(right.text)) > WORDS:
        return left, right
    old, new = _WORD.findall(left.text), _WORD.findall(right.text)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < 0.5:  # another line, not a changed one
        return left, right
    changed = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    removed = [_span(old, i1, i2) for _, i1, i2, _, _ in changed if i2 > i1]
    added = [_span(new, j1, j2) for _, _, _, j1, j2 in changed if j2 > j1]
    return left._replace(words=tuple(removed)), right._replace(words=tuple(added))


def _span(words: list[str], first: int, last: int) -> Span:
    begin = sum(map(len, words[:first]))
    return begin, begin + sum(map(len, words[first:last]))
