"""Under which URLs another device can reach this daemon, as far as that can be known from here."""

import contextlib
import ipaddress
import socket
import struct
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


def why_not(settings: Settings) -> str:
    """What to do when there is none."""
    return (
        f"agentguid listens on {settings.host}, which only this machine can reach. For a phone in the same network set "
        f'host = "0.0.0.0" in {settings.config_dir / "config.toml"} and restart; better still, put a proxy with TLS '
        f'in front (`tailscale serve {settings.port}` is one) and name it: hosts = ["NAME"].'
    )


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
