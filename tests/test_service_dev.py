"""Work on agentguid itself: an open page follows templates and styles, the daemon follows its code, agents notice neither."""

import contextlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Daemon, wait_for

ROOT = Path(__file__).parent.parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The program as a checkout that may be changed."""
    place = tmp_path / "checkout"
    for name in ("agentguid", "web", "migrations", "scripts", "systemd"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__", "_bundled"))
    return place


@pytest.fixture
def daemon(copy: Path, tmp_path: Path) -> Iterator[Daemon]:
    one = Daemon(tmp_path / "root")
    with (one.root / "daemon.log").open("wb") as out:
        supervisor = subprocess.Popen(
            [sys.executable, str(copy / "scripts" / "dev"), "--demo", "true"],
            env=one.environ, cwd=one.root, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        wait_for(one.healthy, f"the daemon to serve; it said:\n{one.log()[-3000:]}", 60)
        yield one
    finally:
        supervisor.terminate()
        assert supervisor.wait(30) == 0
        one.close()


def pid(daemon: Daemon) -> int:
    with contextlib.suppress(OSError, AssertionError):
        return int(daemon.api("GET", "/status")["pid"])
    return 0


def changed(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


@contextlib.contextmanager
def changing(path: Path, text: str) -> Iterator[None]:
    """Again and again: the watcher may not have looked for the first time yet."""
    over = threading.Event()

    def change() -> None:
        while not over.wait(0.2):
            changed(path, text)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_changed_template_or_style_renews_the_open_page(daemon: Daemon, copy: Path) -> None:
    before = pid(daemon)
    assert b"a new word" not in daemon.request("GET", "/")[1]
    for path in ("templates/home/page.html", "assets/css/base.css"):
        with daemon.follow("/stream") as lines:
            assert any(b"caught-up" in line for line in lines)
            with changing(copy / "web" / path, "\n/* another word */"):
                assert any(b"event: renewed" in line for line in lines)

    old = daemon.request("GET", "/")[1]
    page = copy / "web/templates/home/start.html"
    page.write_text(page.read_text().replace("<h1>{{ heading }}", "<h1>a new word {{ heading }}"))
    assert b"a new word" in daemon.request("GET", "/")[1]
    assert b"a new word" not in old
    assert pid(daemon) == before


def test_changed_code_starts_the_daemon_anew_and_agents_go_on(daemon: Daemon, copy: Path) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 100 rate 20")
    hosts = wait_for(daemon.hosts, "a host")
    before = pid(daemon)

    changed(copy / "agentguid" / "entropy.py", "\n# changed\n")

    wait_for(lambda: pid(daemon) not in (0, before), "another daemon", 60)
    assert daemon.ended(conversation, patience=60)["status"] == "complete"
    assert daemon.hosts() == hosts


def test_a_mistake_ends_the_daemon_and_its_mending_starts_it(daemon: Daemon, copy: Path) -> None:
    code = copy / "agentguid" / "entropy.py"
    good = code.read_text()

    code.write_text("def (")
    wait_for(lambda: "waiting for a change" in daemon.log(), "the daemon to fail", 60)
    assert "SyntaxError" in daemon.log()
    code.write_text(good)

    wait_for(lambda: pid(daemon), "a daemon", 60)
