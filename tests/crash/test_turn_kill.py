"""Whatever is killed, whenever: no line of a turn is lost, doubled or out of order, on tape, in the log or on the page."""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.crash.watching import Watched
from tests.support.browser import chromium, sign_in
from tests.support.daemon import Daemon, wait_for
from tests.support.tokens import on_tapes

pytestmark = [pytest.mark.crash, pytest.mark.browser, pytest.mark.timeout(1800)]

FULL = bool(os.environ.get("AGENTGUID_FULL"))
LINES = 2000
RATE = 200 if FULL else 300
"""Lines a second, of a turn that is to outlast several restarts."""
MIDST = 30
"""From this passing on the agent has said something."""

# How often a turn comes to each point: at which passings to die, and at which when there is time. One agent is started,
# and gets a handshake and a prompt; to the rest a turn of many lines comes with each of its lines, or nearly.
SENT = ((2,), (1, 2))
MANY = ((30,), (1, 4, 30, 100))
TAPED = ((60,), (1, 2, 4, 60, 300))
GIVEN = ((3,), (1, 2, 3))
"""The third input is an answer, behind some lines."""
ONCE = ((1,), (1,))
DAEMON_POINTS = {
    "effects.before_spawn": ONCE,
    "effects.after_spawn": ONCE,
    "effects.before_send": SENT,
    "effects.after_send": SENT,
    "effects.after_translate": MANY,
    "effects.before_report": MANY,
    "append.before_commit": MANY,
    "append.after_commit": MANY,
    "feed.before_wake": MANY,
}
HOST_POINTS = {
    "host.before_spawn": ONCE,
    "host.after_spawn": ONCE,
    "host.before_tape": TAPED,
    "host.after_tape": TAPED,
    "host.before_poke": TAPED,
    "host.before_stdin": GIVEN,
    "host.after_stdin": GIVEN,
}
FIRST_HOST_ONLY = """
import os, agentguid.hosts.spawn as spawn
def _spawn(*given, spawned=spawn._spawn):
    try:
        return spawned(*given)
    finally:
        os.environ.pop("AGENTGUID_FAILPOINT", None)
spawn._spawn = _spawn
"""

Pages = Callable[[], Page]


def passings(points: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]) -> list[tuple[str, int]]:
    return [(point, passing) for point, when in points.items() for passing in when[FULL]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    running = Daemon(tmp_path)
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def pages(daemon: Daemon, browser: Browser) -> Iterator[Pages]:
    """Signs in once the daemon serves."""
    opened: list[Page] = []

    def sign() -> Page:
        opened.append(sign_in(daemon, browser))
        return opened[-1]

    yield sign
    for page in opened:
        page.context.close()


# -- the daemon -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("point", "passing"), passings(DAEMON_POINTS))
def test_the_daemon_dies_at_each_step_and_nothing_is_lost(
    point: str, passing: int, daemon: Daemon, pages: Pages
) -> None:
    lines = LINES if FULL else LINES // 2
    daemon.start()
    watched = Watched(daemon, pages())
    daemon.stop()
    daemon.start(AGENTGUID_FAILPOINT=f"{point}:{passing}", ready=False)
    sent = prompt(daemon, watched.id, f"emit {lines} rate 500")
    died(daemon)
    assert passing < MIDST or on_tapes(daemon), "it was in the midst of the lines"
    daemon.start()
    if not sent:
        daemon.send(watched.id, f"emit {lines} rate 500", idempotencyKey="once")
    row = daemon.ended(watched.id, patience=120)
    assert row["status"] == "complete", row
    watched.settled(list(range(lines)))
    assert watched.given() == watched.of("turn.started", "turn") == [row["id"]]
    assert len(watched.of("host.requested", "host")) == 1


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


# -- the host ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("point", "passing"), passings(HOST_POINTS))
def test_a_host_dies_at_each_step_and_the_turn_says_so(
    point: str, passing: int, daemon: Daemon, pages: Pages
) -> None:
    """A turn whose agent had the prompt is interrupted, and that prompt is never given again by itself."""
    answered = "stdin" in point and passing == 3
    daemon.start(first=FIRST_HOST_ONLY, AGENTGUID_FAILPOINT=f"{point}:{passing}")
    script = f"emit 200 rate 500; ask; emit {LINES}" if answered else f"emit {LINES} rate 500"
    watched = Watched(daemon, pages(), script)
    if answered:
        (approval,) = wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "the request")
        daemon.api("POST", f"/approvals/{approval['id']}", {"decision": "allow_once"})
    row = daemon.ended(watched.id)
    given = watched.read().given()
    assert row["status"] == ("interrupted" if given else "error"), row
    assert row["error"]
    assert watched.of("host.requested", "host") == watched.of("host.ended", "host")
    told = watched.tokens[:]
    if passing >= MIDST:
        assert 0 < len(told) < LINES
    else:
        assert len(told) == (200 if answered else 0)
    assert told == list(range(len(told)))
    goes_on(watched, told, given)


def goes_on(watched: Watched, told: list[int], given: list[str]) -> None:
    """With the next prompt, and with no other."""
    turn = watched.daemon.send(watched.id, "emit 3")["session"]["id"]
    row = watched.daemon.ended(watched.id, turn)
    assert row["status"] == "complete", row
    watched.settled([*told, 0, 1, 2])
    assert watched.given() == [*given, turn]
    assert len(watched.of("turn.started", "turn")) == 2


# -- at random --------------------------------------------------------------------------------------------------------
def test_random_kills_of_daemon_and_host(daemon: Daemon, pages: Pages) -> None:
    """The daemon again and again; in two of three turns the host as well, last or first. Then the next prompt works.

    Only kills that meet an agent at work count.
    """
    chance = random.Random(os.environ.get("AGENTGUID_SEED", "agentguid"))
    kills: Counter[str] = Counter()
    watched: list[Watched] = []
    daemon.start()
    page = pages()
    while len(watched) < 3 or (FULL and kills.total() < 100):
        one = Watched(daemon, page, f"emit {LINES} rate {RATE}")
        kinds = (["daemon"] * 8, ["daemon", "host"], ["host and daemon"])[len(watched) % 3]
        killed = [kind for kind in kinds if kill(one, kind, chance)]
        kills.update(killed)
        row = daemon.ended(one.id, patience=120)
        told = one.read().tokens[:]
        assert told == list(range(len(told)))
        if "host" in killed or "host and daemon" in killed:
            assert row["status"] == "interrupted" or len(told) == LINES
            goes_on(one, told, [row["id"]])
        else:
            assert row["status"] == "complete", row
            one.settled(list(range(LINES)))
            assert one.given() == [row["id"]]
        watched.append(one)
        assert len(watched) < 60, kills
    print(f"{len(watched)} turns, {dict(kills)}")
    assert kills["daemon"] >= 2
    assert kills["host"] + kills["host and daemon"] >= len(watched) // 3
    for one in watched:
        one.unchanged()


def kill(one: Watched, kind: str, chance: random.Random) -> bool:
    """After some more lines; False: the agent was through."""
    daemon = one.daemon
    wait_for(
        partial(one.has, min(LINES, len(one.read().tokens) + chance.randint(5, LINES // 10))), "some lines"
    )
    turn = daemon.latest(one.id)
    if not turn or turn["status"] != "active" or len(one.taped) >= LINES:
        return False
    if "host" in kind:
        for pid in daemon.hosts():  # also those at rest
            os.kill(pid, signal.SIGKILL)
    if "daemon" in kind:
        daemon.kill()
        daemon.start()
    return True
