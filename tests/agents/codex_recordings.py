"""Recordings of a genuine `codex app-server`, as the tape of a host would hold them. The format: `recordings`."""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from agentguid.agents.base import Launch, Line
from agentguid.agents.catalogue import CATALOGUE
from agentguid.agents.codex import CodexAdapter
from agentguid.protocol.ids import item_id
from tests.agents.recordings import FOLDER, HOST, laid, parsed

NAMES = sorted(
    f"codex-app-server/{path.name.removesuffix('.ndjson.gz')}"
    for path in (FOLDER / "codex-app-server").glob("*.ndjson.gz")
)
[ENTRY] = [entry for entry in CATALOGUE if entry.id == "codex"]
APPROVALS = ("requestApproval", "requestUserInput")


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


class Taper:
    """Gives the inputs of one process the ids that the daemon gives them."""

    def __init__(self) -> None:
        self.turn = 0
        self.waiting: dict[str, str] = {}
        """Requests of Codex → the input that answers."""

    def heard(self, value: dict[str, Any], offset: int) -> None:
        if "method" in value and "id" in value:
            asks = value["method"].endswith(APPROVALS)
            self.waiting[json.dumps(value["id"])] = (
                f"answer:{item_id(HOST, offset)}" if asks else f"auto:{offset}"
            )

    def input_id(self, value: dict[str, Any]) -> str:
        match value.get("method"):
            case None:
                return self.waiting.pop(json.dumps(value.get("id")), "auto:0")
            case "turn/start":
                self.turn += 1
                return f"prompt:t{self.turn}"
            case "turn/interrupt":
                return f"stop:t{self.turn}"
            case "turn/steer":
                return f"steer:{value['params']['clientUserMessageId']}"
            case "initialize":
                return "start"
        return f"start:{value.get('id', 'initialized')}"


def tape(records: list[dict[str, Any]]) -> Iterator[Line]:
    return laid(records, Taper())


def tapes() -> Iterator[tuple[str, list[Line]]]:
    """Every process of every recording, by name."""
    for name in NAMES:
        for number, records in enumerate(processes(name), 1):
            yield f"{name}-{number}" if number > 1 else name, list(tape(records))


def adapter_of(name: str, carry: bytes | None = None) -> CodexAdapter:
    """The adapter of a recording, started for the thread that the recording takes up."""
    launch = Launch(cwd="/work/demo", model=None, mode="ask", resume=_resumed(name))
    return CodexAdapter(ENTRY, HOST, launch, carry)


@cache
def _resumed(name: str) -> str | None:
    resumes = name.endswith(("-2", "-lost"))
    records = processes(name.removesuffix("-2"))[-1] if resumes else []
    asked = [parsed(record["line"]) for record in records if record["dir"] == "in"]
    return next(
        (str(one["params"]["threadId"]) for one in asked if one.get("method") == "thread/resume"), None
    )
