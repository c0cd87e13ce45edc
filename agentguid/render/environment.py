"""Where templates come from: one Jinja environment per URL prefix, its macros kept as functions."""

import contextlib
import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from agentguid import __version__
from agentguid.paths import bundled
from agentguid.render import ansi, code, markdown, text
from agentguid.render.names import steers
from agentguid.render.preferences import reader

_PLAIN = re.compile(r"[\w/.~-]*", re.ASCII)
"""A path that is the same when it is percent-encoded: to look costs a tenth of `quote`."""

Macro = Callable[..., str]


def ours(html: str) -> Markup:
    """HTML that our own templates or the sanitiser have made: it is not escaped again."""
    return Markup(html)  # noqa: S704  the one place where this is said


class Compiled(FileSystemBytecodeCache):
    """Templates as Python has compiled them, each valid for the very text that it was made from."""

    def get_source_checksum(self, source: str) -> str:
        # A filter of a constant is worked out when a template is compiled: another version's may say something else.
        return super().get_source_checksum(f"{__version__}\n{source}")

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            super().load_bytecode(bucket)
        except Exception:  # unreadable or damaged in whatever way: it is compiled again
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):  # a full disk: it is compiled again the next time
            super().dump_bytecode(bucket)


class Site:
    """Everything that depends on where the pages are served: URLs, assets, compiled templates."""

    def __init__(self, base: str, web: Path | None = None, *, reload: bool = False) -> None:
        self.base = base.rstrip("/")
        self.web = web or bundled("web")
        self._reload = reload
        self._macros: dict[tuple[str, str], Macro] = {}
        self._digests: dict[str, str] = {}
        self._icons: dict[tuple[str, bool], Markup] = {}
        self.environment = Environment(
            loader=FileSystemLoader(self.web / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=reload,
        )
        self.environment.globals.update(
            url=self.url,
            asset=self.asset,
            icon=self.icon,
            state=self.state,
            reader=reader,
            steers=steers,
        )
        self.environment.filters.update(
            visible=text.visible,
            prose=text.prose,
            ticked=text.ticked,
            size=text.size,
            duration=text.duration,
            number=text.number,
            cost=text.cost,
            folder=text.folder,
            moment=text.moment,
            instant=text.instant,
            code=code.highlight,
            ansi=ansi.html,
            markdown=markdown.markdown,
            beneath=markdown.beneath,
            clip=text.clip,
            brief=text.one_line,
            timed=text.timed,
            at=self.at,
        )

    def url(self, path: str = "/", **query: object) -> str:
        """The URL of a page: `path` begins with a slash and is percent-encoded; queries that are None are left out."""
        given = {key: value for key, value in query.items() if value is not None}
        plain = path if _PLAIN.fullmatch(path) else quote(path, safe="/-._~")
        return self.base + plain + ("?" + urlencode(given) if given else "")

    def at(self, item: Any) -> str:
        """The URL of what belongs to an item: its text, input and output as they are, its pictures."""
        return self.url(f"/conversations/{item.conversation}/items/{item.id}")

    def asset(self, name: str) -> str:
        """The URL of a file of `web/assets`; it changes with the file's content."""
        digest = self._digests.get(name)
        if digest is None or self._reload:
            content = (self.web / "assets" / name).read_bytes()
            digest = self._digests[name] = hashlib.sha256(content).hexdigest()[:12]
        return f"{self.base}/assets/{name}?v={digest}"

    def icon(self, name: str, small: bool = False) -> Markup:
        """An icon of the sprite. It says nothing by itself: a word stands beside it."""
        known = self._icons.get((name, small))
        if known is None or self._reload:
            style = f"i{' i-s' if small else ''}{' chev' if name == 'chevron' else ''}"
            sprite = self.asset("icons.svg")
            known = ours(f'<svg class="{style}" aria-hidden="true"><use href="{sprite}#{name}"/></svg>')
            self._icons[name, small] = known
        return known

    def state(self, status: Any) -> Markup:
        """A status as its silhouette with the word for screen readers."""
        return Markup('<span class="st {}">{}<span class="vh">{}</span></span>').format(
            status.style, self.icon(status.icon), status.text
        )

    def macro(self, template: str, name: str) -> Macro:
        """A macro as a function that gives HTML. The template's module is made once."""
        found = self._macros.get((template, name))
        if found is None or self._reload:
            found = getattr(self.environment.get_template(template).module, name)
            self._macros[template, name] = found
        assert found is not None
        return found

    def keep(self, directory: Path) -> None:
        """From here on compiled templates are kept there: to compile all of them takes a second of a processor."""
        with contextlib.suppress(OSError):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.environment.bytecode_cache = Compiled(str(directory))

    def warm(self) -> None:
        """Makes every template ready, so that no page waits for it. In a thread."""
        for name in self.environment.list_templates(extensions=["html"]):
            self.environment.get_template(name)

    def page(self, template: str, **context: Any) -> str:
        """A whole page."""
        return self.environment.get_template(template).render(**context)


@lru_cache(maxsize=8)
def site(base: str, reload: bool = False) -> Site:
    """The site that is served under a URL prefix."""
    return Site(base, reload=reload)
