"""What the reader prefers in this browser. It is drawn into a page's first byte, so that nothing jumps or flashes.

Whoever answers a request says so with `given`; whatever draws a page asks `reader`. A request is a task of its own, so one
reader's wishes do not reach another's page. What is drawn once for all readers must not ask.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

CHOICES: Mapping[str, tuple[str, ...]] = {
    "theme": ("system", "light", "dark"),
    "density": ("compact", "roomy"),
    "send": ("enter", "ctrl-enter"),
    "keys": ("on", "off"),
}
"""What can be chosen, the default first."""
FOLDED = 60
"""Groups of which it is remembered that they are closed."""
HIDDEN = "hidden"
GROUP = re.compile(r"g-[a-z0-9]{1,20}")


class Preferences(NamedTuple):
    theme: str = "system"
    density: str = "compact"
    send: str = "enter"
    """The key that sends a message; the other one makes a new line."""
    keys: str = "on"
    """Whether single letters are shortcuts: voice control and some keyboards are at odds with them."""
    hidden: bool = False
    """The list beside the page is hidden (on a desk)."""
    folded: frozenset[str] = frozenset()
    """Groups of the list that are closed, by element id."""

    def choosing(self, chosen: Mapping[str, str]) -> "Preferences":
        """With these of `CHOICES`."""
        return Preferences(**{name: chosen.get(name, getattr(self, name)) for name in CHOICES})

    def written(self) -> str:
        """As a cookie's value; empty when everything is as it comes."""
        chosen = {name: getattr(self, name) for name in CHOICES}
        return urlencode({name: value for name, value in chosen.items() if value != CHOICES[name][0]})


def parsed(look: str, listed: str) -> Preferences:
    """From the values of the two cookies: what was chosen, and how the list stands. What is not understood is left out."""
    given = dict(parse_qsl(look[:500]))
    chosen = {name: value for name, value in given.items() if value in CHOICES.get(name, ())}
    words = listed[:2000].split(".")
    groups = frozenset([word for word in words if GROUP.fullmatch(word)][:FOLDED])
    return Preferences(**chosen, hidden=HIDDEN in words, folded=groups)


_NONE = Preferences()
_current: ContextVar[Preferences] = ContextVar("preferences", default=_NONE)


def reader() -> Preferences:
    """Those of whoever asked for what is being drawn."""
    return _current.get()


@contextlib.contextmanager
def given(preferences: Preferences) -> Iterator[None]:
    """While this lasts, `reader` gives these."""
    token = _current.set(preferences)
    try:
        yield
    finally:
        _current.reset(token)
