"""What every answer has, static files, the description of the API."""

import gzip
import json
import re

import pytest

from tests.http.conftest import Served

HEADERS = (
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
)


@pytest.mark.parametrize(
    "path",
    [
        "/gm/login",
        "/gm/api/status",
        "/gm/nothing",
        "/gm/assets/css/base.css",
        "/gm/",
        "/",
        "/gm/healthz",
        "/gm/api/runs",
    ],
)
@pytest.mark.parametrize("unix", [True, False])
def test_every_answer_has_the_security_headers(served: Served, path: str, unix: bool) -> None:
    answer = served.ask("GET", path, unix=unix, based=False)

    for name in HEADERS:
        assert name in answer.headers, (path, answer)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_streams_have_them_too(served: Served) -> None:
    with served.stream("/api/events") as answer:
        assert answer.getheader("x-content-type-options") == "nosniff"
        assert answer.getheader("cache-control") == "no-store"


def test_private_pages_are_not_kept(served: Served) -> None:
    for path in ("/", "/login"):
        assert served.ask("GET", path).headers["cache-control"] == "no-store"


def test_without_the_prefix_one_is_led_to_it(served: Served) -> None:
    answer = served.ask("GET", "/", based=False)
    assert (answer.status, answer.headers["location"]) == (302, "/gm/")


def test_polling_costs_nothing_while_nothing_is_new(served: Served) -> None:
    conversation = served.conversation()
    for path in ("/api/conversations", f"/api/conversations/{conversation}"):
        first = served.ask("GET", path)
        tag = {"If-None-Match": first.headers["etag"]}
        again = served.ask("GET", path, None, tag)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    served.api("PATCH", f"/conversations/{conversation}", {"title": "changed"})
    assert served.ask("GET", path, None, tag).status == 200


def test_long_answers_are_compressed_for_those_who_take_it(served: Served) -> None:
    for path in ("/login", "/openapi.json", "/assets/vendor/htmx.js"):
        plain = served.ask("GET", path)
        packed = served.ask("GET", path, None, {"Accept-Encoding": "br, gzip"})
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert "accept-encoding" in packed.headers["vary"].lower()
        assert gzip.decompress(packed.body) == plain.body
        assert len(packed.body) < len(plain.body) * 0.6


def test_streams_are_not_compressed(served: Served) -> None:
    for number in range(30):
        served.conversation(title="x" * 100 + str(number))
    with served.stream("/api/events", {"Accept-Encoding": "gzip"}) as answer:
        assert answer.getheader("content-encoding") is None
        assert b"conversation.created" in answer.read()


def test_head_is_get_without_the_body(served: Served) -> None:
    for path in ("/api/status", "/login", "/assets/css/base.css", "/api/events?follow=1"):
        answer = served.ask("HEAD", path)
        assert (answer.status, answer.body) == (200, b""), path


# -- assets -----------------------------------------------------------------------------------------------------------
def test_assets_are_kept_for_ever_by_their_version(served: Served) -> None:
    """The page names a file with the digest of its content: another content has another URL."""
    page = served.ask("GET", "/login").body.decode()
    urls = re.findall(r'href="(/gm/assets/[^"]+\.css\?v=[^"]+)"', page)
    assert urls
    for url in urls:
        answer = served.ask("GET", url, based=False)
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"].startswith("text/css")
        plain = served.ask("GET", url.partition("?")[0], based=False)
        assert "no-cache" in plain.headers["cache-control"]
        assert (
            served.ask("GET", url, None, {"If-None-Match": answer.headers["etag"]}, based=False).status == 304
        )
    old = served.ask("GET", urls[0].partition("?")[0] + "?v=0123", based=False)
    assert "no-cache" in old.headers["cache-control"]


@pytest.mark.parametrize(
    "name",
    [
        "nothing.css",
        "",
        "../templates/login/login.html",
        "..%2f..%2fpyproject.toml",
        "css",
        "%00",
        "/etc/passwd",
        "css/%2e%2e/%2e%2e/templates/base_plain.html",
    ],
)
def test_nothing_else_is_served_as_an_asset(served: Served, name: str) -> None:
    answer = served.ask("GET", f"/assets/{name}", unix=False)
    assert answer.status in (303, 400, 404), answer


def test_icons_are_pictures(served: Served) -> None:
    assert served.ask("GET", "/assets/icons.svg").headers["content-type"].startswith("image/svg+xml")


# -- errors -----------------------------------------------------------------------------------------------------------
def test_people_get_a_page_and_programs_a_problem(served: Served) -> None:
    page = served.ask("GET", "/nothing", None, {"Accept": "text/html"})
    assert (page.status, page.headers["content-type"].partition(";")[0]) == (404, "text/html")
    assert b"<script>" not in page.body
    problem = served.ask("GET", "/api/nothing", None, {"Accept": "text/html"})
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json.keys() >= {"type", "title", "status", "detail", "error"}


def test_a_wrong_method_is_said(served: Served) -> None:
    assert served.ask("DELETE", "/api/status").status == 405


def test_a_bug_is_said_without_its_details(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """The client learns that it was us; the daemon's log learns the rest."""

    def broken(_: str) -> None:
        raise RuntimeError("the secret detail")

    kept = served.parts.agents.get
    served.parts.agents.get = broken  # type: ignore[method-assign, assignment]
    try:
        answer = served.ask("GET", "/api/agents/demo")
    finally:
        served.parts.agents.get = kept  # type: ignore[method-assign]
    assert answer.status == 500
    assert b"secret detail" not in answer.body
    assert "the secret detail" in caplog.text


# -- the description --------------------------------------------------------------------------------------------------
def test_the_description_is_true(served: Served) -> None:
    """It is JSON, and has every route of the API that does something, with what it answers."""
    schema = json.loads(served.ask("GET", "/openapi.json").body)
    described = {(verb.upper(), path) for path, verbs in schema["paths"].items() for verb in verbs}
    served_routes = {
        (method, re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path))
        for route in served.app.routes
        for handler in getattr(route, "route_handlers", ())
        if handler.resolve_include_in_schema()
        for method in handler.http_methods
    }

    assert schema["openapi"].startswith("3.")
    assert described == {
        (method, path) for method, path in served_routes if method not in ("HEAD", "OPTIONS")
    }
    assert len(described) > 40
    assert {("POST", "/gm/api/conversations"), ("GET", "/gm/api/events")} <= described
    properties = schema["components"]["schemas"]
    shape = next(
        one
        for name, one in properties.items()
        if name.endswith("Conversation") and "agentType" in one.get("properties", {})
    )
    assert {"workingDirectory", "created_at", "isStreaming"} <= shape["properties"].keys()
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(schema)))
    assert references <= properties.keys()
    answers = [one["responses"] for verbs in schema["paths"].values() for one in verbs.values()]
    assert all("application/problem+json" in one["default"]["content"] for one in answers)
    assert all(any(status.startswith("2") for status in one) for one in answers)
    operations = [one["operationId"] for verbs in schema["paths"].values() for one in verbs.values()]
    assert len(operations) == len(set(operations))


def test_the_same_for_people(served: Served) -> None:
    page = served.ask("GET", "/docs").body
    assert b"/gm/api/conversations/{conversation_id}/messages" in page
    assert b"Sends a message" in page


def test_metrics_are_for_prometheus(served: Served) -> None:
    text = served.ask("GET", "/metrics").body.decode()
    assert re.search(r"^agentguid_log_position \d+$", text, re.M)
