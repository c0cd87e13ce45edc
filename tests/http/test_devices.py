"""Devices: when each was last here, the page that shows them, signing in another one; and what tokens may."""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import segno
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from agentguid.http import reach
from agentguid.http.renewal import Renewal, until_renewed
from agentguid.http.seen import Seen
from agentguid.settings import load
from tests.http.conftest import Served, closed, sse
from tests.http.test_guards import routes
from tests.support.daemon import wait_for

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def around(fresh: Served) -> Served:
    """A server that believes that it listens everywhere."""
    fresh.parts.settings = fresh.parts.settings.model_copy(update={"host": "0.0.0.0", "port": fresh.port})
    return fresh


def browser(served: Served) -> dict[str, str]:
    return {"Cookie": served.cookie(), **served.origin(), **FORM}


# -- last seen --------------------------------------------------------------------------------------------------------
def test_a_device_with_an_open_stream_is_here_and_afterwards_was(fresh: Served) -> None:
    cookie = {"Cookie": fresh.cookie()}
    other = {"Cookie": fresh.cookie()}

    with fresh.stream("/api/events?follow=1", cookie, unix=False) as stream:
        next(sse(stream))
        rows = {
            row["current"]: row for row in fresh.api("GET", "/devices", headers=other, unix=False)["devices"]
        }
        assert (rows[False]["here"], rows[True]["here"]) == (True, True)
        assert abs(rows[False]["last_used_at"] / 1000 - time.time()) < 30

    wait_for(
        lambda: not any(row["here"] for row in fresh.api("GET", "/devices")["devices"]), "the stream to end"
    )
    assert all(row["last_used_at"] for row in fresh.api("GET", "/devices")["devices"])


def test_a_request_appends_nothing_to_the_log(fresh: Served) -> None:
    cookie = {"Cookie": fresh.cookie()}
    before = fresh.api("GET", "/status")["position"]
    for _ in range(20):
        assert fresh.ask("GET", "/api/status", None, cookie, unix=False).status == 200

    assert fresh.api("GET", "/status")["position"] == before


def test_it_is_remembered_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "seen.json"

    async def one_run() -> int | None:
        seen = Seen(path)
        keeping = asyncio.create_task(seen.keep())
        await asyncio.sleep(0)
        seen.begin("d1")
        seen.end("d1")
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        return seen.at("d1")

    at = asyncio.run(one_run())

    assert at is not None
    assert Seen(path).at("d1") == at
    assert path.stat().st_mode & 0o777 == 0o600
    assert not Seen(path).here("d1")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": "b"}'])
def test_a_damaged_file_costs_only_what_it_said(tmp_path: Path, content: str) -> None:
    path = tmp_path / "seen.json"
    path.write_text(content)

    assert Seen(path).at("a") is None


def test_only_the_latest_are_kept() -> None:
    seen = Seen()
    for number in range(1500):
        seen.begin(f"d{number}")
        seen.end(f"d{number}")

    kept = seen._latest()

    assert len(kept) == 1000
    assert "d1499" in kept


# -- the page ---------------------------------------------------------------------------------------------------------
def test_the_page_names_each_device_and_marks_this_one(fresh: Served) -> None:
    headers = browser(fresh)
    fresh.cookie()
    fresh.token("read")

    page = fresh.ask("GET", "/devices", None, headers, unix=False).body.decode()

    assert page.count('<li id="d-') == 3
    assert page.count("this browser") == 1
    assert "a read token" in page
    assert "may read" in page


def test_a_name_is_shown_and_does_nothing(fresh: Served) -> None:
    fresh.api("POST", "/tokens", {"name": "<script>alert(1)</script>", "scope": "read"})

    page = fresh.ask("GET", "/devices").body.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_signing_another_device_out_leads_back_and_ends_it(fresh: Served) -> None:
    headers, other = browser(fresh), {"Cookie": fresh.cookie()}
    rows = fresh.api("GET", "/devices", headers=headers, unix=False)["devices"]
    victim = next(row["id"] for row in rows if not row["current"])

    answer = fresh.ask("POST", f"/devices/{victim}/revocation", b"", headers, unix=False)

    assert (answer.status, answer.headers["location"]) == (303, "/gm/devices")
    assert fresh.ask("GET", "/api/status", None, other, unix=False).status == 401


def test_signing_this_one_out_leads_to_the_door(fresh: Served) -> None:
    headers = browser(fresh)
    own = fresh.api("GET", "/devices", headers=headers, unix=False)["devices"][0]["id"]

    answer = fresh.ask("POST", f"/devices/{own}/revocation", b"", headers, unix=False)

    assert answer.headers["location"] == "/gm/login"
    assert fresh.ask("GET", "/api/status", None, headers, unix=False).status == 401


def test_a_programs_token_is_ended_on_the_page_as_well(fresh: Served) -> None:
    headers, token = browser(fresh), {"Authorization": f"Bearer {fresh.token('read')}"}
    row = fresh.api("GET", "/tokens")["tokens"][0]["id"]

    assert fresh.ask("POST", f"/devices/programs/{row}/revocation", b"", headers, unix=False).status == 303

    assert fresh.ask("GET", "/api/status", None, token, unix=False).status == 401


# -- signing in another device ----------------------------------------------------------------------------------------
def test_the_code_is_that_of_a_link_which_works_once(around: Served) -> None:
    answer = around.ask("POST", "/devices/invitation", b"", browser(around), unix=False)
    page = answer.body.decode()
    link = re.search(r">(http://[^<]+/login\?ticket=[\w-]+)<", page)
    assert link

    drawn = segno.make(link[1], error="m", micro=False).svg_inline(
        omitsize=True, border=3, dark="#000", light="#fff"
    )
    assert (
        re.findall(r' d="([^"]+)"', drawn) == re.findall(r' d="([^"]+)"', page[page.index("<svg role") :])[:2]
    )
    assert "style=" not in page
    ticket = link[1].partition("ticket=")[2].encode()
    for status in (303, 403):
        got = around.ask("POST", "/login", b"ticket=" + ticket, {**around.origin(), **FORM}, unix=False)
        assert got.status == status


def test_looking_at_the_page_makes_no_link(around: Served) -> None:
    assert b"ticket=" not in around.ask("GET", "/devices").body


def test_a_daemon_of_this_machine_alone_says_what_to_do(fresh: Served) -> None:
    page = fresh.ask("POST", "/devices/invitation", b"", browser(fresh), unix=False).body.decode()

    assert "only this machine can reach" in page
    assert "config.toml" in page
    assert "ticket=" not in page
    ticket = fresh.api("POST", "/tickets")
    assert ticket["urls"] == []
    assert "0.0.0.0" in ticket["hint"]


def test_another_address_may_be_chosen_and_no_foreign_one(around: Served) -> None:
    around.parts.settings = around.parts.settings.model_copy(
        update={"hosts": ("studio.example:443", "b.example")}
    )

    def link(address: str) -> str:
        body = f"address={address}".encode()
        page = around.ask("POST", "/devices/invitation", body, browser(around), unix=False).body.decode()
        return re.findall(r">(https?://[^<]+)/gm/login\?", page)[0]

    assert link("http://b.example:" + str(around.port) + "/gm/") == f"http://b.example:{around.port}"
    assert link("http://evil.example/gm/") == "https://studio.example"


@pytest.mark.parametrize(
    ("host", "hosts", "origin", "expected"),
    [
        ("127.0.0.1", "", "", []),
        ("::1", "", "http://localhost:3000", []),
        ("127.0.0.1", "", "https://studio.example", ["https://studio.example/gm/"]),
        ("127.0.0.1", "s.example:443", "", ["https://s.example/gm/"]),
        (
            "127.0.0.1",
            "s.example:8080,t.example",
            "",
            ["http://s.example:8080/gm/", "http://t.example:3000/gm/"],
        ),
        ("192.0.2.7", "", "null", ["http://192.0.2.7:3000/gm/"]),
        ("fd00::7", "", "", ["http://[fd00::7]:3000/gm/"]),
        ("192.0.2.7", "", "http://192.0.2.7:3000", ["http://192.0.2.7:3000/gm/"]),
    ],
)
def test_which_urls_another_device_can_reach(
    tmp_path: Path, host: str, hosts: str, origin: str, expected: list[str]
) -> None:
    settings = load(["--host", host], {"HOME": str(tmp_path), "AGENTGUID_HOSTS": hosts})

    assert reach.urls(settings, origin) == expected


def test_the_addresses_of_this_machine_are_not_loopback() -> None:
    assert not any(one.startswith("127.") for one in reach.machine())


# -- scopes -----------------------------------------------------------------------------------------------------------
def test_a_token_may_on_every_route_what_its_scope_says(fresh: Served) -> None:
    """A route that is forgotten in the rules would be found here: every one of the application is asked."""
    secrets = (
        "/api/tokens",
        "/api/devices",
        "/api/tickets",
        "/api/rebuild",
        "/api/settings",
        "/api/shutdown",
        "/api/rebuild",
        "/api/keys",
        "/api/auth",
        "/api/gemini-oauth",
        "/keys",
        "/devices",
    )
    seen = set()
    for scope in ("read", "write"):
        token = {"Authorization": f"Bearer {fresh.token(scope)}"}
        for method, path, free in routes(fresh):
            if free:
                continue
            if "/terminal/" in path:
                code = _refused(f"ws://127.0.0.1:{fresh.port}{path}", token)
                assert (code == 403) == (scope == "read"), (scope, path, code)
                continue
            if method == "WEBSOCKET":
                with connect(f"ws://127.0.0.1:{fresh.port}{path}", additional_headers=token) as socket:
                    assert json.loads(socket.recv(timeout=10))["type"] == "sync_connected"
                seen.add(method)
                continue
            bare = path.removeprefix("/gm")
            admin = any(bare == one or bare.startswith(one + "/") for one in secrets)
            admin |= bare.endswith(("/agents/x/auth", "/agents/x/update", "/agents/x/output"))
            refused = admin or (method != "GET" and scope == "read")
            with (
                fresh.stream(bare or "/", token, unix=False)
                if _streams(method, bare)
                else _answer(fresh, method, path, token) as answer
            ):
                assert (answer.status == 403) == refused, (scope, method, path, answer.status)
            seen.add((method, scope, refused))

    wanted = {
        ("GET", "read", False),
        ("GET", "write", True),
        ("POST", "read", True),
        ("POST", "write", False),
    }
    assert wanted | {("POST", "write", True), "WEBSOCKET"} <= seen


def _refused(url: str, headers: dict[str, str]) -> int:
    """The status or the closing code with which a socket that leads nowhere is refused."""
    try:
        with connect(url, additional_headers=headers) as socket:
            socket.recv(timeout=10)
    except InvalidStatus as refused:
        return refused.response.status_code
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0
    return 0


def test_a_slash_too_many_is_no_way_round_a_scope(fresh: Served) -> None:
    """The router takes two of them for one."""
    token = {"Authorization": f"Bearer {fresh.token('write')}"}
    for method, path, _ in routes(fresh):
        if method == "WEBSOCKET":
            continue
        for place in [at for at, letter in enumerate(path) if letter == "/"]:
            doubled = f"{path[:place]}/{path[place:]}"
            body = b"{}" if method != "GET" else None
            answer = fresh.ask(method, doubled, body, token, unix=False, based=False)
            assert answer.status in (401, 404), (method, doubled, answer.status)


def _streams(method: str, path: str) -> bool:
    return method == "GET" and path in ("/stream", "/api/events")


class _answer:  # noqa: N801 — reads as a function
    def __init__(self, served: Served, method: str, path: str, headers: dict[str, str]) -> None:
        body = b"{}" if method != "GET" else None
        self.answer = served.ask(method, path, body, headers, unix=False, based=False)

    def __enter__(self) -> object:
        return self.answer

    def __exit__(self, *_: object) -> None:
        pass


def test_a_socket_ends_with_its_token(fresh: Served) -> None:
    token = fresh.token("read", expiresIn=1)

    with connect(
        f"ws://127.0.0.1:{fresh.port}/gm/sync", additional_headers={"Authorization": f"Bearer {token}"}
    ) as socket:
        assert closed(socket) == 4401


def test_the_settings_of_the_daemon_are_shown_with_their_source(fresh: Served) -> None:
    rows = {row["name"]: row for row in fresh.api("GET", "/settings")["settings"]}

    assert (rows["port"]["origin"], rows["port"]["where"]) == ("env", "AGENTGUID_PORT")
    assert rows["log_level"]["origin"] == "default"
    assert rows["port"]["restart"] is True


# -- work on the pages ------------------------------------------------------------------------------------------------
def test_a_stream_says_that_a_file_has_changed_and_ends(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("one")

    async def story() -> tuple[list[bytes], bool]:
        ended = asyncio.Event()

        async def endless() -> AsyncGenerator[bytes, None]:
            try:
                yield b"first"
                await asyncio.Event().wait()
            finally:
                ended.set()

        renewal, got = Renewal(), []
        watching = asyncio.create_task(renewal.watch(tmp_path))
        changing = asyncio.create_task(_change(page))
        async for piece in until_renewed(endless(), renewal):
            got.append(piece)
        for task in (watching, changing):
            task.cancel()
        return got, ended.is_set()

    got, ended = asyncio.run(story())

    assert got == [b"first", b"event: renewed\ndata: files have changed\n\n"]
    assert ended


async def _change(page: Path) -> None:
    """Again and again: the watcher may not have looked for the first time yet."""
    for number in range(1000):
        await asyncio.sleep(0.05)
        page.write_text("another" * number)
