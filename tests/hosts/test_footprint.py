"""A host is small and quick to start: there is one for each live agent."""

import subprocess
import time
from pathlib import Path

import pytest

from agentguid.hosts.link import Link
from agentguid.paths import Places
from tests.hosts.tools import ended, is_alive, python, spec, status

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


@pytest.mark.serial
@pytest.mark.anyio
async def test_a_host_starts_within_five_times_of_a_bare_python(places: Places) -> None:
    """Order, lock, tape, socket, its child: until it answers. The middle of several, taken in turns: the machine may be
    busy."""
    bare, host = [], []
    for number in range(15):
        begun = time.perf_counter()
        subprocess.run(python("pass"), check=True)
        bare.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        link = await Link.spawn(places, spec(["cat"], host=f"h{number}"))
        host.append(time.perf_counter() - begun)
        assert link.child_pid
        assert is_alive(link.child_pid)
        await link.end(0.1)
        await link.close()
    assert sorted(host)[7] <= 5 * sorted(bare)[7], (host, bare)
