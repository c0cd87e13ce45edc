"""A live turn on a terminal: its text as it comes, what runs below it, and questions that a key answers."""

import contextlib
import json
import os
import queue
import select
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from agentguid.cli.asking import Answer, Asking
from agentguid.cli.calls import Line
from agentguid.cli.cells import columns
from agentguid.cli.client import Client, part
from agentguid.cli.errors import USAGE, CliError
from agentguid.cli.keyboard import LEAVE, Keys
from agentguid.cli.output import one_line, span
from agentguid.cli.screen import Screen
from agentguid.cli.sse import Message
from agentguid.cli.transcript import Transcript

TICK = 0.25
"""Seconds after which what stands below the text is looked at again."""
LATE = 0.5
"""Seconds that text waits for the end of a tool that it seems to follow."""
AT_ONCE = 200
"""Messages that are drawn before the keyboard gets its turn."""
_PULSE = "◐◓◑◒"

Ends = Callable[[Mapping[str, Any]], int | None]
"""Gets each event; an exit code ends the watching."""


class View:
    """One conversation on the terminal. `watching` decides when it has seen enough: it gets each event."""

    def __init__(self, client: Client, conversation: str, *, prompts: bool) -> None:
        self._client = client
        self._other = client.another()
        self._conversation = conversation
        self._screen = Screen()
        self._drawing = Transcript(self._screen, prompts=prompts, answers=False)
        self._asking = Asking()
        self._came: queue.Queue[Message | str | BaseException] = queue.Queue(1000)
        self._woken, self._wake = os.pipe()
        self._held_since: float | None = None
        self._begun: float | None = None
        """When the running turn began."""

    def run(self, after: int, ends: Ends) -> int:
        """Draws what happens after a position until `ends` names an exit code. KeyboardInterrupt leaves it."""
        for one in self._other.get("/approvals", conversation=self._conversation)["approvals"]:
            self._asking.add(one["id"], one)
        reader = threading.Thread(target=self._read, args=(after,), daemon=True)
        with contextlib.closing(self._screen), Keys() as keys:
            reader.start()
            while True:
                waits = 0 if not self._came.empty() else TICK
                ready, _, _ = select.select([self._woken, keys.descriptor], [], [], waits)
                if self._woken in ready:
                    os.read(self._woken, 65_536)
                if (code := self._draw(ends)) is not None:
                    return code
                self._release()
                if keys.descriptor in ready:
                    self._pressed(keys)
                self._screen.below(self._below())

    # -- below: what comes in ------------------------------------------------------------------------------------
    def _read(self, after: int) -> None:
        """In a thread of its own: the stream, for as long as the process lives."""
        try:
            query: dict[str, Any] = {"conversation": self._conversation, "follow": 1, "live": 1}
            for message in self._client.follow("/events", after, tell=self._hand, **query):
                self._hand(message)
        except Exception as error:  # it is raised where it is read
            self._hand(error)

    def _hand(self, what: Message | str | BaseException) -> None:
        self._came.put(what)
        with contextlib.suppress(OSError):
            os.write(self._wake, b"!")

    def _draw(self, ends: Ends) -> int | None:
        for _ in range(AT_ONCE):
            try:
                came = self._came.get_nowait()
            except queue.Empty:
                return None
            if isinstance(came, BaseException):
                raise came
            if isinstance(came, str):
                self._screen.note((came, "yellow"))
            elif came.event == "live":
                self._drawing.live(json.loads(came.data))
            elif came.id is not None and came.event != "caught-up":
                envelope = json.loads(came.data)
                self._take(envelope)
                if (code := ends(envelope)) is not None:
                    return code
        return None

    def _take(self, envelope: Mapping[str, Any]) -> None:
        self._drawing.event(envelope)
        data, kind = envelope.get("data") or {}, envelope.get("type")
        if kind == "turn.started":
            self._begun = envelope["at"] / 1e6
        elif kind == "turn.ended":
            self._begun = None
        elif kind == "approval.requested":
            self._asking.add(data["approval"], data)
        elif kind in ("approval.decided", "approval.withdrawn"):
            self._asking.remove(data["approval"])

    def _release(self) -> None:
        """Text that waited for a tool long enough comes although the tool goes on."""
        if not self._drawing.held:
            self._held_since = None
        elif self._held_since is None:
            self._held_since = time.monotonic()
        elif time.monotonic() > self._held_since + LATE:
            self._drawing.release()

    # -- below: what the user does -------------------------------------------------------------------------------
    def _pressed(self, keys: Keys) -> None:
        for key in keys.read():
            if key == LEAVE:
                raise KeyboardInterrupt
            if answer := self._asking.key(key):
                self._tell(answer)
                keys.forget()  # the next question is answered by the next key
                return

    def _tell(self, answer: Answer) -> None:
        try:
            self._other.post(f"/approvals/{part(answer.approval)}", answer.body)
        except CliError as error:
            self._screen.note((f"  {one_line(str(error), 300)}", "red"))
            if error.code == USAGE:
                self._asking.again()

    def _below(self) -> list[Line]:
        if asked := self._asking.lines(columns() - 1):
            return asked
        return [*((f"→ {one}", "cyan") for one in self._screen.calls[-3:]), self._state()]

    def _state(self) -> Line:
        if self._begun is None:
            return "○ waiting for a turn · Ctrl+C leaves", "dim"
        seconds = max(0, int(time.time() - self._begun))
        long = columns() >= 60
        return f"{_PULSE[seconds % 4]} {span(seconds)} · Ctrl+C leaves" + (
            " it running" if long else ""
        ), "dim"
