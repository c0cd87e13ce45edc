"""Under which URLs another device can reach this daemon, as far as that can be known from here."""

import contextlib
import ipaddress
import socket
import struct
from typing import NamedTuple
from urllib.parse import urlsplit

from agentguid.http.names import LOCAL, address
from agentguid.settings import Settings

try:
    import fcntl
except ImportError:  # pragma: no cover — the daemon needs a unix anyway
    fcntl = None  # type: ignore[assignment]

SIOCGIFADDR = 0x8915
ANYWHERE = frozenset(("0.0.0.0", "::", ""))  # noqa: S104 — compared with, not bound
SHOWN = 8
"""Addresses that are offered."""


def urls(settings: Settings, origin: str = "") -> list[str]:
    """URLs of the daemon's home, the likeliest first; empty: it listens on this machine only.

    `origin` is that of a page of ours: a browser has come in by it, so others may.
    """
    found = [] if _inside(origin) else [origin.rstrip("/")]
    found += [_of_name(name, settings.port) for name in settings.hosts]
    if settings.host in ANYWHERE:
        found += [_http(one, settings.port) for one in machine()]
    elif settings.host not in LOCAL and not settings.host.startswith("127."):
        found.append(_http(settings.host, settings.port))
    return [f"{one}{settings.base_url}/" for one in dict.fromkeys(found)][:SHOWN]


def for_camera(settings: Settings, origin: str, *, here: bool) -> str:
    """URL of the daemon's home that a phone beside a stranger's browser can open: the one that it was reached by itself.

    A name of this machine for itself says nothing to others. Who sits `here` is told one that does, strangers are not.
    """
    if not _inside(origin):
        return f"{origin.rstrip('/')}{settings.base_url}/"
    return next(iter(urls(settings)), "") if here else ""


class WhyNot(NamedTuple):
    """What keeps other devices out."""

    host: str
    port: int
    file: str
    """Where the settings are written."""

    def __str__(self) -> str:
        return (
            f"agentguid listens on {self.host}, which only this machine can reach. Best put a proxy with TLS in front "
            f'(such as tailscale serve {self.port}) and name it in {self.file}: hosts = ["NAME:443"]. '
            'Or, in a network that you trust, listen there too: host = "0.0.0.0", and restart.'
        )


def why_not(settings: Settings) -> WhyNot:
    """What to tell when there is none."""
    return WhyNot(settings.host, settings.port, str(settings.config_dir / "config.toml"))


def machine() -> list[str]:
    """The IPv4 addresses of this machine's interfaces: a home network's first, bridges of containers last."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):
                packed = fcntl.ioctl(probe, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                found.append((_virtual(name), socket.inet_ntoa(packed[20:24])))
    usable = [(virtual, one) for virtual, one in found if not ipaddress.ip_address(one).is_loopback]
    return [
        one
        for _, one in sorted(usable, key=lambda pair: (pair[0], not pair[1].startswith("192.168."), pair[1]))
    ]


def _virtual(name: str) -> bool:
    return name.startswith(("docker", "br-", "veth", "virbr", "cni", "podman", "lxc"))


def _inside(origin: str) -> bool:
    """Whether an origin says nothing to others: it is none, or this machine's own name for itself."""
    parts = urlsplit(origin)
    return parts.scheme not in ("http", "https") or not parts.hostname or parts.hostname in LOCAL


def _of_name(name: str, port: int) -> str:
    """A configured name; with port 443 it stands for a proxy with TLS, without a port for us as we are."""
    given = address(name)
    if given is None or given.port is None:
        return _http(name, port)
    return f"https://{given.name}" if given.port == 443 else f"http://{name}"


def _http(name: str, port: int) -> str:
    shown = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return f"http://{shown}:{port}" if port != 80 else f"http://{shown}"
