"""OAuth 2.0 as a client of one provider: authorization code with PKCE (RFC 7636, S256), and the refresh token.

What the server says is bounded, checked, and never repeated where it could carry a secret.
"""

import asyncio
import base64
import hashlib
import logging
import re
import secrets
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from agentguid.protocol.errors import AgentguidError

PATIENCE = 15.0
"""Seconds until an answer must be here whole."""
LARGEST = 64 * 1024
"""Bytes of an answer."""
TOKEN = re.compile(r"[!-~]{1,4096}")
ERROR = re.compile(r"[a-z0-9_]{1,60}")
SHORTEST, USUAL, LONGEST = 60, 3600, 30 * 86_400
"""Seconds that an access token holds: at least, when the server does not say, and at most by our reckoning."""

Why = Literal["refused", "away", "garbled"]


class SignInFailed(AgentguidError):  # noqa: N818 — named for what happened
    """A sentence for the user. `refused`: the server said no."""

    def __init__(self, why: Why, sentence: str, error: str = "") -> None:
        super().__init__(sentence)
        self.why = why
        self.error = error
        """The server's own word for it."""


class Client(Struct, frozen=True):
    """Who we are to the provider, and where it is."""

    id: str
    secret: str
    auth_url: str
    token_url: str
    user_url: str

    def __repr__(self) -> str:
        return f"Client({self.id!r})"


class Tokens(Struct, frozen=True):
    access: str
    refresh: str
    """Empty: the one that there was goes on."""
    lifetime: int
    """Of the access token, seconds."""

    def __repr__(self) -> str:
        return "Tokens()"


def verifier() -> str:
    """A new secret of one sign-in (384 bits)."""
    return secrets.token_urlsafe(48)


def challenge(of: str) -> str:
    digest = hashlib.sha256(of.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorization(client: Client, scopes: tuple[str, ...], redirect: str, state: str, of: str) -> str:
    """Where the user's browser is to go. `of`: the verifier."""
    query = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": redirect,
        "scope": " ".join(scopes),
        "state": state,
        "code_challenge": challenge(of),
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",  # without it Google gives a refresh token only the first time
    }
    return f"{client.auth_url}{'&' if '?' in client.auth_url else '?'}{urlencode(query)}"


async def exchange(client: Client, code: str, of: str, redirect: str) -> Tokens:
    """Tokens for a code. Raises SignInFailed."""
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": of, "redirect_uri": redirect}
    tokens = await _tokens(client, form)
    if not tokens.refresh:
        raise SignInFailed("garbled", f"{_host(client.token_url)} gave no refresh token. Begin again.")
    return tokens


async def refresh(client: Client, token: str) -> Tokens:
    """A new access token. Raises SignInFailed."""
    return await _tokens(client, {"grant_type": "refresh_token", "refresh_token": token})


async def email(client: Client, access: str) -> str:
    """Whose account it is; empty when that cannot be found out."""
    try:
        status, said = await _ask("GET", client.user_url, headers={"Authorization": f"Bearer {access}"})
    except SignInFailed:
        return ""
    found = _mapping(said).get("email") if status == 200 else None
    return (
        found if isinstance(found, str) and "@" in found and len(found) < 255 and found.isprintable() else ""
    )


# -- below: one request -----------------------------------------------------------------------------------------------
async def _tokens(client: Client, form: dict[str, str]) -> Tokens:
    form |= {"client_id": client.id} | ({"client_secret": client.secret} if client.secret else {})
    status, said = await _ask("POST", client.token_url, data=form)
    return read(_host(client.token_url), status, said)


def read(host: str, status: int, said: bytes) -> Tokens:
    """What the answer of a token endpoint says. Raises SignInFailed."""
    answer = _mapping(said)
    error = answer.get("error")
    if status in (400, 401, 403) and isinstance(error, str) and ERROR.fullmatch(error):
        raise SignInFailed("refused", _refusal(host, error), error)
    if status != 200:
        raise SignInFailed("away", f"{host} failed (status {status}). Try again in a moment.")
    access, more = answer.get("access_token"), answer.get("refresh_token", "")
    kind, lifetime = answer.get("token_type", "bearer"), answer.get("expires_in", USUAL)
    if (
        not (isinstance(access, str) and TOKEN.fullmatch(access))
        or not (more is None or more == "" or (isinstance(more, str) and TOKEN.fullmatch(more)))
        or not (isinstance(kind, str) and kind.lower() == "bearer")
    ):
        raise SignInFailed(
            "garbled", f"{host} answered with something that is no token. Try again in a moment."
        )
    if isinstance(lifetime, str) and lifetime.isascii() and lifetime.isdigit() and len(lifetime) < 10:
        lifetime = int(lifetime)
    if isinstance(lifetime, bool) or not isinstance(lifetime, int | float):
        lifetime = USUAL
    return Tokens(access, more or "", int(min(max(lifetime, SHORTEST), LONGEST)))


def _refusal(host: str, error: str) -> str:
    match error:
        case "invalid_grant":
            return f"{host} does not take this any more (invalid_grant). Sign in again."
        case "invalid_client" | "unauthorized_client":
            return (
                f"{host} does not know this client ({error}). Install Gemini CLI anew and search for agents, "
                "or set gemini_client_id and gemini_client_secret."
            )
    return f"{host} refuses this ({error}). Sign in again."


async def _ask(method: str, url: str, **more: Any) -> tuple[int, bytes]:
    """Status and body."""
    host = _host(url)
    httpx = await asyncio.to_thread(_library)
    # Made in a thread, too: it reads all the certificates.
    http = await asyncio.to_thread(lambda: httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False))
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", **more.pop("headers", {})}
    try:
        async with (
            asyncio.timeout(PATIENCE),
            http,
            http.stream(method, url, headers=headers, **more) as answer,
        ):
            body = b""
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > LARGEST:
                    raise SignInFailed("garbled", f"{host} answered with more than belongs there.")
            return answer.status_code, body
    except (TimeoutError, httpx.TimeoutException):
        raise SignInFailed("away", f"{host} did not answer within {PATIENCE:g} s. Try again.") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        why = type(error).__name__ if len(str(error)) > 200 else " ".join(str(error).split())
        raise SignInFailed(
            "away", f"{host} cannot be reached ({why or type(error).__name__}). Try again."
        ) from None


def _library() -> Any:
    """httpx, when it is first needed. Of what it would log, headers are no part of a log."""
    import httpx  # noqa: PLC0415

    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx


def _mapping(data: bytes) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _host(url: str) -> str:
    return urlsplit(url).hostname or url[:60]
