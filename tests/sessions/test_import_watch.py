"""What comes by itself: the tail of a conversation of ours always, other sessions where the user wants it; each once."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import histories
from tests.support.daemon import Daemon, wait_for
from tests.support.importing import (
    ROUNDS,
    every_event,
    home,
    iso,
    prompts,
    rows,
    said_by_the_agent,
    session_of,
    some_rounds,
    take_in,
)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    running = Daemon(tmp_path)
    try:
        yield running
    finally:
        running.close()


class Ours:
    """A conversation of ours with one turn, and the file that its agent has written meanwhile."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.conversation = daemon.conversation("demo")
        daemon.send(self.conversation, "emit 2")
        daemon.ended(self.conversation)
        self.session = session_of(daemon, self.conversation)
        started = [event for event in daemon.events(0, self.conversation) if event["type"] == "turn.started"]
        self.began: int = started[0]["at"]
        self.lines = self.said(1, "emit 2", "as it was here", 1000)
        self.lines[1]["message"]["id"] = said_by_the_agent(daemon)
        self.path = home(daemon) / ".claude" / "projects" / "x" / f"{self.session}.jsonl"
        histories.write(self.path, self.lines)

    def said(self, number: int, prompt: str, answer: str, after: int) -> list[dict[str, Any]]:
        """Lines of one turn, so many microseconds after ours began."""
        return histories.said(
            self.session, number, prompt, answer, iso(self.began + after), str(self.daemon.work)
        )

    def in_a_terminal(self, number: int, prompt: str) -> None:
        self.lines += self.said(number, prompt, f"answer to {prompt}", number * 3_600_000_000)
        histories.write(self.path, self.lines)

    @property
    def prompts(self) -> list[str]:
        return prompts(self.daemon, self.conversation)

    @property
    def answers(self) -> list[str]:
        events = self.daemon.events(0, self.conversation)
        texts = [event["data"]["body"]["text"] for event in events if event["type"] == "item.added"]
        return [text for text in texts if text.startswith("answer") or text == "as it was here"]


def other(daemon: Daemon, number: int = 8) -> None:
    session = f"{histories.CLAUDE}{number}"
    lines = histories.said(session, 1, f"other {number}", "one", "2026-11-20T10:00:00.000Z", "/work/demo")
    histories.write(histories.claude_file(home(daemon), session), lines)


def choose(daemon: Daemon, watch: str) -> None:
    assert daemon.api("PUT", "/import/watch", {"watch": watch}) == {"watch": watch}


def test_the_tail_of_a_conversation_of_ours_comes_by_itself_and_once(daemon: Daemon) -> None:
    daemon.start(first=ROUNDS)
    other(daemon)
    ours = Ours(daemon)
    assert daemon.api("GET", "/import")["watch"] == "ours"

    ours.in_a_terminal(2, "in a terminal")
    wait_for(lambda: ours.prompts == ["emit 2", "in a terminal"], "the tail")
    ours.in_a_terminal(3, "and on")
    wait_for(lambda: ours.prompts == ["emit 2", "in a terminal", "and on"], "the next")

    some_rounds(daemon)
    wait_for(lambda: len(ours.answers) == 2, "the answers")
    count = len(every_event(daemon))
    some_rounds(daemon)
    assert take_in(daemon, sources=["codex"])["taken"] == 0
    assert len(every_event(daemon)) == count + 2  # that it was asked for, and done
    assert ours.answers == ["answer to in a terminal", "answer to and on"]
    assert len(rows(daemon)) == 1, "a session that is none of ours has come"


def test_a_turn_of_ours_and_one_in_a_terminal_before_it_are_told_apart(daemon: Daemon) -> None:
    """The file's time is then that of our own turn: it is read nevertheless."""
    daemon.start(first=ROUNDS)
    ours = Ours(daemon)
    some_rounds(daemon)
    choose(daemon, "off")
    ours.in_a_terminal(2, "in a terminal")
    daemon.send(ours.conversation, "emit 1")
    daemon.ended(ours.conversation)

    choose(daemon, "ours")

    wait_for(lambda: ours.prompts == ["emit 2", "emit 1", "in a terminal"], "the tail")


def test_a_file_that_was_written_anew_is_compared_with_all_that_we_did(daemon: Daemon) -> None:
    """Else only with what we did since it was read: this file was, long after our turn."""
    daemon.start(first=ROUNDS)
    ours = Ours(daemon)
    ours.in_a_terminal(2, "in a terminal")
    later = time.time() + 7200
    os.utime(ours.path, (later, later))
    wait_for(lambda: ours.prompts == ["emit 2", "in a terminal"], "the tail")
    some_rounds(daemon)

    ours.lines.insert(0, {"type": "summary", "summary": "all of it", "leafUuid": "x"})
    ours.in_a_terminal(3, "and on")

    wait_for(lambda: ours.prompts == ["emit 2", "in a terminal", "and on"], "the next")
    wait_for(lambda: ours.answers[1:], "its answer")
    some_rounds(daemon)
    assert ours.answers == ["answer to in a terminal", "answer to and on"]


def test_an_open_turn_is_waited_for(daemon: Daemon) -> None:
    daemon.start(first=ROUNDS)
    ours = Ours(daemon)
    daemon.send(ours.conversation, "ask")
    wait_for(lambda: len(ours.prompts) == 2, "the turn")
    ours.in_a_terminal(2, "in a terminal")
    some_rounds(daemon)
    assert ours.prompts == ["emit 2", "ask"]

    daemon.allow(ours.conversation)

    wait_for(lambda: ours.prompts == ["emit 2", "ask", "in a terminal"], "the tail")


def test_where_nothing_comes_by_itself_the_tail_does_not_either(daemon: Daemon) -> None:
    """The choice is kept, and counts more than the setting; a change of it needs no restart."""
    daemon.start(first=ROUNDS)
    choose(daemon, "off")
    daemon.stop()
    daemon.start(first=ROUNDS, AGENTGUID_IMPORT_WATCH="all")
    assert daemon.api("GET", "/import")["watch"] == "off"
    ours = Ours(daemon)
    other(daemon)
    ours.in_a_terminal(2, "in a terminal")
    some_rounds(daemon)
    assert ours.prompts == ["emit 2"]
    assert len(rows(daemon)) == 1

    choose(daemon, "all")

    wait_for(lambda: "other 8" in rows(daemon), "the other session")
    wait_for(lambda: ours.prompts == ["emit 2", "in a terminal"], "the tail")
    choose(daemon, "ours")
    other(daemon, 9)
    ours.in_a_terminal(3, "and on")
    wait_for(lambda: ours.prompts[2:] == ["and on"], "the tail alone")
    some_rounds(daemon)
    assert "other 9" not in rows(daemon)
    chosen = [event["data"] for event in daemon.events() if event["type"] == "import.watch_chosen"]
    assert chosen == [{"watch": "off"}, {"watch": "all"}, {"watch": "ours"}]


def test_what_is_no_choice_is_refused(daemon: Daemon) -> None:
    daemon.start()
    status, said = daemon.request("PUT", "/api/import/watch", {"watch": "some"})
    assert (status, b"watch" in said) == (400, True)
    assert daemon.form("/import/watch", {"watch": "some"})[0] == 400
    assert daemon.api("GET", "/import")["watch"] == "ours"
