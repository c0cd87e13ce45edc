"""A restart of the daemon, by hand and as systemd does it: the agents do not notice, and pages lose nothing."""

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.conftest import FULL
from tests.support.daemon import Daemon, _Unix, wait_for

pytestmark = pytest.mark.crash


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    one = Daemon(tmp_path)
    yield one
    one.close()


def tokens(texts: list[str]) -> list[int]:
    return [int(number) for text in texts for number in re.findall(r"@seq:(\d+):", text)]


def said(daemon: Daemon, conversation: str) -> list[int]:
    found = daemon.events(conversation=conversation)
    return tokens([one["data"]["body"]["text"] for one in found if one["type"] == "item.added"])


class Page(threading.Thread):
    """An open page: reads its stream, comes back with the last id, and notes which items were put on it."""

    def __init__(self, daemon: Daemon, conversation: str) -> None:
        super().__init__(daemon=True)
        self.items: dict[str, int] = {}
        self.over = threading.Event()
        self.connections = 0
        self._daemon, self._path = daemon, f"/stream?conversation={conversation}"
        self._last = ""

    def run(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(OSError, AssertionError):
                self._read()
            self.over.wait(0.05)

    def _read(self) -> None:
        with contextlib.closing(_Unix(self._daemon.socket, 30)) as connection:
            known = {"Last-Event-ID": self._last} if self._last else {}
            connection.request("GET", f"/gm{self._path}", headers=known)
            answer = connection.getresponse()
            self.connections += answer.status == 200
            self._take(answer)

    def _take(self, answer: HTTPResponse) -> None:
        for line in iter(answer.readline, b""):
            if line.startswith(b"id: "):
                self._last = line[4:].strip().decode()
            for item in re.findall(rb'<[a-z]+ [^>]*?id="(i-[^"]+)"', line):
                self.items[item.decode()] = self.items.get(item.decode(), 0) + 1
            if self.over.is_set():
                break


def test_agents_do_not_notice_a_restart_and_pages_lose_nothing(daemon: Daemon) -> None:
    """Ten live turns, two restarts in the middle: each line is in the log once, from the same agents."""
    lines, rate = (500, 50) if FULL else (150, 20)
    daemon.start()
    conversations = [daemon.conversation() for _ in range(10)]
    pages = [Page(daemon, one) for one in conversations[:3]]
    for conversation in conversations:
        daemon.send(conversation, f"emit {lines} rate {rate}")
    for page in pages:
        page.start()
    try:
        wait_for(lambda: len(daemon.hosts()) == 10, "ten agents", 60)
        wait_for(lambda: all(said(daemon, one) for one in conversations), "each to have spoken", 60)
        before = {*daemon.hosts(), *daemon.agents()}
        for times in (1, 2):
            for page in pages:
                wait_for(lambda page=page, times=times: page.connections >= times, "the page to be read")  # type: ignore[misc]
            assert daemon.stop() == 0
            daemon.start()

        ends = [daemon.ended(one, patience=100)["status"] for one in conversations]
        assert ends == ["complete"] * 10
        assert before <= set(daemon.descendants())
        assert [said(daemon, one) for one in conversations] == [list(range(lines))] * 10
        for page, conversation in zip(pages, conversations, strict=False):
            wanted = len(daemon.items(conversation))
            wait_for(lambda page=page, wanted=wanted: len(page.items) >= wanted, "the page to have all items")  # type: ignore[misc]
            wait_for(lambda page=page: page.connections >= 3, "the page to come back a second time")  # type: ignore[misc]
    finally:
        for page in pages:
            page.over.set()
        daemon.close()
        for page in pages:
            page.join(40)


# -- as systemd does it -----------------------------------------------------------------------------------------------
def cgroups() -> Path | None:
    """A place where a cgroup (v2) may be made."""
    for root in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")):
        probe = root / f"agentguid-test-{os.getpid()}"
        with contextlib.suppress(OSError):
            if (root / "cgroup.controllers").exists():
                probe.mkdir()
                return probe
    return None


def members(group: Path) -> set[int]:
    return {int(pid) for pid in (group / "cgroup.procs").read_text().split()}


def test_a_stop_of_the_unit_leaves_its_agents_and_a_start_takes_them_up(daemon: Daemon) -> None:
    """KillMode=process by hand: the main process of the cgroup is ended, the rest of the cgroup goes on."""
    group = cgroups()
    daemon.start(first=f"open({str(group / 'cgroup.procs')!r}, 'w').write('0')" if group else "")
    try:
        conversation = daemon.conversation()
        daemon.send(conversation, "emit 60 rate 20")
        wait_for(lambda: said(daemon, conversation), "the agent to speak")
        main = daemon.process.pid  # type: ignore[union-attr]
        agents = {*daemon.hosts(), *daemon.agents()}
        if group:  # once no program is asked for its version any more
            wait_for(lambda: members(group) == {main, *agents}, "the daemon and its agent to be alone")

        assert daemon.stop() == 0

        assert agents <= set(daemon.descendants())
        if group:
            assert members(group) == agents
        daemon.start(first=f"open({str(group / 'cgroup.procs')!r}, 'w').write('0')" if group else "")
        assert daemon.ended(conversation)["status"] == "complete"
        assert said(daemon, conversation) == list(range(60))
    finally:
        daemon.close()
        if group:
            wait_for(lambda: not members(group), "the cgroup to be empty")
            group.rmdir()
    if group is None:
        pytest.skip("ONLY PROCESSES CHECKED: no cgroup v2 can be made here")
