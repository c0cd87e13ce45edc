"""Recordings of a genuine `qwen -o stream-json PROMPT`, as the tape of a host would hold them. The format: `recordings`.

The prompt was an argument, so that no line of them went in: it is laid as the first. What was done to the process from
outside (a signal) is a `meta` in the middle of it.
"""

import gzip
import json
from collections.abc import Iterator
from typing import Any

from agentguid.agents.base import Line
from agentguid.agents.entry import Entry
from tests.agents.recordings import FOLDER, tape

NAMES = sorted(
    f"qwen-code/{path.name.removesuffix('.ndjson.gz')}" for path in (FOLDER / "qwen-code").glob("*.ndjson.gz")
)
ENTRY = Entry(id="own", name="Qwen", icon="custom", protocol="stream-json", dialect="stream_json")
"""The catalogue has Qwen Code by ACP. By stream-json it is an agent of the user's own."""


def processes(name: str) -> list[list[dict[str, Any]]]:
    """The records of each process of a recording."""
    found: list[list[dict[str, Any]]] = []
    with gzip.open(FOLDER / f"{name}.ndjson.gz", "rt", encoding="utf-8") as file:
        for raw in file:
            record = json.loads(raw)
            if record["dir"] != "meta":
                found[-1].append(record)
            elif argv := json.loads(record["line"]).get("argv"):
                found.append([{"t": 0, "dir": "in", "line": prompt(argv[-1])}])
    return found


def prompt(text: str) -> str:
    content = [{"type": "text", "text": text}]
    return json.dumps({"type": "user", "message": {"role": "user", "content": content}})


def tapes() -> Iterator[tuple[str, list[Line]]]:
    """Every process of every recording, by name."""
    for name in NAMES:
        for number, records in enumerate(processes(name), 1):
            yield f"{name}-{number}" if number > 1 else name, list(tape(records))
