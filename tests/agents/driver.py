"""Runs an agent program through real pipes and folds what it says, as the daemon does."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from agentguid.agents.base import Answer, Dialect, Fact, Launch, Line, Output, Prompt, Served, Write
from agentguid.protocol.events import ApprovalRequested, Event
from agentguid.protocol.items import Body, Decision, Mode

PATIENCE = 30.0
"""Seconds that one run may take."""
LIMIT = 64 * 1024 * 1024
E = TypeVar("E", bound=Event)
Stop = Callable[[list[Output]], bool]


class Run:
    """One process of an agent, its tape and what came of it."""

    def __init__(
        self, dialect: Dialect, cwd: Path, *, binary: str = "", mode: Mode = "ask", resume: str | None = None
    ) -> None:
        self.launch = Launch(cwd=str(cwd), model=None, mode=mode, resume=resume)
        self.argv = dialect.argv(binary, self.launch)
        self.adapter = dialect.adapter("h", self.launch)
        self.outputs: list[Output] = []
        self.lines: list[Line] = []
        self.sent: set[str] = set()
        self.offset = 0
        self.code: int | None = None

    @property
    def facts(self) -> list[Event]:
        return [output.event for output in self.outputs if isinstance(output, Fact)]

    def of(self, type_: type[E]) -> list[E]:
        return [fact for fact in self.facts if isinstance(fact, type_)]

    async def go(
        self,
        prompts: Sequence[str],
        *,
        decision: Decision | None = "allow_once",
        stop: Stop = lambda _: False,
    ) -> "Run":
        """Gives it the prompts one after the other, then closes stdin and waits for its end.

        `decision` answers its requests (None: nobody does). `stop` is asked after each line of the first turn: then that is stopped.
        """
        self.process = await asyncio.create_subprocess_exec(
            *self.argv, cwd=self.launch.cwd, stdin=-1, stdout=-1, stderr=-1, limit=LIMIT, env=dict(os.environ)
        )
        try:
            async with asyncio.timeout(PATIENCE):
                await self._work(list(prompts), decision, stop)
        finally:
            if self.process.returncode is None:
                self.process.kill()
                await self.process.wait()
        return self

    async def _work(self, prompts: list[str], decision: Decision | None, stop: Stop) -> None:
        stdout, stdin = self.process.stdout, self.process.stdin
        assert stdout is not None
        assert stdin is not None
        self._write(self.adapter.start())
        number, prompt = 0, None
        while line := await stdout.readline():
            self._answer(self._feed("out", line.rstrip(b"\n")), decision)
            if not self.adapter.ready:
                self._write(self.adapter.start())
            if self.adapter.turn == "t1" and stop(self.outputs):
                self._write(self.adapter.stop(self.adapter.turn))
            if self.adapter.ready and not self.adapter.turn and not stdin.is_closing():
                if prompt is None and not prompts:
                    stdin.close()
                    continue
                if prompt is None:
                    number += 1
                    prompt = Prompt(f"t{number}", Body(prompts.pop(0)), None, self.launch.mode)
                self._write(self.adapter.prompt(prompt))
                prompt = None if self.adapter.turn else prompt
        assert self.process.stderr is not None
        for said in (await self.process.stderr.read()).splitlines():
            self._feed("err", said)
        self.code = await self.process.wait()
        self._feed("exit", b"", code=self.code)

    def _answer(self, outputs: Sequence[Output], decision: Decision | None) -> None:
        for output in outputs:
            if isinstance(output, Write):
                self._write([output])
            elif isinstance(output, Fact) and isinstance(output.event, ApprovalRequested) and decision:
                self._write(self.adapter.answer(Answer(output.event.approval, decision, None, None, None)))
        for errand in self.adapter.errands:
            self._write(self.adapter.served(errand, Served(error="There are no files here.")))

    def _write(self, writes: Sequence[Write]) -> None:
        assert self.process.stdin is not None
        for one in writes:
            if one.id not in self.sent:
                self.sent.add(one.id)
                self._feed("in", one.data.rstrip(b"\n"), id=one.id)
                self.process.stdin.write(one.data)

    def _feed(
        self, direction: str, data: bytes, id: str | None = None, code: int | None = None
    ) -> Sequence[Output]:
        line = Line(direction, self.offset, data, 0, id=id, code=code)  # type: ignore[arg-type]
        self.offset += len(data) + 25
        self.lines.append(line)
        outputs = self.adapter.feed(line)
        self.outputs += outputs
        return outputs
