"""Code in five inks. Finished blocks only; each is coloured once and kept by the digest of its content."""

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from agentguid.render.text import lines, visible

if TYPE_CHECKING:
    from pygments.lexer import Lexer

LIMIT = 8 * 1024
"""Characters of a block that is coloured; a longer one is shown plain."""
KEPT = 1024
"""Blocks that are kept."""

_done: OrderedDict[bytes, str] = OrderedDict()
_INKS = (
    ("Token.Keyword", "k"),
    ("Token.Literal.String", "s"),
    ("Token.Literal.Number", "n"),
    ("Token.Name.Function", "f"),
    ("Token.Name.Class", "f"),
    ("Token.Comment", "c"),
)


def highlight(source: str, language: str) -> str:
    """HTML of a block of code: in colour when it has been prepared, else plain."""
    known = _done.get(_key(source, language)) if waits_for_colour(source, language) else None
    return str(visible(source)) if known is None else known


def waits_for_colour(source: str, language: str) -> bool:
    """Whether this block is one that `prepare` colours."""
    return bool(language) and len(source) <= LIMIT


def prepared(source: str, language: str) -> bool:
    """Whether `prepare` would change nothing."""
    return not waits_for_colour(source, language) or _key(source, language) in _done


def prepare(source: str, language: str) -> None:
    """Colours a block and keeps it: up to 15 ms, so it is called in a thread."""
    lexer = _lexer(language)
    _done[_key(source, language)] = str(visible(source)) if lexer is None else _spans(source, lexer)
    while len(_done) > KEPT:
        _done.popitem(last=False)


def _key(source: str, language: str) -> bytes:
    return hashlib.blake2b(f"{language}\0{source}".encode("utf-8", "replace"), digest_size=16).digest()


def _lexer(language: str) -> "Lexer | None":
    # Imported by the first block: Pygments is not needed to start.
    from pygments.lexers import get_lexer_by_name  # noqa: PLC0415
    from pygments.util import ClassNotFound  # noqa: PLC0415

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _spans(source: str, lexer: "Lexer") -> str:
    parts: list[str] = []
    for kind, value in lexer.get_tokens(lines(source)):
        name = str(kind)
        ink = next((ink for prefix, ink in _INKS if name.startswith(prefix)), None)
        shown = str(visible(value))
        parts.append(f'<span class="{ink}">{shown}</span>' if ink else shown)
    return "".join(parts)
