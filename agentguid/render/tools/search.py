"""Tools that look for something: in files, on the web, among tools."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from agentguid.render.panels import (
    LINES,
    Fact,
    Folded,
    Links,
    Listing,
    Matches,
    Outcome,
    Panel,
    Prose,
    Terminal,
)
from agentguid.render.text import folder, one_line
from agentguid.render.tools import results
from agentguid.render.tools.base import PATTERN, Call, Output, ToolView, many, maybe, string

_RIPGREP = re.compile(r"^(?P<path>[^\s:][^:\n]*):(?P<line>\d+):(?P<text>.*)$")
_SINGLE = re.compile(r"^(?P<line>\d+)[:-](?P<text>.*)$")
_HEAD = re.compile(r"^(?:File: )?(?P<path>[^\s:][^:\n]*?):?$")
_UNDER = re.compile(r"^(?:  Line |L)(?P<line>\d+): (?P<text>.*)$")
_SAID = re.compile(r"^(?:Found \d+.*|---|No matches found|Showing .*)?$")
_LINKS = re.compile(r"Links: (\[.*\])")
LINE = 300
"""Characters of a line that was found."""


def grep(call: Call) -> ToolView:
    """A pattern in files."""
    where = maybe(call.given, "path", "dir_path", "include", "glob")
    kind = maybe(call.given, "glob", "include", "type") if maybe(call.given, "path", "dir_path") else ""
    note = f"in {one_line(folder(where), 80)}" if where else ""
    return ToolView("search", call.name, one_line(string(call.given, PATTERN)), f"{note} {kind}".strip())


def found(call: Call, output: Output) -> Outcome:
    """Lines by file where that can be seen, else paths."""
    if output.failed or output.json:
        return results.plain(call, output)
    files = _by_file(output.text, maybe(call.given, "path", "file_path"))
    if not files:
        looks = [row for row in output.text.splitlines() if row.strip() and not _SAID.match(row)]
        if looks and all("/" in row or re.search(r"\.\w+$", row) for row in looks):
            return results.listing(call, output)
        return results.plain(call, output)
    count = sum(len(rows) for _, rows in files)
    more = "+" if output.cut else ""
    whole = Folded("Output", (Terminal(output.text),))
    facts = (Fact(f"{many(count, 'line')}{more} in {many(len(files), 'file')}"),)
    return Outcome((Matches(files), whole), facts)


def _by_file(text: str, path: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Path → lines; nothing when some line is something else."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for of, line, said in _lines(text, path):
        if of is None:
            return ()
        grouped.setdefault(of, []).append((line, said[:LINE]))
        if sum(map(len, grouped.values())) >= LINES:
            break
    return tuple((of, tuple(rows)) for of, rows in grouped.items() if rows)


def _lines(text: str, path: str) -> Iterator[tuple[str | None, str, str]]:
    head = ""
    for row in text.splitlines():
        if match := _RIPGREP.match(row):
            yield match["path"], match["line"], match["text"]
        elif head and (match := _UNDER.match(row)):
            yield head, match["line"], match["text"]
        elif path and (match := _SINGLE.match(row)):
            yield path, match["line"], match["text"]
        elif _SAID.match(row) or row == "--":
            continue
        elif (match := _HEAD.match(row)) and row.endswith(":") | row.startswith("File: "):
            head = match["path"]
        else:
            yield None, "", ""


# -- the web ----------------------------------------------------------------------------------------------------------
def fetch(call: Call) -> ToolView:
    """A page. Gemini puts its URL into the prompt."""
    url = maybe(call.given, "url", "uri")
    asked = maybe(call.given, "prompt")
    if not url:
        return ToolView("globe", call.name, one_line(string(call.given, ("prompt",))))
    return ToolView("globe", call.name, one_line(url), panels=(Prose(asked, "Asked"),) if asked else ())


def web(call: Call) -> ToolView:
    domains = call.given.get("allowed_domains")
    note = f"on {', '.join(map(str, domains))}" if isinstance(domains, list) and domains else ""
    return ToolView("globe", call.name, one_line(string(call.given, PATTERN)), note)


def pages(call: Call, output: Output) -> Outcome:
    """Links and what was said of them."""
    if output.failed or not output.text:
        return results.plain(call, output)
    links = [link for match in _LINKS.finditer(output.text) for link in _links(match.group(1))]
    if not links:
        return results.plain(call, output) if output.json else results.prose(call, output)
    said = _LINKS.sub("", output.text).strip()
    panels: list[Panel] = (
        [Links(tuple(links[:LINES])), Prose(said)] if said else [Links(tuple(links[:LINES]))]
    )
    return Outcome(tuple(panels), (Fact(many(len(links), "page")),))


def _links(text: str) -> list[tuple[str, str]]:
    try:
        rows = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return []
    pairs = [
        (str(row.get("url") or ""), str(row.get("title") or "")) for row in rows if isinstance(row, dict)
    ]
    return [(url, title or url) for url, title in pairs if is_web(url)]


def is_web(url: str) -> bool:
    """Whether a link may lead there."""
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False


# -- tools ------------------------------------------------------------------------------------------------------------
def tools(call: Call) -> ToolView:
    return ToolView("search", call.name, one_line(string(call.given, PATTERN)))


def names(call: Call, output: Output) -> Outcome:
    """Tools that were found, one a line."""
    rows = [row.strip() for row in output.text.splitlines() if row.strip()]
    if output.failed or output.json or not rows:
        return results.plain(call, output)
    return Outcome(
        (Listing(tuple((row, "") for row in rows[:LINES]), "plug"),), (Fact(many(len(rows), "line")),)
    )
