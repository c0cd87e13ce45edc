"""Signing in by a code that a device which is signed in lets in."""

import re
from urllib.parse import urlencode

import pytest
import segno

from agentguid.http import reach
from agentguid.http.pairing import ALPHABET, LIFETIME, Pairings, spelt
from agentguid.http.problems import ProblemError
from agentguid.http.tickets import OUTSTANDING
from agentguid.protocol.errors import NotFound
from agentguid.settings import load
from tests.http.conftest import Answer, Served

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:1) Gecko/1 Firefox/1"


class Stranger:
    """A browser that is not signed in; it keeps its cookies."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.cookies: dict[str, str] = {}

    def ask(self, **fields: str) -> Answer:
        return self._send("POST", "/login/code", fields)

    def look(self, **headers: str) -> Answer:
        return self._send("GET", "/login/code", None, headers)

    def code(self, **fields: str) -> str:
        """Asks, and reads the code off the page."""
        assert self.ask(**fields).status == 303
        found = re.search(r'id="code"><b>([A-Z]{4}-[A-Z]{4})</b>', self.look().body.decode())
        assert found
        return found[1]

    def _send(
        self, method: str, path: str, fields: dict[str, str] | None, more: dict[str, str] | None = None
    ) -> Answer:
        headers = {**FORM, "User-Agent": FIREFOX, **(more or {})}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None if fields is None else urlencode(fields).encode()
        if body is not None:
            headers |= self.served.origin()
        connection = self.served.connection(unix=False)
        try:
            connection.request(method, self.served.base + path, body, headers)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie") or ():
                name, _, value = cookie.partition(";")[0].partition("=")
                self.cookies[name] = value.strip('"')
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def signed_in(self) -> bool:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return self.served.ask("GET", "/api/status", None, {"Cookie": cookie}, unix=False).status == 200


def verdict(served: Served, code: str, decision: str, status: int = 200, **more: object) -> dict[str, object]:
    got: dict[str, object] = served.api(
        "POST", f"/devices/requests/{code}", {"decision": decision}, status, **more
    )
    return got


# -- the way in -------------------------------------------------------------------------------------------------------
def test_a_device_lets_a_browser_in_that_shows_its_code(fresh: Served) -> None:
    stranger, phone = Stranger(fresh), {"Cookie": fresh.cookie(), **fresh.origin(), **FORM}
    code = stranger.code(next="/gm/settings")
    page = fresh.ask("GET", f"/devices/approve?code={code.lower()}", None, phone, unix=False)
    assert page.status == 200
    assert b"Firefox on Windows" in page.body
    assert code.encode() in page.body
    assert not stranger.signed_in()
    assert stranger.look(**{"HX-Request": "true"}).status == 204

    body = urlencode({"code": code, "answer": "yes"}).encode()
    answer = fresh.ask("POST", "/devices/approve", body, phone, unix=False)

    rows = fresh.api("GET", "/devices")["devices"]
    made = next(row["id"] for row in rows if row["name"] == "Firefox on Windows")
    assert (answer.status, answer.headers["location"]) == (303, f"/gm/devices#d-{made}")
    assert not stranger.signed_in()
    news = stranger.look(**{"HX-Request": "true"})
    assert (news.status, news.headers["hx-refresh"]) == (200, "true")
    arrived = stranger.look()
    assert (arrived.status, arrived.headers["location"]) == (303, "/gm/settings")
    assert stranger.signed_in()
    fresh.api("DELETE", f"/devices/{made}")
    assert not stranger.signed_in()


def test_it_comes_in_once(fresh: Served) -> None:
    stranger = Stranger(fresh)
    code = stranger.code()
    twin = Stranger(fresh)
    twin.cookies = dict(stranger.cookies)
    verdict(fresh, code, "approve")
    assert stranger.look().status == 303

    again = twin.look()

    assert again.status == 200
    assert b"holds no longer" in again.body
    assert "set-cookie" not in again.headers
    verdict(fresh, code, "approve", 404)
    assert len(fresh.api("GET", "/devices")["devices"]) == 1


def test_another_browser_that_knows_the_code_does_not_come_in(fresh: Served) -> None:
    stranger, thief = Stranger(fresh), Stranger(fresh)
    code = stranger.code()
    thief.code()
    verdict(fresh, code, "approve")

    for cookie in (dict(thief.cookies), {}, dict.fromkeys(stranger.cookies, code)):
        thief.cookies = cookie
        assert thief.look().status == 200
        assert not thief.signed_in()
    assert stranger.look().status == 303


def test_one_that_is_refused_hears_of_it_and_stays_out(fresh: Served) -> None:
    stranger, phone = Stranger(fresh), {"Cookie": fresh.cookie(), **fresh.origin(), **FORM}
    code = stranger.code()
    body = urlencode({"code": code, "answer": "no"}).encode()
    answer = fresh.ask("POST", "/devices/approve", body, phone, unix=False)

    assert b"was refused" in answer.body
    assert stranger.look(**{"HX-Request": "true"}).headers["hx-refresh"] == "true"
    assert b"has refused" in stranger.look().body
    assert not stranger.signed_in()
    assert "refused already" in str(verdict(fresh, code, "approve", 409)["error"])
    assert len(fresh.api("GET", "/devices")["devices"]) == 1


def test_of_two_answers_the_first_counts(fresh: Served) -> None:
    code = Stranger(fresh).code()
    assert verdict(fresh, code, "approve")["state"] == "approved"

    assert "approved already" in str(verdict(fresh, code, "refuse", 409)["error"])
    verdict(fresh, code, "approve", 409)
    assert len(fresh.api("GET", "/devices")["devices"]) == 1


# -- who may ----------------------------------------------------------------------------------------------------------
def test_looking_at_the_sign_in_page_leaves_nothing(fresh: Served) -> None:
    stranger = Stranger(fresh)
    for path in ("/login", "/login/code"):
        answer = fresh.ask("GET", path, unix=False)
        assert answer.status == 200
        assert "set-cookie" not in answer.headers
        assert b"<svg" not in answer.body
    assert b"holds no longer" in stranger.look().body


@pytest.mark.parametrize("scope", ["read", "write"])
def test_only_who_may_everything_lets_others_in(fresh: Served, scope: str) -> None:
    code, token = Stranger(fresh).code(), {"Authorization": f"Bearer {fresh.token(scope)}"}

    verdict(fresh, code, "approve", 403, headers=token, unix=False)
    fresh.api("GET", f"/devices/requests/{code}", None, 403, headers=token, unix=False)
    assert fresh.ask("GET", f"/devices/approve?code={code}", None, token, unix=False).status == 403
    assert fresh.api("GET", f"/devices/requests/{code}")["state"] == "waiting"


def test_a_page_of_another_site_lets_nobody_in(fresh: Served) -> None:
    code, cookie = Stranger(fresh).code(), {"Cookie": fresh.cookie(), **FORM}
    body = urlencode({"code": code, "answer": "yes"}).encode()

    for foreign in ({"Origin": "http://evil.example"}, {}, {"Sec-Fetch-Site": "cross-site"}):
        assert fresh.ask("POST", "/devices/approve", body, {**cookie, **foreign}, unix=False).status == 403
    assert fresh.api("GET", f"/devices/requests/{code}")["state"] == "waiting"


def test_the_browsers_secret_is_kept_from_scripts_and_other_sites(fresh: Served) -> None:
    answer = Stranger(fresh).ask()

    cookie = answer.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=strict", "path=/gm/login/code", "max-age=300"):
        assert part in cookie
    assert answer.headers["location"] == "/gm/login/code"


def test_it_leads_to_pages_of_ours_only(fresh: Served) -> None:
    stranger = Stranger(fresh)
    verdict(fresh, stranger.code(next="//evil.example"), "approve")

    assert stranger.look().headers["location"] == "/gm/"


def test_wrong_codes_are_counted_and_then_right_ones_are_held_up_too(fresh: Served) -> None:
    code = Stranger(fresh).code()
    for _ in range(10):
        fresh.api("GET", "/devices/requests/BBBB-BBBB", None, 404)

    assert "wait a minute" in fresh.api("GET", f"/devices/requests/{code}", None, 429)["error"]
    page = fresh.ask("GET", f"/devices/approve?code={code}", None, {"Cookie": fresh.cookie()}, unix=False)
    assert page.status == 200  # another device has not guessed


def test_an_address_that_asks_too_often_is_told_to_wait(fresh: Served) -> None:
    got = [Stranger(fresh).ask() for _ in range(12)]

    assert [one.status for one in got] == [303] * 10 + [429] * 2
    assert b"wait a minute" in got[-1].body
    assert "set-cookie" not in got[-1].headers


def test_neither_code_nor_secret_is_logged(fresh: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    stranger = Stranger(fresh)
    code = stranger.code()
    secret = next(iter(stranger.cookies.values()))
    verdict(fresh, code, "approve")
    stranger.look()

    said = caplog.text
    assert "Firefox on Windows at 127.0.0.1 asks" in said
    assert "is let in" in said
    assert code not in said
    assert secret not in said
    assert all(value not in said for value in stranger.cookies.values() if value)


# -- the code ---------------------------------------------------------------------------------------------------------
def test_the_picture_is_the_way_to_approve_by_the_address_that_the_page_was_reached_by(fresh: Served) -> None:
    stranger = Stranger(fresh)
    fresh.parts.settings = fresh.parts.settings.model_copy(update={"hosts": ("studio.example:443",)})
    stranger.served.origin = lambda: {"Origin": "https://studio.example"}  # type: ignore[method-assign]
    code = stranger.code()
    page = stranger.look().body.decode()

    link = f"https://studio.example/gm/devices/approve?code={code}"
    drawn = segno.make(link, error="m", micro=False).svg_inline(
        omitsize=True, border=3, dark="#000", light="#fff"
    )
    assert re.findall(r' d="([^"]+)"', drawn) == re.findall(r' d="([^"]+)"', page[page.index("<svg") :])[:2]
    verdict(fresh, code, "approve")
    assert "secure" in stranger.look().headers["set-cookie"].lower()


@pytest.mark.parametrize(
    ("origin", "here", "expected"),
    [
        ("http://192.0.2.7:3000", False, "http://192.0.2.7:3000/gm/"),
        ("https://studio.example", False, "https://studio.example/gm/"),
        ("http://localhost:3000", True, "https://desk.example/gm/"),
        ("http://localhost:3000", False, ""),
        ("", False, ""),
    ],
)
def test_addresses_of_this_machine_are_told_to_who_sits_at_it_alone(
    origin: str, here: bool, expected: str
) -> None:
    settings = load([], {"HOME": "/nowhere", "AGENTGUID_HOSTS": "desk.example:443"})

    assert reach.for_camera(settings, origin, here=here) == expected


def test_behind_a_proxy_nobody_sits_at_this_machine(fresh: Served) -> None:
    fresh.parts.settings = fresh.parts.settings.model_copy(update={"hosts": ("desk.example:443",)})
    origin = {"Origin": f"http://localhost:{fresh.port}", "Host": f"localhost:{fresh.port}"}
    stranger = Stranger(fresh)
    stranger.served.origin = lambda: origin  # type: ignore[method-assign]
    stranger.code()
    assert b"<svg" in stranger.look().body

    stranger.served.origin = lambda: {**origin, "X-Forwarded-For": "192.0.2.1"}  # type: ignore[method-assign]
    stranger.code()
    assert b"<svg" not in stranger.look().body


@pytest.mark.parametrize("typed", ["bcdf-ghjk", " BCDF GHJK ", "bcdfghjk", "BCDF–GHJK"])
def test_a_code_may_be_typed_in_any_way(typed: str) -> None:
    assert spelt(typed) == "BCDF-GHJK"


# -- bounds -----------------------------------------------------------------------------------------------------------
class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_code_holds_for_five_minutes() -> None:
    clock = Clock()
    pairings = Pairings(clock)
    secret, made = pairings.ask("Firefox", "192.0.2.1", "/", "")
    clock.at = LIFETIME - 1
    assert pairings.of(secret) is made
    assert pairings.find(made.code, "me") is made

    clock.at = LIFETIME

    assert pairings.of(secret) is None
    with pytest.raises(NotFound):
        pairings.find(made.code, "me")


def test_so_many_wait_and_no_more_and_none_is_pushed_out() -> None:
    clock = Clock()
    pairings = Pairings(clock)
    waiting = [pairings.ask("Firefox", f"192.0.2.{number}", "/", "") for number in range(OUTSTANDING)]
    with pytest.raises(ProblemError, match="five minutes"):
        pairings.ask("Firefox", "198.51.100.1", "/", "")

    assert all(pairings.of(secret) is made for secret, made in waiting)
    assert len({made.code for _, made in waiting}) == OUTSTANDING
    assert all(set(made.code) <= {*ALPHABET, "-"} and len(made.code) == 9 for _, made in waiting)
    clock.at = LIFETIME
    pairings.ask("Firefox", "198.51.100.1", "/", "")


def test_a_browser_has_one_code_at_a_time() -> None:
    pairings = Pairings()
    first, made = pairings.ask("Firefox", "192.0.2.1", "/", "")
    second, other = pairings.ask("Firefox", "192.0.2.1", "/", "", before=first)

    assert pairings.of(first) is None
    assert pairings.of(second) is other
    with pytest.raises(NotFound):
        pairings.find(made.code, "me")
