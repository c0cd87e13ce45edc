"""An OAuth 2.0 server of other people's making (authlib) as a process of its own: authorization code with PKCE, refresh.

    python -m tests.support.oauth_server     prints its port

It knows one client and one user, who agrees at once. `POST /test` changes how it behaves: {"lifetime": seconds,
"answer": one of BAD or null, "redirects": a list of patterns, "revoke": true}; `GET /test` tells what it has seen.
"""

import json
import os
import re
import secrets
import sys
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # it is on loopback

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request, grants
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge

from tests.support.provider import EMAIL, ID, SECRET

BAD = {
    "empty": (200, b""),
    "html": (200, b"<html><body>It works!</body></html>"),
    "list": (200, b"[1,2,3]"),
    "deep": (200, b"[" * 50_000),
    "no token": (200, b'{"token_type":"Bearer","expires_in":3600}'),
    "number": (200, b'{"access_token":17,"refresh_token":"r","expires_in":3600}'),
    "two lines": (200, b'{"access_token":"a\\r\\nX-Evil: 1","refresh_token":"r","token_type":"Bearer"}'),
    "other kind": (200, b'{"access_token":"a","refresh_token":"r","token_type":"mac"}'),
    "no utf-8": (200, b'{"access_token":"\xff\xfe"}'),
    "huge": (200, b'{"access_token":"' + b"a" * 300_000 + b'"}'),
    "moved": (302, b""),
    "failed": (500, b'{"error":"invalid_grant"}'),
    "busy": (503, b"later"),
    "strange error": (400, b'{"error":{"message":"<b>no</b>"}}'),
    "shouted error": (400, b'{"error":"<script>alert(1)</script>"}'),
}
"""Answers of the token endpoint that are none."""


class Client:
    """What authlib asks about a client."""

    redirects: tuple[str, ...] = (r"http://(localhost|127\.0\.0\.1):\d+/.*",)

    def get_client_id(self) -> str:
        return ID

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return any(re.fullmatch(one, uri) for one in self.redirects)

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_post"

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind in ("authorization_code", "refresh_token")


@dataclass
class Code:
    code: str
    redirect_uri: str
    scope: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass
class Token:
    refresh: str
    scope: str

    def check_client(self, client: Client) -> bool:
        return True

    def get_scope(self) -> str:
        return self.scope


@dataclass
class World:
    """What the server knows, and how it is to behave."""

    lifetime: int = 3600
    answer: str | None = None
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    access: set[str] = field(default_factory=set)
    asked: list[dict[str, str]] = field(default_factory=list)
    """Every request of the token endpoint."""
    said: list[dict[str, Any]] = field(default_factory=list)
    """What was answered, codes included."""


WORLD, CLIENT = World(), Client()


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_post",)

    def save_authorization_code(self, code: str, request: Any) -> None:
        data = request.payload.data
        WORLD.codes[code] = Code(
            code,
            data["redirect_uri"],
            data.get("scope", ""),
            data.get("code_challenge", ""),
            data.get("code_challenge_method", ""),
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return WORLD.codes.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del WORLD.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> str:
        return EMAIL


class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_post",)

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        return WORLD.tokens.get(refresh_token)

    def authenticate_user(self, refresh_token: Token) -> str:
        return EMAIL

    def revoke_old_credential(self, refresh_token: Token) -> None:
        pass  # Google's stay


class Server(AuthorizationServer):  # type: ignore[misc]
    def query_client(self, client_id: str) -> Client | None:
        return CLIENT if client_id == ID else None

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        WORLD.access.add(token["access_token"])
        if "refresh_token" in token:
            WORLD.tokens[token["refresh_token"]] = Token(token["refresh_token"], token.get("scope", ""))

    def create_oauth2_request(self, request: "Handler") -> OAuth2Request:
        return request.as_oauth()

    def handle_response(self, status: int, body: Any, headers: Any) -> tuple[int, Any, Any]:
        return status, body, headers

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        pass


class Request(OAuth2Request):  # type: ignore[misc]
    """authlib reads queries and forms by these names."""

    @property
    def args(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.uri).query))

    @property
    def form(self) -> dict[str, str]:
        return dict(self.payload.data)


SERVER = Server()
SERVER.register_token_generator(
    "default",
    BearerTokenGenerator(
        lambda *_, **__: "ya29." + secrets.token_urlsafe(40),
        lambda *_, **__: "1//" + secrets.token_urlsafe(40),
        expires_generator=lambda client, grant: WORLD.lifetime,
    ),
)
SERVER.register_grant(CodeGrant, [CodeChallenge(required=True)])
SERVER.register_grant(RefreshGrant)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        match (self.command, urlsplit(self.path).path):
            case ("GET", "/auth"):
                self.authorize()
            case ("POST", "/token"):
                self.token()
            case ("GET", "/user"):
                given = self.headers.get("Authorization", "").removeprefix("Bearer ")
                known = given in WORLD.access
                self.reply(200 if known else 401, json.dumps({"email": EMAIL} if known else {}))
            case ("GET", "/test"):
                self.reply(200, json.dumps({"asked": WORLD.asked, "said": WORLD.said}))
            case ("POST", "/test"):
                self.change(json.loads(self.body))
            case _:
                self.reply(404, "{}")

    do_POST = do_GET

    def as_oauth(self) -> OAuth2Request:
        request = Request(self.command, f"http://{self.headers['Host']}{self.path}", headers=self.headers)
        query = urlsplit(self.path).query
        request.payload = BasicOAuth2Payload(dict(parse_qsl(self.body or query)))
        return request

    def authorize(self) -> None:
        """The user agrees at once, or, with `deny`, does not."""
        asked = dict(parse_qsl(urlsplit(self.path).query))
        if asked.get("code_challenge_method") != "S256":
            self.reply(400, "no PKCE")
            return
        try:
            grant = SERVER.get_consent_grant(self, end_user=EMAIL)
        except OAuth2Error as error:
            self.reply(400, f"<h1>{error.error}</h1>")
            return
        user = None if WORLD.answer == "deny" else EMAIL
        status, body, headers = SERVER.create_authorization_response(self, grant_user=user, grant=grant)
        self.reply(status, json.dumps(body), dict(headers))

    def token(self) -> None:
        WORLD.asked.append(dict(parse_qsl(self.body)))
        if WORLD.answer == "slow":
            time.sleep(60)
        if WORLD.answer == "cut":
            self.close_connection = True
            return
        if WORLD.answer in BAD:
            status, raw = BAD[WORLD.answer]
            self.reply(status, raw, {"Location": "http://127.0.0.1:1/"} if status == 302 else {})
            return
        status, body, headers = SERVER.create_token_response(self)
        WORLD.said.append(body)
        self.reply(status, json.dumps(body), dict(headers))

    def change(self, wish: dict[str, Any]) -> None:
        WORLD.lifetime = wish.get("lifetime", WORLD.lifetime)
        WORLD.answer = wish.get("answer", WORLD.answer)
        Client.redirects = tuple(wish.get("redirects", Client.redirects))
        if wish.get("revoke"):
            WORLD.tokens.clear()
        self.reply(200, "{}")

    def reply(self, status: int, body: str | bytes, headers: dict[str, str] | None = None) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(http.server_port, flush=True)
    sys.exit(http.serve_forever())
