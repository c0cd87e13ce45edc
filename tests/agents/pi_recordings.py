"""Recordings of a genuine `pi --mode rpc`, as the tape of a host would hold them. The format: `recordings`."""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from agentguid.agents.base import Launch, Line
from agentguid.agents.catalogue import CATALOGUE
from agentguid.agents.pi import PiAdapter
from agentguid.agents.pi_asks import DIALOGS
from agentguid.protocol.ids import item_id
from tests.agents.recordings import FOLDER, HOST, laid

NAMES = sorted(
    f"pi-rpc/{path.name.removesuffix('.ndjson.gz')}" for path in (FOLDER / "pi-rpc").glob("*.ndjson.gz")
)
[ENTRY] = [entry for entry in CATALOGUE if entry.id == "pi"]


def processes(name: str) -> list[list[dict[str, Any]]]:
    """The records of each process of a recording; the first of each says how it was started."""
    found: list[list[dict[str, Any]]] = []
    with gzip.open(FOLDER / f"{name}.ndjson.gz", "rt", encoding="utf-8") as file:
        for raw in file:
            record = json.loads(raw)
            if record["dir"] == "meta":
                found.append([])
            found[-1].append(record)
    return found


class Taper:
    """Gives the inputs of one process the ids that the daemon gives them."""

    def __init__(self) -> None:
        self.waiting: dict[str, str] = {}
        """Dialogs of Pi → the input that answers."""
        self.probing = 0
        """Where the line is that made us ask how it stands."""

    def heard(self, value: dict[str, Any], offset: int) -> None:
        self.probing = offset
        if value.get("type") == "extension_ui_request" and value.get("method") in DIALOGS:
            self.waiting[value["id"]] = f"answer:{item_id(HOST, offset)}"

    def input_id(self, value: dict[str, Any]) -> str:
        name = str(value.get("id"))
        if value["type"] == "extension_ui_response":
            return self.waiting.pop(name, "auto:0")
        return f"auto:{self.probing}" if name.startswith("probe:") else name


def tape(records: list[dict[str, Any]]) -> Iterator[Line]:
    return laid(records[1:], Taper())


def tapes() -> Iterator[tuple[str, list[Line]]]:
    """Every process of every recording, by name."""
    for name in NAMES:
        for number, records in enumerate(processes(name), 1):
            yield f"{name}-{number}" if number > 1 else name, list(tape(records))


def adapter_of(name: str, carry: bytes | None = None) -> PiAdapter:
    """The adapter of a recording, started for the session that the recording takes up."""
    launch = Launch(cwd="/work/demo", model=None, mode="ask", resume=resumed(name))
    return PiAdapter(ENTRY, HOST, launch, carry)


@cache
def resumed(name: str) -> str | None:
    stem, number = (name, "1") if name in NAMES else (name[:-2], name[-1])
    argv = json.loads(processes(stem)[int(number) - 1][0]["line"])["argv"]
    return str(argv[argv.index("--session") + 1]) if "--session" in argv else None
