"""Host and Origin: what is ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agentguid.http.names import Names, address, vouched

OURS = Names("127.0.0.1", ("studio.local", "agents.example:8443", "proxied.example:443"))


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("localhost", True),
        ("localhost:3000", True),
        ("LOCALHOST:3000", True),
        ("127.0.0.1:3000", True),
        ("[::1]:3000", True),
        ("studio.local", True),
        ("studio.local:99", True),
        ("agents.example:8443", True),
        ("agents.example", False),
        ("proxied.example", True),
        ("proxied.example:443", True),
        ("proxied.example:3000", False),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("localhost@evil.example", False),
        ("evil.example#localhost", False),
        ("127.0.0.1.evil.example:3000", False),
        ("192.168.1.5:3000", True),
        ("192.168.1.6:3000", False),
        ("", False),
        ("localhost:port", False),
    ],
)
def test_only_our_names_are_ours(host: str, ours: bool) -> None:
    assert OURS.ours(host, "192.168.1.5") is ours


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://localhost:3000", "localhost:3000", True),
        ("http://localhost", "localhost", True),
        ("http://localhost:80", "localhost", True),
        ("https://studio.local", "127.0.0.1:3000", True),
        ("https://agents.example:8443", "127.0.0.1:3000", True),
        ("https://agents.example", "127.0.0.1:3000", False),
        ("http://localhost:3001", "localhost:3000", False),
        ("http://127.0.0.1:3000", "localhost:3000", False),
        ("null", "localhost:3000", False),
        ("", "localhost:3000", False),
        ("file://", "localhost:3000", False),
        ("http://evil.example", "localhost:3000", False),
        ("chrome-extension://abc", "localhost:3000", False),
    ],
)
def test_an_origin_is_ours_when_it_is_the_host_or_configured(origin: str, host: str, own: bool) -> None:
    assert OURS.own_origin(origin, host) is own


@given(some.text(max_size=60), some.text(max_size=60))
def test_no_header_raises(one: str, other: str) -> None:
    assert OURS.ours(one, other) in (True, False)
    assert OURS.own_origin(one, other) in (True, False)
    assert OURS.own_origin("http://" + one, other) in (True, False)
    address(one)


def test_a_browser_vouches_by_fetch_metadata_or_origin() -> None:
    assert vouched({b"sec-fetch-site": b"same-origin"})
    assert vouched({b"sec-fetch-site": b"none"})
    assert vouched({b"origin": b"http://localhost"})
    assert not vouched({})
    assert not vouched({b"sec-fetch-site": b"cross-site", b"origin": b"http://localhost"})
    assert not vouched({b"sec-fetch-site": b"same-site"})
