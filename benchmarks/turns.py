"""A turn's lines from the agent's write to the page's socket: latency at a pace, and rate at full speed."""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import TOKEN, Probe, Reader, cpu_seconds, fsync_floor, memory, spread
from tests.support.daemon import Daemon


def _stream(daemon: Daemon, conversation: str) -> str:
    position = daemon.api("GET", f"/conversations/{conversation}")["conversation"]["position"]
    return f"/gm/stream?conversation={conversation}&after={position}"


async def _pages(daemon: Daemon, conversation: str, count: int, last: int, prompt: str) -> list[Reader]:
    path = _stream(daemon, conversation)
    readers = [Reader(daemon.socket, path) for _ in range(count)]
    tasks = [asyncio.create_task(reader.run(last)) for reader in readers]
    await asyncio.sleep(0.3)
    await asyncio.to_thread(daemon.send, conversation, prompt)
    async with asyncio.timeout(180):
        await asyncio.gather(*tasks)
    return readers


def latency(root: Path, readers: int, lines: int = 500, rate: int = 50) -> dict[str, Any]:
    """Milliseconds from line to socket at `rate` lines a second, beside the fsync floor of the same minute."""
    daemon = Daemon(root).start()
    try:
        conversation = daemon.conversation()
        asyncio.run(_pages(daemon, conversation, 1, 49, "emit 50 rate 100 size 470"))
        daemon.ended(conversation)
        assert daemon.process
        before = cpu_seconds([daemon.process.pid])
        pages = asyncio.run(
            _pages(daemon, conversation, readers, lines - 1, f"emit {lines} rate {rate} size 470")
        )
        spent = cpu_seconds([daemon.process.pid]) - before
        lost = sum(lines - len(set(page.seen)) for page in pages)
        every = [value for page in pages for value in page.latencies]
        floor = fsync_floor(root, rate, 5)
        return {
            "readers": readers,
            "rate": rate,
            "ms": spread(every),
            "fsync_floor_ms": floor,
            "lost": lost,
            "daemon_cpu_ms_per_line": round(spent * 1000 / lines, 3),
        }
    finally:
        daemon.close()


def flood(root: Path, prompt: str, lines: int, readers: int = 1) -> dict[str, Any]:
    """Everything at full speed: rate, cost, latency meanwhile, other requests meanwhile."""
    daemon = Daemon(root).start()
    try:
        conversation = daemon.conversation()
        daemon.send(conversation, "emit 10")  # the host is up and warm
        daemon.ended(conversation)
        assert daemon.process
        pids = [daemon.process.pid, *daemon.hosts()]
        before = cpu_seconds(pids)

        async def scene() -> tuple[list[Reader], Probe, float]:
            probe = Probe(lambda: daemon.request("GET", "/api/conversations"))
            path = _stream(daemon, conversation)
            pages = [Reader(daemon.socket, path) for _ in range(readers)]
            tasks = [asyncio.create_task(page.run(lines - 1)) for page in pages]
            probing = asyncio.create_task(probe.run())
            await asyncio.sleep(0.3)
            began = time.monotonic()
            sent = await asyncio.to_thread(daemon.send, conversation, prompt)
            await asyncio.to_thread(daemon.ended, conversation, sent["session"]["id"], 180)
            took = time.monotonic() - began
            probing.cancel()
            for task in tasks:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(task, 10)
            return pages, probe, took

        pages, probe, took = asyncio.run(scene())
        spent = cpu_seconds(pids) - before
        return {
            "lines": lines,
            "seconds": round(took, 3),
            "lines_per_second": round(lines / took),
            "cpu_us_per_line": round(spent * 1e6 / lines, 1),
            "latency_ms": spread([value for page in pages for value in page.latencies]),
            "probe_ms": spread(probe.taken),
            "peak_rss_mb": memory(daemon.process.pid, "VmHWM"),
            "lost": lines - _kept(daemon, conversation),
        }
    finally:
        daemon.close()


def _kept(daemon: Daemon, conversation: str) -> int:
    """How many different tokens the log holds, beyond those of the warm-up."""
    found: set[int] = set()
    after = 0
    while events := daemon.events(after, conversation):
        for event in events:
            body = (event["data"] or {}).get("body") or {}
            whole = _whole(daemon, body)
            found |= {int(token[1]) for token in TOKEN.finditer(whole)}
        after = events[-1]["position"]
    return len(found)


def _whole(daemon: Daemon, body: dict[str, Any]) -> bytes:
    if body.get("blob"):
        return daemon.request("GET", f"/blobs/{body['blob']}")[1]
    return str(body.get("text", "")).encode()
