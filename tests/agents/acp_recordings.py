"""Recordings of genuine agents that speak ACP, as the tape of a host would hold them. The format: `recordings`.

Of Qwen's half a megabyte of commands all but `simple` hold the first two only.
"""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from agentguid.agents.acp import AcpAdapter
from agentguid.agents.base import Launch, Line
from agentguid.agents.catalogue import CATALOGUE, Entry
from agentguid.protocol.ids import item_id
from tests.agents.recordings import FOLDER, HOST, laid, parsed

NAMES = sorted(
    f"{path.parent.name}/{path.name.removesuffix('.ndjson.gz')}" for path in FOLDER.glob("*-acp/*.ndjson.gz")
)
ENTRIES = {entry.id: entry for entry in CATALOGUE}
CLAUDE = Entry(id="claude-agent-acp", name="Claude Agent", icon="", protocol="acp", dialect="acp")
"""Not in the catalogue, because agentguid speaks Claude Code's own protocol."""
SETTING = ("session/set_mode", "session/set_model", "session/set_config_option")


def entry_of(name: str) -> Entry:
    folder = name.partition("/")[0]
    return ENTRIES.get(folder) or ENTRIES.get(folder.removesuffix("-acp"), CLAUDE)


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
        self.sessions = 0
        self.waiting: dict[str, str] = {}
        """Requests of the agent → the input that answers."""

    def heard(self, value: dict[str, Any], offset: int) -> None:
        if "method" in value and "id" in value:
            kinds = {
                "session/request_permission": f"answer:{item_id(HOST, offset)}",
                "fs/write_text_file": f"serve:{offset}",
                "fs/read_text_file": f"serve:{offset}",
            }
            self.waiting[json.dumps(value["id"])] = kinds.get(value["method"], f"auto:{offset}")

    def input_id(self, value: dict[str, Any]) -> str:
        method = value.get("method")
        if method is None:
            return self.waiting.pop(json.dumps(value.get("id")), "auto:0")
        if method == "session/prompt":
            self.turn += 1
            return f"prompt:t{self.turn}"
        if method == "session/cancel":
            return f"stop:t{self.turn}"
        if method in SETTING:
            return f"start:{value['id']}-t{self.turn + 1}"
        if method == "initialize":
            return "start"
        self.sessions += 1
        return "start:session" if self.sessions == 1 else f"start:session-{self.sessions}"


def tape(records: list[dict[str, Any]]) -> Iterator[Line]:
    return laid(records, Taper())


def tapes() -> Iterator[tuple[str, list[Line]]]:
    """Every process of every recording, by name."""
    for name in NAMES:
        for number, records in enumerate(processes(name), 1):
            yield f"{name}-{number}" if number > 1 else name, list(tape(records))


def adapter_of(name: str, carry: bytes | None = None) -> AcpAdapter:
    """The adapter of a recording, started for the session that the recording takes up."""
    launch = Launch(cwd="/work/demo", model=None, mode="ask", resume=_resumed(name))
    return AcpAdapter(entry_of(name), HOST, launch, carry)


@cache
def _resumed(name: str) -> str | None:
    if not name.endswith("-2"):
        return None
    [params] = [
        value["params"]
        for record in processes(name.removesuffix("-2"))[1]
        if (value := parsed(record["line"])).get("method") in ("session/load", "session/resume")
    ]
    return str(params["sessionId"])
