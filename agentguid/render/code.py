"""Code in five inks. Finished blocks only; each is coloured once and kept by the digest of its content.

No span of the HTML goes over the end of a line, so that it can be cut into lines.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

from agentguid.render.text import lines, visible

if TYPE_CHECKING:
    from pygments.lexer import Lexer

LIMIT = 8 * 1024
"""Characters of a block that is coloured; a longer one is shown plain."""
KEPT = 1024
"""Blocks that are kept."""
LONG = 2000
"""Characters of a line above which a block is shown plain: lexers are slow on such lines, and nobody reads them."""
Span = tuple[int, int]

_done: OrderedDict[bytes, str] = OrderedDict()
_INKS = (
    ("Token.Keyword", "k"),
    ("Token.Literal.String", "s"),
    ("Token.Literal.Number", "n"),
    ("Token.Name.Function", "f"),
    ("Token.Name.Class", "f"),
    ("Token.Name.Tag", "k"),
    ("Token.Name.Builtin", "f"),
    ("Token.Comment", "c"),
)
_UNIT = re.compile(r'<span class="odd">[^<]*</span>|<[^>]*>|&[^;]*;|.', re.DOTALL)
_SUFFIXES = {
    "python": "py pyi pyw",
    "javascript": "js mjs cjs",
    "jsx": "jsx",
    "typescript": "ts mts cts",
    "tsx": "tsx",
    "json": "json jsonl ndjson ipynb webmanifest",
    "html": "html htm",
    "html+jinja": "jinja j2",
    "css": "css",
    "scss": "scss",
    "rust": "rs",
    "go": "go",
    "java": "java",
    "kotlin": "kt kts",
    "swift": "swift",
    "c": "c h",
    "cpp": "cc cpp cxx hpp hh",
    "csharp": "cs",
    "ruby": "rb",
    "php": "php",
    "elixir": "ex exs",
    "bash": "sh bash zsh",
    "fish": "fish",
    "powershell": "ps1",
    "yaml": "yml yaml",
    "toml": "toml lock",
    "ini": "ini cfg conf service",
    "xml": "xml svg",
    "sql": "sql",
    "lua": "lua",
    "r": "r",
    "make": "mk makefile",
    "docker": "dockerfile",
    "diff": "diff patch",
    "markdown": "md markdown",
    "vue": "vue",
    "zig": "zig",
    "haskell": "hs",
    "perl": "pl pm",
    "terraform": "tf",
    "protobuf": "proto",
    "graphql": "graphql gql",
}
_LANGUAGES = {suffix: language for language, all_of_it in _SUFFIXES.items() for suffix in all_of_it.split()}


def language_of(path: str) -> str:
    """The language of a file by its name; nothing when it is not known."""
    name = path.rsplit("/", 1)[-1].lower()
    return _LANGUAGES.get(name.rsplit(".", 1)[-1], "")


def highlight(source: str, language: str) -> Markup:
    """HTML of a block of code: in colour when it has been prepared, else plain."""
    known = _done.get(_key(source, language)) if waits_for_colour(source, language) else None
    return visible(source) if known is None else Markup(known)  # noqa: S704  made below, of escaped pieces


def highlighted_lines(rows: Sequence[str], language: str) -> list[str]:
    """HTML of each line of a block of code."""
    return str(highlight("\n".join(rows), language)).split("\n") if rows else []


def waits_for_colour(source: str, language: str) -> bool:
    """Whether this block is one that `prepare` colours."""
    return bool(language) and len(source) <= LIMIT and all(len(row) <= LONG for row in source.split("\n"))


def prepared(source: str, language: str) -> bool:
    """Whether `prepare` would change nothing."""
    return not waits_for_colour(source, language) or _key(source, language) in _done


def prepare(source: str, language: str) -> None:
    """Colours a block and keeps it: up to 15 ms, so it is called in a thread."""
    lexer = _lexer(language)
    _done[_key(source, language)] = str(visible(source)) if lexer is None else _spans(source, lexer)
    while len(_done) > KEPT:
        _done.popitem(last=False)


def mark(line: str, spans: Sequence[Span], tag: str) -> Markup:
    """A line of HTML with some of its characters (counted as they are read) inside of an element."""
    parts: list[str] = []
    count, inside = 0, False
    for unit in _UNIT.findall(line) if spans else (line,):
        is_tag = unit[0:1] == "<" and not unit.startswith('<span class="odd"')
        wanted = bool(spans) and not is_tag and any(begin <= count < end for begin, end in spans)
        if wanted != inside:
            parts.append(f"<{tag}>" if wanted else f"</{tag}>")
            inside = wanted
        parts.append(unit)
        count += not is_tag
    return Markup("".join(parts) + (f"</{tag}>" if inside else ""))  # noqa: S704  the line is HTML already


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
    for ink, tokens in groupby(lexer.get_tokens(lines(source)), key=lambda token: _ink(str(token[0]))):
        shown = str(visible("".join(value for _, value in tokens)))
        parts.append(_inked(shown, ink) if ink else shown)
    return "".join(parts)


def _ink(kind: str) -> str:
    return next((ink for prefix, ink in _INKS if kind.startswith(prefix)), "")


def _inked(shown: str, ink: str) -> str:
    pieces = [f'<span class="{ink}">{piece}</span>' if piece else "" for piece in shown.split("\n")]
    return "\n".join(pieces)
