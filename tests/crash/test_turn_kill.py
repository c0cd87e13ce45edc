"""Whatever is killed, whenever: no line of a turn is lost, doubled or out of order, on tape, in the log or on the page."""

import os
import random
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PageError

from tests.support.browser import chromium, sign_in
from tests.support.daemon import Daemon, wait_for
from tests.support.tokens import in_log, numbers, on_tapes

pytestmark = [pytest.mark.crash, pytest.mark.browser, pytest.mark.timeout(900)]

FULL = bool(os.environ.get("AGENTGUID_FULL"))
LINES = 2000
DAEMON_POINTS = [
    "effects.before_spawn",
    "effects.after_spawn",
    "effects.before_send",
    "effects.after_send",
    "effects.after_translate",
    "effects.before_report",
    "append.before_commit",
    "append.after_commit",
    "feed.before_wake",
]
HOST_POINTS = [
    "host.before_spawn",
    "host.after_spawn",
    "host.before_tape",
    "host.after_tape",
    "host.before_poke",
    "host.before_stdin",
    "host.after_stdin",
]
ONCE = 1
TWICE = 2
PASSINGS = {
    "effects.before_spawn": ONCE,
    "effects.after_spawn": ONCE,
    "effects.before_send": TWICE,
    "effects.after_send": TWICE,
    "host.before_spawn": ONCE,
    "host.after_spawn": ONCE,
    "host.before_stdin": TWICE,
    "host.after_stdin": TWICE,
}
"""How often a turn comes to a point: one agent is started and given two inputs. To the others it comes many times."""


def chosen(point: str, most: int) -> int:
    """At which passing to die."""
    return random.Random(point).randint(1, min(most, PASSINGS.get(point, most)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def on_page(page: Page) -> list[int]:
    """Tokens of the finished items on the open page, in document order."""
    seen: list[int] = []
    try:
        text = page.evaluate("() => document.querySelector('#log').textContent")
    except PageError:  # it is just being loaded anew
        return []
    for number in numbers(text):
        if not seen or seen[-1] != number:
            seen.append(number)
    return seen


def settled(daemon: Daemon, page: Page, conversation: str, expected: list[int]) -> None:
    """Tape, log and page agree."""
    assert in_log(daemon, conversation) == expected
    assert on_tapes(daemon) == expected
    last = expected[-1:]
    wait_for(lambda: on_page(page)[-1:] == last, "the open page to catch up")
    shown = on_page(page)
    assert shown == expected[-len(shown) :]


def starts(daemon: Daemon, conversation: str) -> int:
    return sum(event["type"] == "turn.started" for event in daemon.events(0, conversation))


@pytest.mark.parametrize("point", DAEMON_POINTS)
def test_the_daemon_dies_at_each_step_and_nothing_is_lost(
    point: str, tmp_path: Path, browser: Browser
) -> None:
    passings = range(1, min(8, PASSINGS.get(point, 7) + 1), 3) if FULL else (chosen(point, 4),)
    for passing in passings:
        daemon = Daemon(tmp_path / str(passing))
        once = {"AGENTGUID_FAILPOINT": f"{point}:{passing}"}
        try:
            daemon.start()
            conversation = daemon.conversation()
            page = sign_in(daemon, browser)
            page.goto(f"{daemon.base}/conversations/{conversation}")
            daemon.stop()
            daemon.start(**once, ready=False)
            sent = prompt(daemon, conversation, f"emit {LINES} rate 4000")
            died(daemon)
            daemon.start()
            if not sent:
                daemon.send(conversation, f"emit {LINES} rate 4000", idempotencyKey="once")
            row = daemon.ended(conversation)
            assert row["status"] == "complete", row
            assert starts(daemon, conversation) == 1
            settled(daemon, page, conversation, list(range(LINES)))
            page.context.close()
        finally:
            daemon.close()


def prompt(daemon: Daemon, conversation: str, text: str) -> bool:
    """Sends a prompt to a daemon that may die of it. The same key is used again, so that it runs once."""
    try:
        wait_for(daemon.healthy, "the daemon")
        daemon.send(conversation, text, idempotencyKey="once")
    except (OSError, AssertionError, EOFError):
        return False
    return True


def died(daemon: Daemon) -> None:
    """Waits until the armed daemon has come to its failpoint: a turn that passed it by would show nothing."""
    process = daemon.process
    assert process
    wait_for(lambda: process.poll() is not None, "the failpoint to be reached", patience=60)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("point", HOST_POINTS)
def test_a_host_dies_at_each_step_and_the_turn_says_so(point: str, tmp_path: Path, browser: Browser) -> None:
    daemon = Daemon(tmp_path, AGENTGUID_FAILPOINT=f"{point}:{chosen(point, 3)}")
    try:
        daemon.start()
        conversation = daemon.conversation()
        page = sign_in(daemon, browser)
        page.goto(f"{daemon.base}/conversations/{conversation}")
        daemon.send(conversation, f"emit {LINES} rate 4000")
        row = daemon.ended(conversation)
        assert row["status"] in ("interrupted", "error"), row
        assert row["error"]
        taped = on_tapes(daemon)
        assert taped == list(range(len(taped)))
        settled(daemon, page, conversation, taped)
        page.context.close()
    finally:
        daemon.close()


def _has(daemon: Daemon, conversation: str, lines: int) -> bool:
    return len(in_log(daemon, conversation)) >= lines


def _shows(page: Page, last: list[int]) -> bool:
    return on_page(page)[-1:] == last


def test_random_kills_of_daemon_and_host(tmp_path: Path, browser: Browser) -> None:
    """The daemon any number of times; now and then the host, which ends the turn, and the next prompt works."""
    rounds = 40 if FULL else 3
    chance = random.Random(os.environ.get("AGENTGUID_SEED", "agentguid"))
    daemon = Daemon(tmp_path)
    try:
        daemon.start()
        page = sign_in(daemon, browser)
        for number in range(rounds):
            conversation = daemon.conversation()
            page.goto(f"{daemon.base}/conversations/{conversation}")
            daemon.send(conversation, f"emit {LINES} rate 1500")
            kills = chance.randint(2, 5)
            for kill in range(kills):
                enough = min(chance.randint(0, LINES), LINES * (kill + 1) // (kills + 1))
                wait_for(partial(_has, daemon, conversation, enough), "some lines")
                if number % 5 == 4 and kill == kills - 1:
                    for pid in daemon.hosts():
                        os.kill(pid, signal.SIGKILL)
                else:
                    daemon.kill()
                    daemon.start()
            daemon.ended(conversation)
            logged = in_log(daemon, conversation)
            assert logged == list(range(len(logged)))
            if number % 5 != 4:
                assert len(logged) == LINES
            assert starts(daemon, conversation) == 1
            wait_for(partial(_shows, page, logged[-1:]), "the open page to catch up")
            shown = on_page(page)
            assert shown == logged[-len(shown) :]
    finally:
        daemon.close()
