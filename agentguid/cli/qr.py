"""A QR code in a terminal."""

import os
import sys
from collections.abc import Sequence
from typing import TextIO

BORDER = 2


def drawn(text: str, stream: TextIO = sys.stdout) -> str:
    """The code, two rows of it in a line of half blocks.

    Cameras want dark on light. On a terminal the colours are said; elsewhere the light parts are drawn, which is right
    where text is light on dark.
    """
    import segno

    code = segno.make(text, error="l", micro=False)
    rows = [list(row) for row in code.matrix_iter(border=BORDER)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    lines = (_line(*pair) for pair in zip(rows[::2], rows[1::2], strict=True))
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        return "\n".join(f"\x1b[97;40m{line}\x1b[0m" for line in lines)
    return "\n".join(lines)


def _line(upper: Sequence[int], lower: Sequence[int]) -> str:
    halves = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    return "".join(halves[bool(up), bool(low)] for up, low in zip(upper, lower, strict=True))
