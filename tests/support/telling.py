"""Histories told without a daemon: sessions, their facts, and those in a few words."""

from pathlib import Path
from typing import Any

from agentguid.agents.histories.heads import head
from agentguid.agents.histories.places import found
from agentguid.effects.import_jobs import Batch, Read
from agentguid.effects.import_telling import Telling
from agentguid.protocol import events as e
from agentguid.protocol import wire


def sessions(home: Path, source: str) -> dict[str, Any]:
    return {one.id: head(one) for one in found({"HOME": str(home)}, home / "copies", (source,))}


def beside(root: Path) -> tuple[str, str]:
    """Where blobs and copies go."""
    return str(root / "blobs"), str(root / "copies")


def batches(session: Any, tmp_path: Path, offset: int = 0, carry: bytes = b"") -> list[Batch]:
    return list(Telling(Read(session, offset, carry, None, *beside(tmp_path))).run())


def told(session: Any, tmp_path: Path) -> list[tuple[e.Event, int, str]]:
    return [
        (wire.decode(fact.name, fact.schema, bytes(fact.data)), fact.at, fact.line)
        for batch in batches(session, tmp_path)
        for fact in batch.facts
    ]


def step(event: e.Event) -> str:
    match event:
        case e.TurnStarted(body=body):
            return f"> {body.text}"
        case e.ItemAdded(kind=kind, body=body, parent=parent):
            return f"{'  ' if parent else ''}{kind}: {body.text.strip().splitlines()[0][:60]}"
        case e.ToolStarted(name=name, parent=parent):
            return f"{'  ' if parent else ''}{name}"
        case e.ToolFinished(failed=failed, incomplete=incomplete):
            return "failed" if failed else "cut short" if incomplete else "done"
        case e.TurnEnded(outcome=outcome):
            return outcome
    return type(event).__name__
