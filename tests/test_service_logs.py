"""The daemon's own words: where they are, what they say and what they never say; `agentguictl logs`."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentguid import logs
from tests.support.ctl import Here
from tests.support.daemon import Daemon, wait_for


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    one = Daemon(
        tmp_path_factory.mktemp("daemon"), AGENTGUID_LOG_LEVEL="debug", MY_API_KEY="hunter2-of-the-env"
    )
    try:
        yield one.start()
    finally:
        one.close()


def ctl(daemon: Daemon, *args: str, code: int = 0) -> str:
    done = Here(daemon)(*args, code=code)
    return done.stdout + done.stderr


def lines(daemon: Daemon, *args: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in ctl(daemon, "logs", "--json", *args).splitlines()]


def test_a_turn_is_told_with_its_conversation_and_position(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    turn = daemon.send(conversation, "emit 1")["session"]["id"]
    daemon.ended(conversation)

    told = lines(daemon, "--level", "info", "--conversation", conversation)

    assert [(one["message"], one["turn"]) for one in told if "turn" in one] == [
        ("turn started", turn),
        ("turn ended: complete", turn),
    ]
    positions = [event["position"] for event in daemon.events(conversation=conversation)]
    assert {one["position"] for one in told} <= set(positions)
    assert all(isinstance(one["at"], float) and one["level"] == "info" for one in told)


def test_the_file_and_stderr_say_the_same_and_the_file_is_for_its_user_alone(daemon: Daemon) -> None:
    path = daemon.data / "logs" / "agentguid.log"

    kept = path.read_text().splitlines()

    assert kept
    wait_for(lambda: set(kept) <= set(daemon.log().splitlines()), "stderr to say what the file says")
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_secret_is_ever_logged(daemon: Daemon) -> None:
    """A ticket, a token, a cookie, a prompt, the environment: used in every way that there is, at level debug."""
    ticket = daemon.api("POST", "/tickets")["ticket"]
    token = daemon.api("POST", "/tokens", {"name": "t", "scope": "write"})["token"]
    answer, cookie = sign_in(daemon, ticket)
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 1 the-words-of-a-prompt")
    daemon.ended(conversation)
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"Bearer {token}x"},
        {"Cookie": cookie},
    ):
        over_tcp(daemon, "/gm/api/status", headers)
        over_tcp(daemon, f"/gm/login?ticket={ticket}", headers)
    assert answer == 303

    said = daemon.log() + (daemon.data / "logs" / "agentguid.log").read_text()

    secrets = (ticket, token, cookie.partition("=")[2], "the-words-of-a-prompt", "hunter2-of-the-env")
    assert [one for one in secrets if one in said] == []
    assert len(said) > 500


def over_tcp(daemon: Daemon, path: str, headers: dict[str, str]) -> int:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def sign_in(daemon: Daemon, ticket: str) -> tuple[int, str]:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=20)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{daemon.port}"}
    connection.request("POST", "/gm/login", f"ticket={ticket}", form)
    answer = connection.getresponse()
    connection.close()
    return answer.status, (answer.getheader("Set-Cookie") or "").partition(";")[0]


def test_logs_shows_the_last_lines_for_people(daemon: Daemon) -> None:
    shown = ctl(daemon, "logs", "-n", "1").splitlines()

    assert len(shown) == 1
    assert shown[0][:2] == "20"
    assert "\x1b" not in shown[0]


def test_following_goes_on_over_a_restart_and_a_new_file(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path).start()
    path = daemon.data / "logs" / "agentguid.log"
    follower = subprocess.Popen(
        [sys.executable, "-m", "agentguid.cli", "logs", "-f", "-n", "0", "--json"],
        env=daemon.environ,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert follower.stdout
        heard: list[str] = []
        thread = threading.Thread(target=lambda: heard.extend(follower.stdout or ()), daemon=True)
        thread.start()
        wait_for(lambda: any("serves" in one for one in heard), "the past")
        path.rename(path.with_name("agentguid.log.1"))
        daemon.stop()
        daemon.start()
        wait_for(lambda: sum("serves" in one for one in heard) == 2, "what the second daemon says")
    finally:
        follower.terminate()
        follower.wait(20)
        follower.stdout.close() if follower.stdout else None
        daemon.close()


def test_without_a_file_one_is_told_where_it_would_be(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)

    assert "agentguid.log" in ctl(daemon, "logs", code=4)


def test_a_torn_line_and_a_hostile_one_do_no_harm(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    path = daemon.data / "logs" / "agentguid.log"
    path.parent.mkdir(parents=True)
    hostile = {"at": 1, "level": "error", "message": "a \x1b[31mred\nsecond line", "conversation": "c\x07"}
    path.write_text('{"at": 1, "level": "in\n[]\n' + json.dumps(hostile) + '\n{"at": 2, "level"')

    shown = ctl(daemon, "logs")

    assert "error: a " in shown
    assert "\x1b" not in shown
    assert "\x07" not in shown


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger()
    before, level = list(logger.handlers), logger.level
    yield logger
    for handler in logger.handlers:
        if handler not in before:
            handler.close()
    logger.handlers[:] = before
    logger.setLevel(level)


def test_the_file_is_bounded(tmp_path: Path, root: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LARGEST", 10_000)
    root.setLevel("INFO")
    logs.keep(tmp_path / "logs" / "a.log")

    for number in range(2000):
        logging.getLogger("x").info("line %d %s", number, "x" * 50)

    files = list((tmp_path / "logs").iterdir())
    assert len(files) == 1 + logs.KEPT
    assert sum(file.stat().st_size for file in files) <= 10_000 * (1 + logs.KEPT)


def test_a_directory_that_cannot_be_written_costs_the_file_only(tmp_path: Path, root: logging.Logger) -> None:
    (tmp_path / "logs").write_text("in the way")

    logs.keep(tmp_path / "logs" / "a.log")

    assert (tmp_path / "logs").read_text() == "in the way"
