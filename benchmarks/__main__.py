"""All figures as one JSON document: `python -m benchmarks [NAME …] [--out FILE]`.

The reference's figures (AgentGUI 1.0.276, same kind of machine, 2026-11-22) stand beside ours where there are any.
"""

import argparse
import datetime
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import imports, restart, startup, stop, ten, turns
from benchmarks.measure import python_loop

REFERENCE = {
    "latency_1": {"p50": 32.9, "p95": 35.7, "p99": 40.9},
    "latency_50": {"p50": 35.7, "p99": 70.2},
    "flood_lines": {
        "lines_per_second": 6414,
        "cpu_us_per_line": 97.5,
        "latency_ms": {"p50": 1800, "p99": 3200},
    },
    "cold_start": {"fresh_ms": 649, "rss_mb": 69},
}


def _page(root: Path) -> dict[str, Any]:
    from benchmarks.page import page  # the only one that needs a browser

    return page(root)


BENCHMARKS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "cold_start": startup.cold_start,
    "cli": startup.cli,
    "host": startup.host,
    "restart": restart.restart,
    "stop": stop.stop,
    "import": imports.imports,
    "latency_1": lambda root: turns.latency(root, 1),
    "latency_50": lambda root: turns.latency(root, 50),
    "flood_lines": lambda root: turns.flood(root, "emit 20000 size 470", 20_000),
    "ten": ten.ten,
    "page": _page,
    "flood_deltas": lambda root: turns.flood(root, "emit 20000 size 60 deltas", 20_000),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--out", type=Path, help="write the JSON here as well")
    chosen = parser.parse_args()
    results: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "load": os.getloadavg()[0],
    }
    for name in chosen.names or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="agentguid-bench-") as folder:
            loop = python_loop()
            results[name] = {**BENCHMARKS[name](Path(folder)), "python_loop_ms": loop}
        if name in REFERENCE:
            results[name]["reference"] = REFERENCE[name]
        print(name, json.dumps(results[name]), file=sys.stderr, flush=True)
    document = json.dumps(results, indent=1)
    print(document)
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(document + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
