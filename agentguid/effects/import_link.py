"""The daemon's end of the process that reads histories."""

import asyncio
import contextlib
import os
import struct
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec

import agentguid
from agentguid.effects.import_jobs import Batch, Job

_CODE = "import sys; sys.path.append(sys.argv[1]); from agentguid.effects.import_child import main; main()"
PATIENCE = 300.0
"""Seconds without a word after which it is taken for hung: a line takes a second at most."""
LARGEST = 256 << 20
"""Bytes of an answer."""

_decode: msgspec.json.Decoder[Batch] = msgspec.json.Decoder(Batch)


class ReaderFailedError(Exception):
    """The process ended, or said what it cannot mean."""


class Link:
    """Started when it is first asked, ended by `close`. One question at a time."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def ask(self, job: Job) -> AsyncGenerator[Batch, None]:
        """The answers, as they are taken. Raises `ReaderFailedError`; another process is started when it needs one."""
        try:
            process = await self._running()
            assert process.stdin is not None
            data = msgspec.json.encode(job)
            process.stdin.write(struct.pack("!I", len(data)) + data)
            await process.stdin.drain()
            while True:
                batch = await self._answer(process)
                if batch.error:
                    break
                yield batch
                if batch.last:
                    return
        except (OSError, EOFError, msgspec.DecodeError, TimeoutError) as error:
            await self.close()
            raise ReaderFailedError(
                f"it could not be read: {type(error).__name__} {error}".strip()
            ) from error
        except BaseException:  # half an answer is left in the pipe
            await self.close()
            raise
        raise ReaderFailedError(batch.error)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            root = str(Path(agentguid.__file__).parent.parent)
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-c", _CODE, root, "agentguid-import"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=os.environ,
            )
        return self._process

    async def _answer(self, process: asyncio.subprocess.Process) -> Batch:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            (size,) = struct.unpack("!I", await process.stdout.readexactly(4))
            if size > LARGEST:
                raise EOFError("an answer that is too long")
            return _decode.decode(await process.stdout.readexactly(size))

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
