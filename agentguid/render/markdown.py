"""Markdown to HTML that cannot do anything: GFM with footnotes.

pyromark parses, nh3 keeps a short list of elements and no attribute that acts; then one walk over what is left makes
text inert, links bare URLs, and colours code. An agent's ids and fragments live in a namespace of their item.
"""

import html
import re
from urllib.parse import quote, unquote

import nh3
import pyromark
from markupsafe import Markup

from agentguid.render import code, text

_O = pyromark.Options
_PATH = "https://path.invalid/"
OPTIONS = (
    _O.ENABLE_TABLES | _O.ENABLE_STRIKETHROUGH | _O.ENABLE_TASKLISTS | _O.ENABLE_FOOTNOTES | _O.ENABLE_GFM
)
LIMIT = 256 * 1024
"""Characters that are rendered as Markdown; a longer text is shown as it is."""
LANGUAGE = 40
"""Characters of a language's name."""
_BLOCKS = "p br hr h1 h2 h3 h4 h5 h6 blockquote ul ol li dl dt dd div details summary"
_INLINE = "a abbr b code del em i ins kbd pre q s samp span strong sub sup u var"
_TABLES = "table thead tbody tr th td"
ALERTS = ("note", "tip", "important", "warning", "caution")
_ALIGN = {"text-align: left": "", "text-align: center": "mid", "text-align: right": "r"}
_FOOT = "footnote-definition"


def _relative(url: str) -> str | None:
    """Fragments get a namespace of their own. A path is the agent's, not one of our pages: it is marked, and shown."""
    return f"#fn-{_slug(url[1:])}" if url.startswith("#") else _PATH + quote(url, safe="/:#?=&.,+@~!()[]")


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "id":
        return f"fn-{_slug(value)}"
    if name == "class" and tag == "code":
        return value if value.startswith("language-") else None
    return value


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", html.unescape(name))[:60]


_DO = (
    '<span class="do"><button class="btn btn-quiet" type="button" data-do="wrap" aria-pressed="false">Wrap</button>'
    '<button class="btn btn-quiet" type="button" data-do="copy">Copy</button></span>'
)
"""What can be done with a block of code: content.js does it."""
_CLEANER = nh3.Cleaner(
    tags={*_BLOCKS.split(), *_INLINE.split(), *_TABLES.split()},
    clean_content_tags={"script", "style"},
    attributes={"a": {"href"}, "code": {"class"}, "ol": {"start"}, "div": {"id"}},
    allowed_classes={
        "div": {_FOOT},
        "sup": {"footnote-reference", "footnote-definition-label"},
        "blockquote": {f"markdown-alert-{kind}" for kind in ALERTS},
        "th": {"r", "mid"},
        "td": {"r", "mid"},
    },
    attribute_filter=_attribute,
    url_relative=_relative,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener nofollow noreferrer",
    strip_comments=True,
)
_BOX = re.compile(r'<input disabled="" type="checkbox"( checked="")? ?/>\n?')
_IMAGE = re.compile(
    r'<img src="([^"]*)" alt="([^"]*)"[^>]*/>|<img\b[^>]{0,200}?\bsrc="([^"]{0,2000})"[^>]{0,200}>',
    re.IGNORECASE,
)
_CELL = re.compile(r'<(t[hd]) style="(text-align: \w+)">')
_PIECE = re.compile(
    r'<pre><code(?: class="language-([^" ]*)[^"]*")?>([^<]*)</code></pre>|<(/?)([a-z0-9]+)([^>]*)>|([^<]+)',
    re.DOTALL,
)
_ENTITY = re.compile(r"&(?:gt|lt|quot|nbsp|#\d+);$")
_PUNCTUATION = ".,:;!?*_~'\"…"
_CLOSING = ")]}"
ENDS = 20
"""Brackets and quotes after a URL that are taken off it."""
_TASK = re.compile(r"<li>(?=(?:\n?<p>)?[☑☐] )")
_HEADING = re.compile(r"<(/?)h([1-6])\b")
_URL = re.compile(r"\b(?:https?://|www\.)[^\s<>\"'`]+", re.IGNORECASE)


def markdown(source: str, scope: str = "") -> Markup:
    """Sanitised HTML. `scope` is the id of the item: footnotes have their anchors under it. Remote images become links."""
    if len(source) > LIMIT:
        return Markup('<pre class="out wrap" tabindex="0">{}</pre>').format(text.visible(text.clip(source)))
    return _Walk(scope).html(_clean(source))


def beneath(made: Markup, level: int = 3) -> Markup:
    """The same HTML for a place under a heading of that level: its own headings come below, and none is left out."""
    known = sorted({match[2] for match in _HEADING.finditer(made)})
    now = level

    def moved(match: re.Match[str]) -> str:
        nonlocal now
        if not match[1]:
            now = min(level + 1 + known.index(match[2]), now + 1, 6)
        return f"<{match[1]}h{now}"

    return Markup(_HEADING.sub(moved, made))  # noqa: S704  only names of tags are changed


def _clean(source: str) -> str:
    raw = pyromark.html(text.lines(source).replace("\0", "␀"), options=OPTIONS)
    raw = _BOX.sub(lambda match: "☑ " if match.group(1) else "☐ ", raw)
    raw = _IMAGE.sub(lambda m: f'<a href="{m[1] or m[3] or ""}">image: {m[2] or "no name"}</a>', raw)
    raw = _CELL.sub(lambda m: f'<{m[1]} class="{_ALIGN.get(m[2], "")}">', raw)
    return _CLEANER.clean(raw)


class _Walk:
    """One walk over sanitised HTML, piece by piece."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._plain = 0
        """Depth within elements whose text is not linked."""
        self._links: list[str] = []
        """The elements that stand for the links that are open."""

    def html(self, cleaned: str) -> Markup:
        whole = _PIECE.sub(self._piece, cleaned)
        return Markup(_TASK.sub('<li class="task">', whole))  # noqa: S704  sanitised; every piece below is escaped

    def _piece(self, match: re.Match[str]) -> str:
        if match.group(2) is not None:
            return _figure(*_fence(match))
        if match.group(6) is not None:
            return self._text(match.group(6))
        return self._tag(match.group(3) == "/", match.group(4), text.inert(match.group(5)))

    def _tag(self, closing: bool, name: str, attributes: str) -> str:
        if name in ("a", "code", "pre"):
            self._plain += -1 if closing else 1
        if name == "table":
            return "</table></div>" if closing else '<div class="wide" tabindex="0"><table>'
        if name == "a":
            return f"</{self._links.pop()}>" if closing else self._open_link(attributes)
        if name == "div":
            attributes = attributes.replace('id="fn-', f'id="fn-{self._scope}-')
        return f"<{'/' if closing else ''}{name}{attributes}>"

    def _open_link(self, attributes: str) -> str:
        _, _, path = attributes.partition(f'href="{_PATH}')
        if path:
            self._links.append("span")
            title = text.visible(unquote(html.unescape(path.partition('"')[0])))
            return f'<span class="ref" title="{title.striptags()}">'
        self._links.append("a")
        if 'href="#fn-' in attributes:
            return "<a" + attributes.replace('href="#fn-', f'href="#fn-{self._scope}-') + ">"
        return f'<a{attributes} target="_blank">'

    def _text(self, escaped: str) -> str:
        if self._plain:
            return text.show_odd(escaped)
        inert = text.inert(escaped)
        return _URL.sub(_link, inert) if "://" in inert or "www." in inert.lower() else inert


def _link(match: re.Match[str]) -> str:
    """A bare URL, as GFM links it: without the punctuation that ends a sentence, and with its own brackets only."""
    shown, rest = match.group(), ""
    for _ in range(ENDS):
        kept = shown.rstrip(_PUNCTUATION)
        if entity := _ENTITY.search(kept[-10:]):
            kept = kept[: -len(entity.group())]
        elif kept[-1:] in _CLOSING and kept and _unbalanced(kept):
            kept = kept[:-1]
        if kept == shown:
            break
        shown, rest = kept, shown[len(kept) :] + rest
    if not re.search(r"[\w/]\.?\w", shown.partition("://")[2] or shown[4:]):
        return match.group()
    target = shown if "://" in shown[:9] else f"https://{shown}"
    return f'<a href="{target}" rel="noopener nofollow noreferrer" target="_blank">{shown}</a>{rest}'


def _unbalanced(url: str) -> bool:
    opening = {")": "(", "]": "[", "}": "{"}[url[-1]]
    return url.count(url[-1]) > url.count(opening)


def _fence(match: re.Match[str]) -> tuple[str, str]:
    """Content and language of a block of code."""
    language = html.unescape(match.group(1) or "")[:LANGUAGE]
    return html.unescape(match.group(2)).removesuffix("\n"), language


def _figure(source: str, language: str) -> str:
    shown = code.highlight(source, language)
    name = text.visible(language or "text")
    return (
        f'<figure class="code"><figcaption>{name}{_DO}</figcaption>'
        f'<pre tabindex="0"><code>{shown}</code></pre></figure>'
    )


def blocks(source: str) -> list[tuple[str, str]]:
    """The fenced blocks of a text (code, language) as `markdown` will ask to have them coloured."""
    if len(source) > LIMIT or ("```" not in source and "~~~" not in source):
        return []
    return [_fence(match) for match in _PIECE.finditer(_clean(source)) if match.group(2) is not None]
