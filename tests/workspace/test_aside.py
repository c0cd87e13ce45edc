"""Work that may never come back is waited for a while, and only so much of it is begun."""

import asyncio
import threading

import pytest

from agentguid.protocol.errors import TooBusy
from agentguid.workspace import aside as module
from agentguid.workspace.aside import THREADS, aside


def test_it_gives_what_the_work_gives_and_raises_what_it_raises() -> None:
    def fail() -> None:
        raise ValueError("no")

    assert asyncio.run(aside(lambda: 42)) == 42
    with pytest.raises(ValueError, match="no"):
        asyncio.run(aside(fail))
    assert not module._running


def test_the_loop_goes_on_and_the_wait_ends() -> None:
    """A share that is gone costs a sentence; when too many hang the next is refused at once, and all ends with them."""
    gate = threading.Event()

    async def main() -> None:
        hung = await asyncio.gather(
            *(aside(gate.wait, patience=0.05) for _ in range(THREADS)), return_exceptions=True
        )
        assert {type(one) for one in hung} == {TooBusy}
        assert "network" in str(hung[0])
        with pytest.raises(TooBusy, match="Too many"):
            await aside(lambda: 1)
        gate.set()
        while module._running:
            await asyncio.sleep(0.001)
        assert await aside(lambda: 1) == 1

    try:
        asyncio.run(main())
    finally:
        gate.set()
