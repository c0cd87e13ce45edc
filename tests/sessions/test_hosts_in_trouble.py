"""A host that cannot be read or does not answer: it is said, it can be stopped, and the conversation goes on."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentguid.hosts.tape import Reader
from tests.support.daemon import Daemon, wait_for

HASTY = "import agentguid.hosts.link as link; link.ANSWER = 1.0"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    running = Daemon(tmp_path).start(first=HASTY)
    try:
        yield running
    finally:
        for host in running.hosts():
            os.kill(host, signal.SIGCONT)
        running.close()


def notices(daemon: Daemon, conversation: str) -> list[str]:
    added = [event["data"] for event in daemon.events(0, conversation) if event["type"] == "item.added"]
    return [item["body"]["text"] for item in added if item["kind"] == "notice"]


def test_a_damaged_tape_is_said_and_the_next_turn_works(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 100000 rate 200")
    wait_for(lambda: len(daemon.items(conversation)) > 20, "some lines")
    assert daemon.process
    daemon.process.send_signal(signal.SIGSTOP)
    (folder,) = (daemon.data / "tapes").iterdir()
    read = sum(1 for _ in Reader(folder).records())
    wait_for(lambda: sum(1 for _ in Reader(folder).records()) > read + 20, "lines that are not read yet")
    record = list(Reader(folder).records())[-10]
    with next(folder.glob("*.tape")).open("r+b") as file:
        file.seek(record.end - 5)
        file.write(b"\xff\xff\xff")
    daemon.process.send_signal(signal.SIGCONT)

    assert daemon.ended(conversation)["status"] == "interrupted"
    assert any(
        "damaged" in notice and "send the message again" in notice for notice in notices(daemon, conversation)
    )
    wait_for(lambda: not daemon.hosts(), "the agent to end")
    daemon.send(conversation, "emit 1")
    assert daemon.ended(conversation)["status"] == "complete"


def test_a_host_that_does_not_answer_can_be_stopped(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 100000 rate 50")
    wait_for(lambda: len(daemon.items(conversation)) > 5, "some lines")
    for host in daemon.hosts():
        os.kill(host, signal.SIGSTOP)

    daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert daemon.ended(conversation)["status"] == "interrupted"
    wait_for(lambda: not daemon.hosts(), "the host to end")
    daemon.send(conversation, "emit 1")
    assert daemon.ended(conversation)["status"] == "complete"


def test_a_host_that_comes_round_again_goes_on_and_nothing_is_lost(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 300 rate 100; ask")
    wait_for(lambda: len(daemon.items(conversation)) > 5, "some lines")
    (host,) = daemon.hosts()
    os.kill(host, signal.SIGSTOP)
    daemon.send(conversation, "emit 1")
    daemon.stop()
    daemon.start(first=HASTY)  # it finds a host that does not answer
    wait_for(lambda: "does not answer" in daemon.log(), "the daemon to notice")
    os.kill(host, signal.SIGCONT)

    asked = wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "the question")
    daemon.api("POST", f"/approvals/{asked[0]['id']}", {"decision": "allow_once"})
    wait_for(
        lambda: len([e for e in daemon.events(0, conversation) if e["type"] == "turn.ended"]) == 2,
        "both turns",
    )
    assert daemon.hosts() == [host]


def test_who_ends_all_agents_ends_an_idle_one_that_does_not_answer(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 1")
    daemon.ended(conversation)
    (host,) = daemon.hosts()
    os.kill(host, signal.SIGSTOP)
    daemon.stop()
    daemon.start(first=HASTY)
    wait_for(lambda: "does not answer" in daemon.log(), "the daemon to notice")

    daemon.api("POST", "/shutdown", {"agents": True})

    wait_for(lambda: not daemon.hosts(), "the host to end")
