"""What a first start says: a link that signs one browser in, once; where nobody reads it, how to get one."""

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.support.daemon import Daemon, free_port, wait_for

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"http://\S+/login\?ticket=\S+")


@contextlib.contextmanager
def in_a_terminal(argv: Sequence[str], environ: dict[str, str], cwd: Path) -> Iterator[Callable[[], str]]:
    """Runs a program with a terminal as its output; gives what stands there so far."""
    ours, theirs = pty.openpty()
    said = bytearray()

    def read() -> None:
        with contextlib.suppress(OSError):  # what a terminal says when its last program has gone
            while data := os.read(ours, 4096):
                said.extend(data)

    with contextlib.ExitStack() as stack:
        stack.callback(os.close, ours)
        program = subprocess.Popen(
            argv, env=environ, cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        stack.callback(reader.join, 30)
        stack.callback(program.wait, 30)
        stack.callback(os.killpg, program.pid, signal.SIGTERM)
        yield said.decode


def signed_in(link: str) -> int:
    """The answer to a press of the button on the page behind a link."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    with urllib.request.urlopen(link, timeout=30) as page:
        assert page.status == 200
    ticket = parse_qs(urlsplit(link).query)["ticket"][0]
    url = urlsplit(link)._replace(query="").geturl()
    try:
        urllib.request.build_opener(Stay).open(url, urlencode({"ticket": ticket}).encode(), 30)
    except urllib.error.HTTPError as answer:
        return answer.code
    raise AssertionError("it was not led on")


def test_a_start_in_a_terminal_shows_a_link_that_signs_in_once(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with in_a_terminal([sys.executable, "-m", "agentguid"], daemon.environ, tmp_path) as said:
        link = wait_for(lambda: LINK.search(said()), "the link", said=said)[0]
        wait_for(daemon.healthy, "the daemon", said=said)
        assert f":{daemon.port}/gm/login?" in link
        assert signed_in(link) == 303
        assert signed_in(link) == 403
        assert len(LINK.findall(said())) == 1


def test_a_start_that_nobody_watches_shows_no_link_and_says_how_to_get_one(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with contextlib.closing(daemon):
        daemon.start()
        assert "agentguictl login" in daemon.log()
        assert "ticket=" not in daemon.log()


@pytest.mark.full
@pytest.mark.serial
@pytest.mark.timeout(900)
def test_two_commands_lead_from_a_clone_to_the_page(tmp_path: Path) -> None:
    """`make run` with nothing but Python: it installs what it needs, serves, and shows the link."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, clone], check=True)
    (tmp_path / "home").mkdir()
    passed = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    environ = {**passed, "PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8"}
    port = free_port()
    with in_a_terminal(["make", "run", f"PORT={port}"], environ, clone) as said:
        link = wait_for(lambda: LINK.search(said()), "the link", 600, said)[0]
        assert f":{port}/gm/" in link
        assert signed_in(link) == 303
