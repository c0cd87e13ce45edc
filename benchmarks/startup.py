"""How long until something answers, and what it holds in memory."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import median, memory
from tests.support.daemon import Daemon


def cold_start(root: Path, rounds: int = 5) -> dict[str, Any]:
    """Milliseconds from spawn to the first 200, on an empty and on a used data directory; MiB afterwards."""
    fresh, again, rss = [], [], []
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
    """A host with an idle child: its start beside a bare Python's, and its memory."""
    daemon = Daemon(root).start()
    try:
        conversation = daemon.conversation()
        daemon.send(conversation, "emit 1")
        daemon.ended(conversation)
        (pid,) = daemon.hosts()
        return {"rss_mb": memory(pid), "peak_rss_mb": memory(pid, "VmHWM")}
    finally:
        daemon.close()
