"""Who may: stands before the application and lets nothing through but what is open or allowed."""

import os
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote

from agentguid.entropy import now
from agentguid.http import problems
from agentguid.http.lease import Lease
from agentguid.http.names import SAFE, Names, foreign, vouched
from agentguid.http.parts import Parts
from agentguid.http.peers import PEER
from agentguid.http.tickets import Failures
from agentguid.http.who import WHO, Who, known
from agentguid.protocol.items import Scope

OPEN = frozenset(("/login", "/login/code", "/healthz", "/manifest.webmanifest", "/oauth2callback"))
"""Paths under BASE that need no credential; with them everything under ASSETS."""
ASSETS = "/assets/"
ADMIN = (
    "/api/tokens",
    "/api/devices",
    "/api/tickets",
    "/api/rebuild",
    "/api/settings",
    "/api/shutdown",
    "/api/keys",
    "/api/auth",
    "/api/gemini-oauth",
    "/keys",
    "/devices",
)
"""What is about credentials themselves, about the log, and about the daemon."""
TERMINAL = "/terminal/"
PROGRAMS = ("/api", "/stream", "/openapi.json", "/metrics")
"""Paths whose clients are programs: 401 instead of the way to the sign-in page."""


class Refusal(Exception):  # noqa: N818 — an answer, not an error
    """The answer to a request that may not be served."""

    def __init__(self, status: int, error: str, *, close: int = 4403) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.close = close
        """WebSocket close code."""


class Guard:
    """ASGI middleware, outermost but for the headers."""

    def __init__(self, app: Any, parts: Parts) -> None:
        self._app = app
        self._parts = parts
        self._base = parts.settings.base_url
        self._failures = Failures()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.lower(): value for name, value in scope["headers"]}
        try:
            who = self._admit(scope, headers)
        except Refusal as refusal:
            await self._refuse(refusal, scope, receive, send, headers)
            return
        scope[WHO] = who
        if who is None or who.stream is None:
            await self._app(scope, receive, send)
            return
        self._parts.seen.begin(who.id)
        try:
            async with Lease(who, self._parts, scope, receive, send) as lease:
                await self._app(scope, lease.receive, lease.send)
        finally:
            self._parts.seen.end(who.id)

    # -- below: in the order of the questions -------------------------------------------------------------------------
    def _admit(self, scope: Any, headers: Mapping[bytes, bytes]) -> Who | None:
        local = self._local(scope)
        names = Names(self._parts.settings.host, self._parts.settings.hosts)
        if not local:
            _check_host(names, scope, headers)
        if foreign(headers, names):
            raise Refusal(403, "this request comes from a page of another site")
        path = scope["path"].removeprefix(self._base) if self._under_base(scope["path"]) else ""
        method = _method(scope, path)
        who = Who("socket", str(os.getuid()), "admin") if local else self._credential(scope, headers)
        if who is None:
            if is_open(path):
                return None
            raise Refusal(401, "sign in first: `agentguictl login` prints a link", close=4401)
        if "//" in scope["path"]:  # the router would take it for another path than is judged here
            raise Refusal(404, "nothing is here: the address has two slashes in a row", close=4404)
        if who.kind == "device" and method not in SAFE and not vouched(headers):
            raise Refusal(403, "a page of this site must make this request (no Origin, or another site's)")
        wanted = scope_for(path, method)
        if not who.may(wanted):
            raise Refusal(403, f"this token may {who.scope}; this needs one that may {wanted}")
        return who

    def _local(self, scope: Any) -> bool:
        peer = scope.get(PEER)
        if peer is None or peer.uid is None:
            return False
        if peer.uid != os.getuid():
            raise Refusal(403, "this socket belongs to another user")
        return True

    def _under_base(self, path: str) -> bool:
        return path == self._base or path.startswith(self._base + "/")

    def _credential(self, scope: Any, headers: Mapping[bytes, bytes]) -> Who | None:
        reader = self._parts.reader
        given = headers.get(b"authorization", b"").decode("latin-1")
        if given:
            kind, _, secret = given.partition(" ")
            who = known(reader, secret.strip(), "token", now()) if kind.lower() == "bearer" else None
            if who is None and self._failures.add((scope.get("client") or ("",))[0]):
                raise Refusal(429, "too many wrong tokens; wait a minute", close=4429)
            return who
        secret = cookie(headers.get(b"cookie", b""), cookie_name(self._parts))
        return known(reader, secret, "device", now()) if secret else None

    async def _refuse(
        self, refusal: Refusal, scope: Any, receive: Any, send: Any, headers: Mapping[bytes, bytes]
    ) -> None:
        if scope["type"] == "websocket":
            await self._refuse_socket(refusal, receive, send)
            return
        path = scope["path"].removeprefix(self._base)
        if refusal.status == 401 and not for_program(path, headers):
            await problems.send_redirect(send, self._login(scope))
            return
        extra = {}
        if refusal.status == 401:
            extra["www-authenticate"] = "Bearer"
            if b"hx-request" in headers:
                extra["hx-redirect"] = f"{self._base}/login"
        if refusal.status == 429:
            extra["retry-after"] = "60"
        await problems.send_problem(send, refusal.status, refusal.error, extra)

    async def _refuse_socket(self, refusal: Refusal, receive: Any, send: Any) -> None:
        """A missing credential is said by a close code, which browsers only tell after the handshake."""
        await receive()
        if refusal.status == 401:
            await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": refusal.close, "reason": refusal.error[:100]})

    def _login(self, scope: Any) -> str:
        """The sign-in page, which leads back to where the user wanted to go."""
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        if path == "/" and self._base and scope["method"] == "GET":
            return f"{self._base}/"  # the cookie is of BASE: whether somebody is signed in shows there
        if (
            scope["method"] != "GET"
            or path in ("/", f"{self._base}/", self._base)
            or not self._under_base(path)
        ):
            return f"{self._base}/login"
        return f"{self._base}/login?next=" + quote(path + (f"?{query}" if query else ""), safe="/")


def _method(scope: Any, path: str) -> str:
    """A socket is read from; one to a terminal acts, so it needs what a POST needs."""
    if scope["type"] != "websocket":
        return str(scope["method"])
    return "POST" if path.startswith(TERMINAL) else "GET"


def _check_host(names: Names, scope: Any, headers: Mapping[bytes, bytes]) -> None:
    host = headers.get(b"host", b"").decode("latin-1")
    server = scope.get("server")
    if not names.ours(host, server[0] if server else None):
        raise Refusal(
            421, f"{host[:100] or 'no name'} is not a name of this server; add it with AGENTGUID_HOSTS"
        )


def is_open(path: str) -> bool:
    """Whether a path (without BASE) is served to anybody."""
    if ".." in path or "//" in path:
        return False
    return path.rstrip("/") in OPEN or path.startswith(ASSETS)


def scope_for(path: str, method: str) -> Scope:
    """What a credential must be allowed for a request."""
    if any(path == one or path.startswith(one + "/") for one in ADMIN):
        return "admin"
    return "read" if method in SAFE else "write"


def for_program(path: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether the client is a program rather than a person who goes to a page."""
    if b"hx-request" in headers or b"authorization" in headers:
        return True
    return any(path == one or path.startswith(one + "/") for one in PROGRAMS)


def cookie_name(parts: Parts) -> str:
    """Cookies are kept by name alone: daemons on other ports of the same machine must have other names."""
    return f"agentguid-{parts.settings.port}"


def cookie(header: bytes, name: str) -> str:
    """The value of one cookie, or nothing."""
    try:
        found = SimpleCookie(header.decode("latin-1")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""
