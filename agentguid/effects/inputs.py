"""What an agent should be given next: derived from the read models and the tape, never remembered."""

import asyncio

import apsw

from agentguid.agents.base import Adapter, Answer, File, Prompt, Write
from agentguid.append import read
from agentguid.append.blobs import Blobs
from agentguid.project import approvals, turns
from agentguid.protocol.errors import LogBroken
from agentguid.protocol.events import ApprovalDecided, MessageEdited, MessageQueued, TurnStarted
from agentguid.protocol.items import Body

LOST = "The changed arguments were lost with their file. Ask again."


def started(db: apsw.Connection, turn: str) -> TurnStarted | None:
    """What a turn was started with."""
    row = turns.get(db, turn)
    event = row and read.at(db, [row.position])[row.position].event
    return event if isinstance(event, TurnStarted) else None


async def prompt(blobs: Blobs, event: TurnStarted) -> Prompt | None:
    """The prompt of a turn, whole; None: a part of it is gone."""
    said = await whole(blobs, event.body)
    return said and Prompt(event.turn, said[0], event.model, event.mode, said[1], event.options)


async def waiting(db: apsw.Connection, blobs: Blobs, position: int) -> tuple[Body, list[File]] | None:
    """The whole of a message that waits, by the event that has it; None: it is gone."""
    event = read.at(db, [position])[position].event
    if not isinstance(event, MessageQueued | MessageEdited):
        return None
    return await whole(blobs, event.body)


async def whole(blobs: Blobs, body: Body) -> tuple[Body, list[File]] | None:
    """All that a message says, read from its files in a thread where it has some; None: a file is gone."""
    if not body.blob and not body.attached:
        return body, []
    try:
        return await asyncio.to_thread(_read, blobs, body)
    except (KeyError, OSError, LogBroken):
        return None


def _read(blobs: Blobs, body: Body) -> tuple[Body, list[File]]:
    said = Body(blobs.whole(body).decode(errors="replace"), body.type)
    return said, [File(one.name, one.type, blobs.get(one.blob)) for one in body.attached]


def answer(db: apsw.Connection, blobs: Blobs, adapter: Adapter, approval: str) -> list[Write]:
    """The user's decision, as the agent wants to hear it; nothing while undecided or when it does not ask any more."""
    row = approvals.get(db, approval)
    if row is None or not row.decided:
        return []
    event = read.at(db, [row.decided])[row.decided].event
    if not isinstance(event, ApprovalDecided):
        return []
    try:
        given = blobs.whole(event.input) if event.input else None
    except (KeyError, OSError, LogBroken):  # what the user changed is lost: the agent is told no
        return list(adapter.answer(Answer(approval, "reject_once", LOST, None, None)))
    answer = Answer(approval, event.decision, event.message, event.option, given, event.answers)
    return list(adapter.answer(answer))
