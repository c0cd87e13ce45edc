"""A host is small and quick to start: there is one for each live agent."""

import subprocess
import time
from pathlib import Path

import pytest

from agentguid.hosts.link import Link
from agentguid.paths import Places
from tests.hosts.tools import ended, python, spec, status

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.anyio
async def test_an_idle_host_takes_at_most_16_mb(places: Places) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    assert await link.send("a", b"x\n") == "new"
    assert status(link.pid, "VmHWM") <= 16 * 1024
    await link.end()
    await ended(link, places)


def test_a_host_imports_little_and_all_of_it_at_its_start() -> None:
    code = f"import sys; sys.path.append({str(ROOT)!r}); import agentguid.hosts.host; print(*sys.modules)"
    loaded = set(subprocess.run(python(code), capture_output=True, check=True, text=True).stdout.split())
    heavy = {
        "asyncio",
        "msgspec",
        "json",
        "re",
        "logging",
        "subprocess",
        "threading",
        "typing",
        "pathlib",
        "dataclasses",
    }
    assert loaded & heavy == set()
    assert len(loaded) < 80
    own = {name for name in loaded if name.startswith("agentguid")}
    assert own == {
        "agentguid",
        "agentguid.failpoints",
        "agentguid.hosts",
        *(
            f"agentguid.hosts.{name}"
            for name in [
                "child",
                "client",
                "door",
                "ending",
                "frames",
                "host",
                "keeper",
                "kin",
                "loop",
                "order",
                "pipes",
                "tape",
                "terminal",
            ]
        ),
    }


def test_a_host_starts_within_five_times_of_a_bare_python() -> None:
    """The middle of several, taken in turns: the machine may be busy."""
    bare, host = [], []
    code = f"import sys; sys.path.append({str(ROOT)!r}); import agentguid.hosts.host"
    for _ in range(15):
        for times, argv in ((bare, python("pass")), (host, python(code))):
            begun = time.perf_counter()
            subprocess.run(argv, check=True)
            times.append(time.perf_counter() - begun)
    assert sorted(host)[7] <= 5 * sorted(bare)[7], (host, bare)
