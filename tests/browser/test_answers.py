"""What the page's routes answer, without a browser: status, headers, and that a form sent twice works once."""

import contextlib
import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support.daemon import Daemon, _Unix, wait_for

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


def page(daemon: Daemon, path: str) -> str:
    status, data = daemon.request("GET", path, headers={"Accept": "text/html"})
    assert status == 200, data[:500]
    return data.decode()


@contextlib.contextmanager
def asked(
    daemon: Daemon, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> Iterator[http.client.HTTPResponse]:
    """An answer over the unix socket, with its headers; `path` has the prefix."""
    connection = _Unix(daemon.socket, 30)
    try:
        connection.request(method, path, body, headers)
        yield connection.getresponse()
    finally:
        connection.close()


def post(daemon: Daemon, path: str, **fields: str) -> tuple[int, str]:
    return send(daemon, path, FORM, fields)


def send(daemon: Daemon, path: str, headers: dict[str, str], fields: dict[str, str]) -> tuple[int, str]:
    with asked(daemon, "POST", f"{daemon.prefix}{path}", headers, urlencode(fields).encode()) as answer:
        return answer.status, answer.read().decode()


def test_a_big_output_leads_to_the_whole_which_can_do_nothing(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.ended(conversation, daemon.send(conversation, "emit 1 size 300000")["session"]["id"])
    found = re.search(
        rf'href="{daemon.prefix}(/blobs/[0-9a-f]{{64}})"', page(daemon, f"/conversations/{conversation}")
    )
    assert found

    with asked(daemon, "GET", f"{daemon.prefix}{found.group(1)}?as=text/html", {}) as answer:
        body = answer.read()

    assert answer.status == 200
    assert len(body) >= 300_000
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("digest", ["0" * 64, "x", "..%2f..%2fetc", "ABCD" * 16])
def test_what_is_no_blob_is_not_found(daemon: Daemon, digest: str) -> None:
    assert daemon.request("GET", f"/blobs/{digest}")[0] == 404


@pytest.mark.parametrize("path", ["/conversations/nobody", "/conversations/nobody/older?before=5"])
def test_a_conversation_that_is_not_there_is_not_found(daemon: Daemon, path: str) -> None:
    status, data = daemon.request("GET", path, headers={"Accept": "text/html"})

    assert status == 404
    assert b"no such conversation" in data


def test_a_form_that_is_sent_twice_works_once(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    found = re.search(
        r'id="composer-key" name="key" value="(\w+)"', page(daemon, f"/conversations/{conversation}")
    )
    assert found
    path = f"/conversations/{conversation}/messages"
    sent = {"key": found.group(1), "text": "emit 1"}

    assert [post(daemon, path, **sent)[0] for _ in range(3)] == [303, 303, 303]
    daemon.ended(conversation)
    users = [item for item in daemon.items(conversation) if item["type"] == "user"]
    assert len(users) == 1


def test_a_kept_form_with_other_words_is_another_message(daemon: Daemon) -> None:
    """Back, other words, send: the key is the old one, and nothing is lost."""
    conversation = daemon.conversation()
    path = f"/conversations/{conversation}/messages"
    for text in ("emit 1", "emit 2"):
        assert post(daemon, path, key="abcdefgh12345678", text=text)[0] == 303

    wait_for(
        lambda: len([x for x in daemon.items(conversation) if x["type"] == "user"]) == 2, "both messages"
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"agent": "nobody"}, "agent: is not installed here"),
        ({"folder": "/does/not/exist"}, "is no folder on this machine"),
        ({"folder": "relative"}, "is no folder on this machine"),
        ({"mode": "everything"}, "mode: is not one that there is"),
        ({"key": "../x"}, "key: is missing"),
    ],
)
def test_what_is_wrong_with_a_new_conversation_is_said_and_what_was_typed_is_kept(
    daemon: Daemon, fields: dict[str, str], sentence: str
) -> None:
    given = {
        "key": "abcdefgh87654321",
        "agent": "demo",
        "folder": str(daemon.work),
        "mode": "ask",
        "text": "my words",
    }

    status, html = post(daemon, "/conversations", **{**given, **fields})

    assert status == 400
    assert sentence in html
    assert "my words" in html


def test_a_refusal_for_the_script_is_one_sentence(daemon: Daemon) -> None:
    path = f"/conversations/{daemon.conversation()}/messages"
    headers = FORM | {"HX-Request": "true"}

    answer = send(daemon, path, headers, {"key": "abcdefgh11111111", "text": " "})

    assert answer == (400, "message: must not be empty")


def test_the_older_pages_of_the_list_and_the_archive_are_reached_by_links(daemon: Daemon) -> None:
    conversation = daemon.conversation(title="Put away")
    assert post(daemon, f"/conversations/{conversation}/archive", archived="1")[0] == 303

    assert "Put away" not in page(daemon, "/")
    assert "Put away" in page(daemon, "/?archived=1")


def test_the_stream_begins_at_once_and_last_event_id_beats_after(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.ended(conversation, daemon.send(conversation, "emit 2")["session"]["id"])
    position = daemon.events()[-1]["position"]
    path = f"{daemon.prefix}/stream?conversation={conversation}&after=0"
    with asked(
        daemon, "GET", path, {"Accept": "text/event-stream", "Last-Event-ID": str(position)}
    ) as answer:
        lines = []
        for line in iter(answer.readline, b""):
            lines.append(line)
            if b"caught-up" in line:
                break

    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert b"caught-up" in lines[-1]
    assert lines[0] == b": agentguid\n"
    assert not any(b'id="i-' in line for line in lines)
    assert b"\r" not in b"".join(lines)


@pytest.mark.parametrize("base", ["/", "/deep/er"])
def test_every_url_of_a_page_has_the_prefix(tmp_path: Path, base: str) -> None:
    daemon = Daemon(tmp_path, AGENTGUID_BASE_URL=base)
    prefix = base.rstrip("/")
    try:
        daemon.start(ready=False)

        def served() -> bytes | None:
            try:
                with asked(daemon, "GET", f"{prefix}/", {"Accept": "text/html"}) as answer:
                    return answer.read() if answer.status == 200 else None
            except OSError:
                return None

        html = wait_for(served, "the page").decode()
    finally:
        daemon.close()

    urls = re.findall(r'(?:href|src|action|hx-post|hx-get|hx-sse:connect)="([^"#][^"]*)"', html)
    assert urls
    assert all(url.startswith(prefix + "/") and "/gm" not in url for url in urls), urls
