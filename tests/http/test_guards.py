"""Who may: every route of the application, not a list of some."""

import re
import time
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from agentguid.http.guards import is_open, scope_for
from tests.http.conftest import Served, closed, sse
from tests.support.daemon import wait_for

OPEN = {"/login", "/login/code", "/healthz", "/oauth2callback", "/assets/{name}"}
"""What is open to everybody, as far as there are handlers for it."""


def routes(served: Served) -> Iterator[tuple[str, str, bool]]:
    """Method, path with something in place of its parameters, and whether it is open."""
    for route in served.app.routes:
        path = re.sub(
            r"\{(\w+):\w+\}", r"{\1}", route.path_format if hasattr(route, "path_format") else route.path
        )
        shown = re.sub(r"\{\w+\}", "x", path)
        is_free = path.removeprefix(served.base) in OPEN
        for method in sorted((route.methods or {"WEBSOCKET"}) - {"OPTIONS", "HEAD"}):
            yield method, shown, is_free


def test_there_are_routes_to_be_tested(served: Served) -> None:
    found = list(routes(served))

    assert len(found) > 60
    assert {path for _, path, free in found if free} == {
        f"/gm{one}" for one in ("/login", "/login/code", "/healthz", "/oauth2callback", "/assets/x")
    }


def test_no_route_answers_without_a_credential(served: Served) -> None:
    """Pages lead to the sign-in page, the API answers 401, sockets close with 4401."""
    for method, path, free in routes(served):
        if method == "WEBSOCKET":
            with connect(f"ws://127.0.0.1:{served.port}{path}") as socket:
                assert closed(socket) == 4401, path
            continue
        answer = served.ask(method, path, b"{}" if method != "GET" else None, unix=False, based=False)
        if free:
            assert answer.status != 401, (method, path, answer)
            assert answer.headers.get("location") in (None, "/gm/login/code"), (method, path, answer)
        elif answer.status == 303:
            way = "/gm/" if path == "/" else "/gm/login"
            assert answer.headers["location"].startswith(way), (method, path)
            assert not path.startswith("/gm/api"), (method, path)
        else:
            assert answer.status == 401, (method, path, answer.status)
            assert answer.headers["content-type"] == "application/problem+json"
            assert "agentguictl login" in answer.json["error"]


def test_paths_without_a_route_tell_nothing_either(served: Served) -> None:
    for path in (
        "/nothing",
        "/gm",
        "/gm/nothing",
        "/gm/assets/../api/conversations",
        "/gm/assets//../api/tokens",
        "//gm/api",
    ):
        answer = served.ask("GET", path, unix=False, based=False)
        assert answer.status in (303, 401), (path, answer)
    assert served.ask("GET", "/gm/api/nothing", unix=False, based=False).status == 401


def test_no_unsafe_route_obeys_a_page_of_another_site(served: Served) -> None:
    """Whatever the credential: a foreign Origin is refused, on the unix socket as well."""
    cookie, token = served.cookie(), served.token("admin")
    for method, path, _ in routes(served):
        if method in ("GET", "WEBSOCKET"):
            continue
        for headers, unix in (
            ({"Cookie": cookie}, False),
            ({"Authorization": f"Bearer {token}"}, False),
            ({}, True),
            ({}, False),
        ):
            foreign = {**headers, "Origin": "http://evil.example"}
            answer = served.ask(method, path, b"{}", foreign, unix=unix, based=False)
            assert answer.status == 403, (method, path, headers, answer)


def test_a_cookie_needs_a_browser_that_vouches(served: Served) -> None:
    cookie = {"Cookie": served.cookie()}
    path = f"/api/conversations/{served.conversation()}"

    assert served.ask("PATCH", path, {}, cookie, unix=False).status == 403
    for site in ("cross-site", "same-site"):
        headers = {**cookie, **served.origin(), "Sec-Fetch-Site": site}
        assert served.ask("PATCH", path, {}, headers, unix=False).status == 403
    assert (
        served.ask("PATCH", path, {}, {**cookie, "Sec-Fetch-Site": "same-origin"}, unix=False).status == 200
    )
    assert served.ask("PATCH", path, {}, {**cookie, **served.origin()}, unix=False).status == 200


def test_a_safe_request_with_a_foreign_origin_is_refused_too(served: Served) -> None:
    headers = {"Cookie": served.cookie(), "Origin": "http://evil.example"}
    assert served.ask("GET", "/api/conversations", None, headers, unix=False).status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "", "localhost.evil.example", "localhost@evil"]
)
def test_a_name_that_is_not_ours_is_misdirected(served: Served, host: str) -> None:
    """DNS rebinding: the browser believes that we are evil.example, and sends our cookie along if it has one."""
    token = {"Authorization": f"Bearer {served.token()}"}
    for path in ("/gm/api/conversations", "/gm/login", "/gm/healthz", "/gm/assets/css/base.css", "/"):
        answer = served.ask("GET", path, None, {**token, "Host": host}, unix=False, based=False)
        assert answer.status in ((400, 421) if not host else (421,)), (path, answer)


def test_a_socket_of_another_site_is_refused(served: Served) -> None:
    url = f"ws://127.0.0.1:{served.port}/gm/sync"
    with pytest.raises(InvalidStatus) as caught:
        connect(url, origin="http://evil.example", additional_headers={"Cookie": served.cookie()})  # type: ignore[arg-type]
    assert caught.value.response.status_code == 403
    with pytest.raises(InvalidStatus) as caught:
        connect(url, additional_headers={"Cookie": served.cookie(), "Host": "evil.example"})
    assert caught.value.response.status_code in (403, 400)


def test_scopes(served: Served) -> None:
    """read: look; write: act; admin: say who may."""
    conversation = served.conversation()
    allowed = {"read": 0, "write": 1, "admin": 2}
    for scope, rank in allowed.items():
        headers = {"Authorization": f"Bearer {served.token(scope)}"}
        for needed, method, path in (
            (0, "GET", "/api/conversations"),
            (0, "HEAD", "/api/conversations"),
            (0, "GET", "/openapi.json"),
            (1, "PATCH", f"/api/conversations/{conversation}"),
            (1, "POST", "/api/agents/search"),
            (2, "GET", "/api/tokens"),
            (2, "GET", "/api/devices"),
            (2, "POST", "/api/tickets"),
        ):
            body = None if method in ("GET", "HEAD") else {}
            answer = served.ask(method, path, body, headers, unix=False)
            if rank >= needed:
                assert answer.status in (200, 201), (scope, method, path, answer)
            else:
                assert answer.status == 403, (scope, method, path, answer)
                assert f"this token may {scope}" in answer.json["error"]


def test_a_token_in_a_cookie_or_a_cookie_as_a_token_opens_nothing(served: Served) -> None:
    token = served.token("admin")
    name, _, secret = served.cookie().partition("=")

    assert served.ask("GET", "/api/status", None, {"Cookie": f"{name}={token}"}, unix=False).status == 401
    assert (
        served.ask("GET", "/api/status", None, {"Authorization": f"Bearer {secret}"}, unix=False).status
        == 401
    )
    assert served.ask("GET", f"/api/status?token={token}", None, unix=False).status == 401
    assert (
        served.ask("GET", "/api/status", None, {"Authorization": f"bearer {token}"}, unix=False).status == 200
    )


def test_a_token_ends_when_it_expires(served: Served) -> None:
    token = {"Authorization": f"Bearer {served.token(expiresIn=3)}"}

    assert served.ask("GET", "/api/status", None, token, unix=False).status == 200
    wait_for(
        lambda: served.ask("GET", "/api/status", None, token, unix=False).status == 401, "the token's end"
    )


def test_a_stream_ends_with_its_token(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.token(expiresIn=3)}"}
    with served.stream("/api/events?follow=1", headers, unix=False) as answer:
        assert answer.status == 200
        began = time.monotonic()
        for _ in sse(answer):
            pass
        assert time.monotonic() - began < 25


def test_what_a_device_has_open_ends_when_it_is_revoked(served: Served) -> None:
    """The stream ends, the socket is closed with 4401, and nothing more is answered."""
    cookie = {"Cookie": served.cookie()}
    device = next(
        one for one in served.api("GET", "/devices", headers=cookie, unix=False)["devices"] if one["current"]
    )
    url = f"ws://127.0.0.1:{served.port}/gm/sync"
    with (
        served.stream("/api/events?follow=1", cookie, unix=False) as answer,
        connect(url, additional_headers=cookie) as socket,
    ):
        assert "sync_connected" in str(socket.recv(timeout=5))
        served.api("DELETE", f"/devices/{device['id']}")
        began = time.monotonic()
        while answer.readline():
            pass
        assert closed(socket) == 4401
        assert time.monotonic() - began < 25
    assert served.ask("GET", "/api/status", None, cookie, unix=False).status == 401


def test_no_secret_is_kept_or_listed(served: Served) -> None:
    """Only hashes are in the log, and not even those in the lists."""
    token, secret = served.token(), served.cookie().partition("=")[2]
    log = served.ask("GET", "/api/events", headers={"Accept": "application/x-ndjson"}).body.decode()
    lists = str(served.api("GET", "/tokens")) + str(served.api("GET", "/devices"))

    assert token not in log + lists
    assert secret not in log + lists
    assert "hash" not in lists


def test_a_revoked_token_opens_nothing(served: Served) -> None:
    made = served.api("POST", "/tokens", {"name": "to be revoked"})
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert served.ask("GET", "/api/status", None, headers, unix=False).status == 200
    assert served.api("DELETE", "/tokens/to%20be%20revoked") == {"deleted": True}

    assert served.ask("GET", "/api/status", None, headers, unix=False).status == 401
    assert made["id"] not in [one["id"] for one in served.api("GET", "/tokens")["tokens"]]


def test_wrong_tokens_are_slowed_down_and_right_ones_are_not(fresh: Served) -> None:
    wrong, right = {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {fresh.token()}"}
    got = [fresh.ask("GET", "/api/status", None, wrong, unix=False).status for _ in range(12)]

    assert got[:10] == [401] * 10
    assert got[10:] == [429] * 2
    assert fresh.ask("GET", "/api/status", None, right, unix=False).status == 200


def test_a_forwarded_address_is_not_believed(served: Served) -> None:
    """Nothing that a client sends makes it one of the unix socket."""
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        answer = served.ask("GET", "/api/status", None, {header: "127.0.0.1"}, unix=False)
        assert answer.status == 401


def test_the_way_to_sign_in_leads_back(served: Served) -> None:
    answer = served.ask("GET", "/conversations/abc?at=5", unix=False)
    assert answer.headers["location"] == "/gm/login?next=/gm/conversations/abc%3Fat%3D5"


def test_htmx_is_told_where_to_go(served: Served) -> None:
    answer = served.ask("POST", "/conversations/abc/messages", b"", {"HX-Request": "true"}, unix=False)
    assert (answer.status, answer.headers["hx-redirect"]) == (401, "/gm/login")


def test_open_paths_are_these_and_no_others() -> None:
    assert is_open("/login")
    assert is_open("/assets/css/base.css")
    assert is_open("/manifest.webmanifest")
    assert not is_open("/assets")
    assert not is_open("/assets/../api/tokens")
    assert not is_open("/login/x")
    assert not is_open("/api/login")
    assert not is_open("")


def test_credentials_are_for_admin_only() -> None:
    assert scope_for("/api/tokens/x", "GET") == "admin"
    assert scope_for("/api/tickets", "POST") == "admin"
    assert scope_for("/api/tokensx", "GET") == "read"
    assert scope_for("/api/conversations", "POST") == "write"


def test_commands_carry_who_gave_them(served: Served) -> None:
    """The actor stands in the log."""
    token = served.api("POST", "/tokens", {"name": "acting"})
    conversation = served.conversation()
    headers = {"Authorization": f"Bearer {token['token']}"}
    served.api("PATCH", f"/conversations/{conversation}", {"title": "new"}, headers=headers, unix=False)

    log = served.ask(
        "GET", f"/api/events?conversation={conversation}", headers={"Accept": "application/x-ndjson"}
    )
    assert f'"actor":"token:{token["id"]}"' in log.body.decode()
