"""What an agent that speaks JSON-RPC has in common with every other: how its tape is gone through, line by line."""

from collections.abc import Sequence
from typing import Any

from agentguid.agents import exits
from agentguid.agents.base import Line, Output
from agentguid.agents.jsonl import NotUnderstoodError
from agentguid.protocol.ids import item_id

LAST_PART = 0xFFFF
"""Part of a line's id for what closes a run of lines before it."""


class Lines:
    """A line that is not understood is shown, and costs nothing but itself."""

    host: str
    state: Any
    """Has `turn`, `unknown`, and all of `exits.LastWords`."""
    _offset: int
    _part: int
    _at: int

    def feed(self, line: Line) -> Sequence[Output]:
        self._offset, self._part, self._at = line.offset, 0, line.at
        out: list[Output] = []
        match line.direction:
            case "out":
                self._out(line, out)
            case "in":
                self._in(line, out)
            case "err":
                exits.complained(self.state, line)
            case "exit":
                self._exit(line, out)
        exits.went_on(self.state, line, out)
        return out

    def _out(self, line: Line, out: list[Output]) -> None:
        unknown = self.state.unknown
        try:
            if line.piece:
                raise NotUnderstoodError("a piece of a line that is too long")  # noqa: TRY301
            if line.data.strip():
                self._understand(line.data, out)
        except NotUnderstoodError as error:
            exits.strayed(self.state, line)
            out += unknown.add(line, self._item(), self.state.turn, str(error))
        except Exception as error:
            out += unknown.add(line, self._item(), self.state.turn, f"{type(error).__name__}: {error}")
        else:
            if unknown.run:
                out[:0] = unknown.end(item_id(self.host, line.offset, LAST_PART), self.state.turn)

    def _item(self) -> str:
        """The id of the next item that begins in this line."""
        part, self._part = self._part, self._part + 1
        return item_id(self.host, self._offset, part)

    def _understand(self, data: bytes, out: list[Output]) -> None:
        """What a line of the agent says. Raises `NotUnderstoodError`, or anything."""
        raise NotImplementedError

    def _in(self, line: Line, out: list[Output]) -> None:
        """What we wrote."""
        raise NotImplementedError

    def _exit(self, line: Line, out: list[Output]) -> None:
        """The agent has ended."""
        raise NotImplementedError
