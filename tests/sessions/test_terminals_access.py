"""Who may look at a terminal and type into it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.support import signin
from tests.support.daemon import Daemon, wait_for


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    signin.install(tmp_path / "bin")
    running = Daemon(tmp_path, PATH=f"{tmp_path}/bin:{os.environ['PATH']}").start()
    wait_for(lambda: running.api("GET", "/agents/claude-code")["installed"], "the search")
    try:
        yield running
    finally:
        running.close()


def token(daemon: Daemon, scope: str) -> dict[str, str]:
    made = daemon.api("POST", "/tokens", {"name": scope, "scope": scope})
    return {"Authorization": f"Bearer {made['token']}"}


def dial(daemon: Daemon, id: str, headers: dict[str, str], **more: Any) -> str:
    """The first frame, or why there was none."""
    url = f"ws://127.0.0.1:{daemon.port}{daemon.prefix}/terminal/{id}"
    try:
        with connect(url, additional_headers=headers, **more) as socket:
            return str(socket.recv(timeout=30))
    except ConnectionClosed as closed:
        return str(closed.rcvd and closed.rcvd.code)
    except InvalidStatus as refused:
        return f"refused {refused.response.status_code}"


def test_a_sign_in_is_for_the_user_only(daemon: Daemon) -> None:
    id = daemon.api("POST", "/agents/claude-code/auth", {})["terminal"]
    assert dial(daemon, id, {}) == "4401"
    assert dial(daemon, id, token(daemon, "read")) == "refused 403"
    assert dial(daemon, id, token(daemon, "write")) == "4403"
    assert '"begin"' in dial(daemon, id, token(daemon, "admin"))
    assert dial(daemon, id, token(daemon, "admin"), origin="https://evil.example") == "refused 403"
    for method, path in (
        ("POST", "/agents/claude-code/auth"),
        ("POST", "/agents/claude-code/update"),
        ("DELETE", f"/terminals/{id}"),
    ):
        for scope in ("read", "write"):
            assert ask(daemon, method, path, token(daemon, scope)) == 403, (method, path, scope)


def ask(daemon: Daemon, method: str, path: str, headers: dict[str, str]) -> int:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)
    try:
        sent = {"Content-Type": "application/json", **headers}
        connection.request(method, f"{daemon.prefix}/api{path}", b"{}", sent)
        return connection.getresponse().status
    finally:
        connection.close()
