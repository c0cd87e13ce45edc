"""How long until something answers, and what it holds in memory."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from agentguid.hosts.link import Link, Spec
from agentguid.paths import Places
from benchmarks.measure import median, memory
from tests.support.daemon import Daemon


def cold_start(root: Path, rounds: int = 5) -> dict[str, Any]:
    """Milliseconds from spawn to the first 200, on an empty and on a used data directory; MiB afterwards."""
    fresh: list[float] = []
    again: list[float] = []
    rss = []
    for number in range(rounds):
        daemon = Daemon(root / str(number))
        for taken in (fresh, again):
            began = time.perf_counter()
            daemon.start()
            taken.append((time.perf_counter() - began) * 1000)
            assert daemon.process
            rss.append(memory(daemon.process.pid))
            daemon.stop()
        daemon.close()
    return {"fresh_ms": median(fresh), "again_ms": median(again), "rss_mb": median(rss)}


def _time(argv: list[str], rounds: int = 15) -> float:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken)


def cli(_: Path) -> dict[str, Any]:
    """`agentguictl version` beside a Python that does nothing."""
    bare = _time([sys.executable, "-c", "pass"])
    own = _time([sys.executable, "-m", "agentguid.cli", "version"])
    return {"bare_python_ms": bare, "version_ms": own, "ratio": round(own / bare, 2)}


def host(root: Path) -> dict[str, Any]:
    """A host: from its order to its answer on its socket, beside a bare Python's start; its memory with an idle child."""
    return asyncio.run(_host(Places(root / "data", root / "config", root / "run")))


async def _host(places: Places, rounds: int = 15) -> dict[str, Any]:
    taken, resting, highest = [], [], []
    for number in range(rounds):
        spec = Spec(host=f"h{number}", argv=["/bin/cat"], cwd="/", env={"PATH": "/usr/bin:/bin"})
        began = time.perf_counter()
        link = await Link.spawn(places, spec)
        taken.append((time.perf_counter() - began) * 1000)
        resting.append(memory(link.pid))
        highest.append(memory(link.pid, "VmHWM"))
        await link.end()
        link.acknowledge(link.tape_end)
        await link.close()
    bare, own = _time([sys.executable, "-I", "-S", "-c", "pass"]), median(taken)
    return {
        "bare_python_ms": bare,
        "start_ms": own,
        "ratio": round(own / bare, 2),
        "rss_mb": median(resting),
        "peak_rss_mb": max(highest),
    }
