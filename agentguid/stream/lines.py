"""How many streams a browser keeps open: over HTTP/1.1 it has six connections to us, for everything.

With more windows than that open, nothing would load any more. So the newest few keep their streams; each of the others
is brought up to date, ends, and comes again in a moment. Hidden tabs have no stream at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

KEPT = 4
"""Streams of one browser that stay open: two connections are left for pages and forms."""
AGAIN = 2000
"""Milliseconds until a stream that did not stay open comes again."""
SOON = 250
"""Milliseconds until one that was cut comes again."""


@dataclass(eq=False, slots=True)
class Line:
    """One stream."""

    short: bool = False
    """It ends as soon as the page is up to date."""
    wake: Callable[[], None] = field(default=lambda: None)
    """Called when it has to end."""

    @property
    def retry(self) -> int:
        """Milliseconds after which the browser comes again when this ends."""
        return AGAIN if self.short else SOON


class Lines:
    """The streams that stay open, by browser, the oldest first."""

    def __init__(self) -> None:
        self._kept: dict[str, list[Line]] = {}

    def open(self, browser: str | None, *, again: bool) -> Line:
        """A stream begins, of a new page or `again`. Of a program (`browser` is None) any number stays open."""
        if browser is None:
            return Line()
        kept = self._kept.setdefault(browser, [])
        if again and len(kept) >= KEPT:
            return Line(short=True)
        line = Line()
        kept.append(line)
        if len(kept) > KEPT:
            oldest = kept.pop(0)
            oldest.short = True
            oldest.wake()
        return line

    def close(self, browser: str | None, line: Line) -> None:
        kept = self._kept.get(browser or "", [])
        if line in kept:
            kept.remove(line)
            if not kept:
                del self._kept[browser or ""]
