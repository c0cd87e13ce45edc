"""Signing a browser in and out."""

from urllib.parse import urlencode

import pytest

from agentguid.http.login import device_name, within
from agentguid.settings import Settings
from tests.http.conftest import Answer, Served

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def post(served: Served, ticket: str, **fields: str) -> Answer:
    body = urlencode({"ticket": ticket, **fields}).encode()
    return served.ask("POST", "/login", body, {**FORM, **served.origin()}, unix=False)


def test_a_link_signs_a_browser_in_once(fresh: Served) -> None:
    """Looking at the page (a preview does) uses nothing up; the button does."""
    made = fresh.api("POST", "/tickets")
    assert made["url"].endswith(f"/gm/login?ticket={made['ticket']}")
    for _ in range(3):
        page = fresh.ask("GET", f"/login?ticket={made['ticket']}", unix=False)
        assert page.status == 200
        assert b"Sign in on this device" in page.body
        assert "set-cookie" not in page.headers

    answer = post(fresh, made["ticket"])
    assert answer.status == 303
    assert answer.headers["location"] == "/gm/"
    assert post(fresh, made["ticket"]).status == 403
    spent = fresh.ask("GET", f"/login?ticket={made['ticket']}", unix=False)
    assert b"has been used" in spent.body

    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Path=/gm"):
        assert part.lower() in cookie.lower()
    assert "secure" not in cookie.lower()
    headers = {"Cookie": cookie.partition(";")[0]}
    assert fresh.ask("GET", "/api/status", None, headers, unix=False).status == 200
    assert len(fresh.api("GET", "/devices")["devices"]) == 1


def test_behind_tls_the_cookie_is_secure(fresh: Served) -> None:
    ticket = fresh.api("POST", "/tickets")["ticket"]
    headers = {**FORM, "Origin": "https://localhost", "Host": "localhost"}
    answer = fresh.ask("POST", "/login", f"ticket={ticket}".encode(), headers, unix=False)
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_pasted_link_does_as_well(fresh: Served) -> None:
    assert post(fresh, f" {fresh.api('POST', '/tickets')['url']} ").status == 303


def test_another_site_cannot_sign_the_user_in(fresh: Served) -> None:
    ticket = fresh.api("POST", "/tickets")["ticket"]
    headers = {**FORM, "Origin": "http://evil.example"}
    assert fresh.ask("POST", "/login", f"ticket={ticket}".encode(), headers, unix=False).status == 403
    assert post(fresh, ticket).status == 303


def test_guessing_is_slowed_down_but_a_right_link_works(fresh: Served) -> None:
    ticket = fresh.api("POST", "/tickets")["ticket"]
    got = [post(fresh, "guess").status for _ in range(12)]

    assert got[:10] == [403] * 10
    assert got[10:] == [429] * 2
    assert post(fresh, ticket).status == 303


def test_it_leads_to_where_the_user_wanted_to_go(fresh: Served) -> None:
    ticket = fresh.api("POST", "/tickets")["ticket"]
    assert (
        post(fresh, ticket, next="/gm/conversations/x?at=3").headers["location"] == "/gm/conversations/x?at=3"
    )


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "http://evil.example",
        "//evil.example",
        "/gm//evil.example",
        "/other",
        "/gm/login",
        "/gm/x\r\nSet-Cookie: a=b",
        "/gm/\\evil",
    ],
)
def test_it_leads_nowhere_else(wanted: str) -> None:
    settings = Settings.model_construct(base_url="/gm")
    assert within(settings, wanted) == "/gm/"
    assert within(Settings.model_construct(base_url=""), "//evil.example") == "/"


def test_signing_out_ends_the_device(fresh: Served) -> None:
    headers = {"Cookie": fresh.cookie(), **fresh.origin()}
    assert fresh.ask("POST", "/logout", b"", {**headers, **FORM}, unix=False).status == 303
    assert fresh.ask("GET", "/api/status", None, headers, unix=False).status == 401
    assert fresh.api("GET", "/devices")["devices"] == []


def test_what_stands_in_the_url_stands_in_the_page_as_text(fresh: Served) -> None:
    page = fresh.ask("GET", "/login?ticket=x&next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", unix=False)
    assert b"<script>alert" not in page.body


def test_devices_are_called_by_browser_and_system() -> None:
    assert device_name("Mozilla/5.0 (X11; Linux x86_64; rv:1) Gecko/1 Firefox/1") == "Firefox on Linux"
    assert device_name("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Safari/1") == "Safari on iPhone"
    assert device_name("") == "A browser"
