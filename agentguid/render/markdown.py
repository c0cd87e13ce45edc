"""Markdown to HTML that cannot do anything.

pyromark parses, nh3 keeps a short list of elements and no attribute that acts; code is coloured afterwards, by us.
"""

import html
import re

import nh3
import pyromark

from agentguid.render import code, text

OPTIONS = (
    pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH | pyromark.Options.ENABLE_TASKLISTS
)
LIMIT = 256 * 1024
"""Characters that are rendered as Markdown; a longer text is shown as it is."""
_PROSE = [
    "p",
    "br",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "div",
]
_INLINE = [
    "a",
    "abbr",
    "b",
    "code",
    "del",
    "em",
    "i",
    "ins",
    "kbd",
    "pre",
    "q",
    "s",
    "samp",
    "span",
    "strong",
    "sub",
]
_TABLES = ["table", "thead", "tbody", "tr", "th", "td", "sup", "u", "var"]
_CLEANER = nh3.Cleaner(
    tags={*_PROSE, *_INLINE, *_TABLES},
    clean_content_tags={"script", "style"},
    attributes={"a": {"href"}, "span": {"class"}, "code": {"class"}, "pre": {"class"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener nofollow noreferrer",
    strip_comments=True,
)
_BOX = re.compile(r'<input disabled="" type="checkbox"( checked="")? ?/>\n?')
_IMAGE = re.compile(r'<img src="([^"]*)" alt="([^"]*)"[^>]*/>')
_BLOCK = re.compile(r'<pre><code(?: class="language-([^" ]*)[^"]*")?>(.*?)</code></pre>', re.DOTALL)


def markdown(source: str) -> str:
    """Sanitised HTML. Remote images become links, raw HTML only what is harmless."""
    if len(source) > LIMIT:
        return f'<pre class="out" tabindex="0">{text.visible(source)}</pre>'
    raw = pyromark.html(text.inert(source), options=OPTIONS)
    raw = _BOX.sub(lambda match: "☑ " if match.group(1) else "☐ ", raw)
    raw = _IMAGE.sub(r'<a href="\1">image: \2</a>', raw)
    return _BLOCK.sub(_figure, _CLEANER.clean(raw))


def _figure(match: re.Match[str]) -> str:
    language = html.unescape(match.group(1) or "")[:40]
    source = html.unescape(match.group(2))
    name = f"<header>{text.visible(language)}</header>" if language else ""
    return f'<figure class="code">{name}<pre tabindex="0"><code>{code.highlight(source, language)}</code></pre></figure>'


def blocks(source: str) -> list[tuple[str, str]]:
    """The fenced blocks of a text (code, language) as `markdown` will ask to have them coloured."""
    if "```" not in source and "~~~" not in source:
        return []
    found = _BLOCK.findall(_CLEANER.clean(pyromark.html(text.inert(source), options=OPTIONS)))
    return [(html.unescape(content), html.unescape(language)[:40]) for language, content in found]
