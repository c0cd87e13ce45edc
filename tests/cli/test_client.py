"""The client finds the daemon, says plainly when it cannot, and takes up a stream where it was cut."""

import contextlib
import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentguid.cli.client import Client
from agentguid.cli.errors import CliError, Rejected, Unreachable
from tests.cli.conftest import Cli, Handler, Server


@pytest.fixture
def client(places: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    for name, value in places.items():
        monkeypatch.setenv(name, value)
    with contextlib.closing(Client()) as client:
        yield client


def test_the_prefix_is_asked_of_the_daemon(server: Server, client: Client) -> None:
    server.base = "/other/prefix"
    server.table["GET /status"] = {"well": True}

    assert client.get("/status") == {"well": True}


def test_one_connection_serves_several_requests(server: Server, client: Client) -> None:
    server.table["GET /status"] = {}
    client.get("/status")
    first = client._connection

    client.get("/status")

    assert first is not None
    assert client._connection is first


@pytest.mark.parametrize(
    ("status", "code"), [(400, 2), (401, 77), (403, 77), (404, 4), (409, 3), (410, 4), (500, 1), (503, 1)]
)
def test_each_refusal_has_its_exit_code(server: Server, client: Client, status: int, code: int) -> None:
    server.table["POST /x"] = lambda handler: handler.problem(status, "because")

    with pytest.raises(Rejected, match="because") as caught:
        client.post("/x", {})

    assert caught.value.code == code


def test_an_answer_that_is_no_json_is_said_so(server: Server, client: Client) -> None:
    server.table["GET /x"] = lambda handler: handler.reply(200, b"<html>")

    with pytest.raises(CliError, match="is not agentguid"):
        client.get("/x")


def test_without_a_daemon_one_learns_how_to_start_it(cli: Cli, tmp_path: Path) -> None:
    done = cli("ls")

    assert (done.returncode, done.stdout) == (69, "")
    assert str(tmp_path / "run" / "ctl.sock") in done.stderr
    for way in ("`agentguid`", "`make run`", "`systemctl --user start agentguid`"):
        assert way in done.stderr


def test_a_socket_that_nobody_serves_is_no_daemon(cli: Cli, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(tmp_path / "run" / "ctl.sock"))

    assert cli("status").returncode == 69


def test_a_socket_path_longer_than_a_socket_name_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setenv("AGENTGUID_RUNTIME_DIR", str(deep))
    here = Path.cwd()

    with pytest.raises(Unreachable):
        Client().get("/status")
    with Server(deep / "ctl.sock") as server:
        server.table["GET /status"] = {"well": True}
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            with contextlib.closing(Client()) as client:
                assert client.get("/status") == {"well": True}
        finally:
            server.shutdown()
            thread.join(10)
    assert Path.cwd() == here


def test_the_socket_that_config_toml_names_is_used(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    server.table["GET /status"] = {"well": True}
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(f'runtime_dir = "{tmp_path}/run"\nport = 1\n')
    monkeypatch.delenv("AGENTGUID_RUNTIME_DIR")

    with contextlib.closing(Client()) as named:
        assert named.get("/status") == {"well": True}


@pytest.mark.parametrize("url", ["localhost:3000", "ftp://host/gm", "http://"])
def test_an_url_that_is_none_is_a_usage_error(cli: Cli, url: str) -> None:
    assert cli("--url", url, "status").returncode == 2


def test_over_tcp_the_token_goes_along_and_a_missing_one_is_explained(
    tmp_path: Path, cli: Cli, server: Server
) -> None:
    seen: list[str | None] = []

    class OverTcp(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization"))
            allowed = seen[-1] == "Bearer secret"
            self.send_response(200 if allowed else 401)
            self.end_headers()
            self.wfile.write(b'{"well": true}' if allowed else b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OverTcp) as tcp:
        thread = threading.Thread(target=tcp.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        url = f"http://127.0.0.1:{tcp.server_port}/gm"
        with_token = cli("status", "--json", AGENTGUID_URL=url, AGENTGUID_TOKEN="secret")
        without = cli("--url", url, "status")
        tcp.shutdown()
        thread.join(10)

    assert (with_token.returncode, with_token.stdout) == (0, '{"well":true}\n')
    assert without.returncode == 77
    assert "agentguictl token create" in without.stderr
    assert seen == ["Bearer secret", None]


def test_a_stream_that_was_cut_goes_on_after_the_last_position(server: Server, client: Client) -> None:
    def pieces(handler: Handler) -> None:
        if "after=0" in handler.path:
            handler.stream("id: 1\ndata: a\n\nid: 2\nda", "ta: b\n\nid: 3\ndata: never wh", end=False)
        else:
            handler.stream(": a comment\n\nid: 3\nevent: x\ndata: c\ndata: d\n\n")

    server.table["GET /events"] = pieces
    stream = client.follow("/events", 0)

    got = [next(stream) for _ in range(3)]
    stream.close()

    assert [(m.event, m.data, m.id) for m in got] == [
        ("message", "a", "1"),
        ("message", "b", "2"),
        ("x", "c\nd", "3"),
    ]
    assert [path for _, path, _ in server.asked] == ["/gm/api/events?after=0", "/gm/api/events?after=2"]
