"""The page while an agent works: what jumps, how long a key waits, how long the browser is busy, how big the page gets."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from benchmarks.measure import ended, spread, working
from tests.agents import replay
from tests.support.browser import chromium, sign_in
from tests.support.daemon import Daemon, wait_for

RECORDINGS = ("simple", "multi", "parallel", "subagent", "todo")
"""Of genuine Claude Code."""
WATCH = """() => {
  const seen = window.seen = {shifts: [], worst: [], tasks: [], keys: [], elements: 0};
  new PerformanceObserver(list => {
    for (const one of list.getEntries()) {
      if (one.hadRecentInput) continue;
      seen.shifts.push([one.startTime, one.value]);
      seen.worst.push([one.value, one.sources.map(source => source.node?.id || source.node?.className || source.node?.nodeName)]);
    }
  }).observe({type: "layout-shift"});
  new PerformanceObserver(list => { for (const one of list.getEntries()) seen.tasks.push(one.duration); }).observe({type: "longtask"});
  document.getElementById("message").addEventListener("keydown", event => seen.keys.push(performance.now() - event.timeStamp));
  setInterval(() => { seen.elements = Math.max(seen.elements, document.getElementsByTagName("*").length); }, 100);
}"""
KEY_PAUSE = 50
"""Milliseconds between keys."""


@contextmanager
def _opened(daemon: Daemon) -> Iterator[Page]:
    with chromium() as browser:
        page = sign_in(daemon, browser, viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        yield page


def _watch(page: Page, daemon: Daemon, conversation: str) -> None:
    page.goto(f"{daemon.base}/conversations/{conversation}")
    page.wait_for_function("() => document.getElementById('line').dataset.state === 'live'")
    page.evaluate(WATCH)


def _seen(page: Page) -> dict[str, Any]:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))")
    found: dict[str, Any] = page.evaluate("() => window.seen")
    return found


def cumulative(shifts: list[list[float]]) -> float:
    """Cumulative layout shift as browsers reckon it: the largest sum of a window of 5 s without a second's pause."""
    best = total = begun = last = 0.0
    for at, value in shifts:
        if at - last > 1000 or at - begun > 5000:
            total, begun = 0.0, at
        total, last = total + value, at
        best = max(best, total)
    return round(best, 4)


def replayed(root: Path, speed: float = 0.5) -> dict[str, Any]:
    """Genuine recordings, played into open pages that follow the end. Wanted: no more than 0.05 of layout shift."""
    found: dict[str, Any] = {}
    for name in RECORDINGS:
        programs = root / name / "bin"
        program = replay.install(programs, name, speed=speed)
        assert program.exists()
        daemon = Daemon(root / name, PATH=f"{programs}:{os.environ['PATH']}").start()
        try:
            with _opened(daemon) as page:
                conversation = daemon.conversation("claude-code")
                _watch(page, daemon, conversation)
                daemon.send(conversation, "Go on")
                while working(daemon, conversation):
                    for ask in daemon.api("GET", "/approvals")["approvals"]:
                        daemon.api("POST", f"/approvals/{ask['id']}", {"decision": "allow_once"})
                    page.wait_for_timeout(100)
                page.wait_for_selector("#log .end-line")
                seen = _seen(page)
                worst = max(seen["worst"], default=[0, []])
                found[name] = {
                    "layout_shift": cumulative(seen["shifts"]),
                    "worst": worst,
                    "long_tasks_ms": spread(seen["tasks"]),
                    "items": len(daemon.items(conversation)),
                }
        finally:
            daemon.close()
    return {"layout_shift": max(one["layout_shift"] for one in found.values()), "recordings": found}


def flood(root: Path, items: int = 10_000, rate: int = 1000) -> dict[str, Any]:
    """Many finished items a second, and a user who types meanwhile. Wanted: a key waits 70 ms at most in 98 of 100 cases."""
    daemon = Daemon(root).start()
    try:
        with _opened(daemon) as page:
            conversation = daemon.conversation()
            daemon.ended(conversation, daemon.send(conversation, "emit 200 size 200")["session"]["id"])
            _watch(page, daemon, conversation)
            began = time.time()
            daemon.send(conversation, f"emit {items} rate {rate} size 300")
            page.focus("#message")
            while working(daemon, conversation):
                for _ in range(10):
                    page.keyboard.press("a")
                    page.wait_for_timeout(KEY_PAUSE)
            took = ended(daemon, conversation) - began
            wait_for(
                lambda: page.evaluate("() => !!document.querySelector('#log > .end-line:last-child')"),
                "the end",
            )
            seen = _seen(page)
            keys = sorted(seen["keys"])
            return {
                "items_per_second": round(items / took),
                "behind_s": round(time.time() - began - took, 2),
                "key_p98_ms": round(keys[int(0.98 * len(keys))], 1),
                "key_ms": spread(keys),
                "long_tasks_ms": spread(seen["tasks"]),
                "elements": seen["elements"],
            }
    finally:
        daemon.close()


def page(root: Path) -> dict[str, Any]:
    return {"replayed": replayed(root / "replayed"), "flood": flood(root / "flood")}
