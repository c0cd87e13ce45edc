"""Recordings of a genuine agent, as the tape of a host would hold them.

A recording is NDJSON: {"t": ms, "dir": "meta" | "in" | "out" | "err" | "exit", "line": text}; each `meta` begins a process.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from agentguid.agents.base import Line
from agentguid.protocol.ids import item_id

FOLDER = Path(__file__).with_name("transcripts")
NAMES = sorted(path.name.removesuffix(".ndjson.gz") for path in FOLDER.glob("*.ndjson.gz"))
HOST = "h"
STEERED = "m2"
"""The message that recordings steer into a turn: its uuid is made of this."""
FRAME = 24
"""Bytes that a record has before its payload on the tape of these tests."""


def processes(name: str) -> list[list[dict[str, Any]]]:
    """The records of each process of a recording."""
    found: list[list[dict[str, Any]]] = []
    with gzip.open(FOLDER / f"{name}.ndjson.gz", "rt", encoding="utf-8") as file:
        for raw in file:
            record = json.loads(raw)
            if record["dir"] == "meta":
                found.append([])
            else:
                found[-1].append(record)
    return found


def tape(records: list[dict[str, Any]]) -> Iterator[Line]:
    """The lines of one process with offsets, and the ids that the daemon gives to its inputs."""
    offset, turn, approvals = 0, 0, dict[str, str]()
    for record in records:
        direction, text = record["dir"], record["line"]
        value = parsed(text)
        request = value.get("request_id", "")
        if direction == "out" and (value.get("request") or {}).get("subtype") == "can_use_tool":
            approvals[request] = item_id(HOST, offset)
        if direction == "in" and value.get("type") == "user" and "uuid" not in value:
            turn += 1
        yield Line(
            direction=direction,
            offset=offset,
            data=b"" if direction == "exit" else text.encode(),
            at=record["t"] * 1000,
            id=input_id(value, f"t{turn}", approvals) if direction == "in" else None,
            code=int(text) if direction == "exit" else None,
        )
        offset += FRAME + len(text.encode()) + 1


class Taping(Protocol):
    """What knows the ids that the daemon gives to what it writes in one protocol."""

    def heard(self, value: dict[str, Any], offset: int) -> None:
        """A line of the agent's."""

    def input_id(self, value: dict[str, Any]) -> str | None:
        """Of a line of ours."""


def laid(records: list[dict[str, Any]], taper: Taping) -> Iterator[Line]:
    """The same for the protocols that have recordings of their own."""
    offset = 0
    for record in records:
        direction, text = record["dir"], record["line"]
        value = parsed(text)
        if direction == "out":
            taper.heard(value, offset)
        yield Line(
            direction=direction,
            offset=offset,
            data=b"" if direction == "exit" else text.encode(),
            at=record["t"] * 1000,
            id=taper.input_id(value) if direction == "in" else None,
            code=int(text) if direction == "exit" else None,
        )
        offset += FRAME + len(text.encode()) + 1


def input_id(value: dict[str, Any], turn: str, approvals: dict[str, str]) -> str | None:
    """The id that the daemon gives to an input."""
    if value["type"] == "user" and "uuid" in value:
        return f"steer:{STEERED}"
    if value["type"] == "user":
        return f"prompt:{turn}"
    if value["type"] == "control_response":
        return f"answer:{approvals[value['response']['request_id']]}"
    match value["request"]["subtype"]:
        case "initialize":
            return "start"
        case "interrupt":
            return f"stop:{turn}"
        case "set_permission_mode" | "set_model" | "cancel_async_message":
            return f"start:{value['request_id']}"
    return None


def parsed(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def tapes() -> Iterator[tuple[str, list[Line]]]:
    """Every process of every recording, by name."""
    for name in NAMES:
        for number, records in enumerate(processes(name), 1):
            yield f"{name}-{number}" if number > 1 else name, list(tape(records))
