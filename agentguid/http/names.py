"""Whether a request is meant for us and comes from our own pages: Host (DNS rebinding), Origin, Sec-Fetch-Site."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))


class Address(NamedTuple):
    name: str
    port: int | None


@lru_cache(maxsize=256)
def address(text: str) -> Address | None:
    """Name and port of a Host header; None for what is none."""
    try:
        parts = urlsplit("//" + text)
        if parts.path or parts.query or parts.fragment or parts.username is not None or not parts.hostname:
            return None
        return Address(parts.hostname, parts.port)
    except ValueError:
        return None


class Names:
    """The names that the daemon goes by."""

    def __init__(self, host: str, hosts: tuple[str, ...]) -> None:
        self._configured = [one for one in map(address, hosts) if one]
        self._own = LOCAL | ({host.lower()} if host not in {"0.0.0.0", "::"} else frozenset())  # noqa: S104

    def ours(self, header: str, bound: str | None) -> bool:
        """Whether a Host header names us. `bound`: the address that the connection was made to, which is ours too:
        rebinding needs a name."""
        asked = address(header)
        if asked is None:
            return False
        if asked.name in self._own or asked.name == bound:
            return True
        # Without a port it is the usual one: a proxy with TLS that hands the header on says `studio.example`.
        ports = (None, 80, 443) if asked.port is None else (None, asked.port)
        return any(one.name == asked.name and one.port in ports for one in self._configured)

    def own_origin(self, origin: str, header: str) -> bool:
        """Whether an Origin is our own page: the same address as the Host, or a configured name behind a proxy."""
        try:
            parts = urlsplit(origin)
            usual = {"http": 80, "https": 443}.get(parts.scheme)
            asked = address(parts.netloc)
        except ValueError:
            return False
        if usual is None or asked is None:
            return False
        here = address(header)
        if here and (here.name, here.port or usual) == (asked.name, asked.port or usual):
            return True
        port = asked.port or usual
        return any(one.name == asked.name and (one.port or usual) == port for one in self._configured)


def foreign(headers: Mapping[bytes, bytes], names: Names) -> bool:
    """Whether the request says that another site's page made it."""
    origin = headers.get(b"origin")
    if origin is None:
        return False
    return not names.own_origin(origin.decode("latin-1"), headers.get(b"host", b"").decode("latin-1"))


def vouched(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser says that our own page (or the user's hand) made the request. Ask `foreign` first."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in (b"same-origin", b"none")
    return b"origin" in headers
