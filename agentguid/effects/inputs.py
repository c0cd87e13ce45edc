"""What an agent should be given next: derived from the read models and the tape, never remembered."""

import asyncio
from collections.abc import Sequence

import apsw
from msgspec.structs import replace

from agentguid.agents.base import Adapter, Answer, File, Prompt, Write
from agentguid.agents.offers import Offer
from agentguid.append import read
from agentguid.append.blobs import Blobs
from agentguid.effects.parts import EffectParts
from agentguid.project import conversations, turns
from agentguid.project.approvals import Approval
from agentguid.protocol.errors import LogBroken
from agentguid.protocol.events import ApprovalDecided, MessageEdited, MessageQueued, TurnStarted
from agentguid.protocol.items import Body

LOOKED = 8
"""Turns before one that are looked at for what they chose."""
LOST = "The changed arguments were lost with their file. Ask again."


def unwanted(parts: EffectParts, conversation: str) -> bool:
    """Its agent is to stop. Not while the read models are being made anew: then nothing is concluded."""
    if not parts.current(conversation):
        return False
    row = conversations.get(parts.reader, conversation)
    return row is None or row.stopping or row.deleted


def started(db: apsw.Connection, turn: str) -> TurnStarted | None:
    """What a turn was started with."""
    row = turns.get(db, turn)
    event = row and read.at(db, [row.position])[row.position].event
    return event if isinstance(event, TurnStarted) else None


async def prompt(parts: EffectParts, event: TurnStarted) -> Prompt | None:
    """The prompt of a turn, whole; None: a part of it is gone."""
    said = await whole(parts.blobs, event.body)
    if said is None:
        return None
    offer = parts.agents.offer(event.agent) or Offer()
    given = dropped(parts.reader, event, offer)
    return Prompt(event.turn, said[0], event.model, event.mode, said[1], event.options, given, offer.ways)


def dropped(db: apsw.Connection, event: TurnStarted, offer: Offer) -> dict[str, str]:
    """See `base.Prompt`: of the turns since the last one that came to its end, for after that what is dropped was set back."""
    own = {"model": offer.model, **{one.id: one.own for one in offer.options}}
    chosen = set[str]()
    for row in turns.earlier(db, event.turn, LOOKED):
        before = started(db, row.id)
        chosen.update(before.options if before else (), ["model"] if row.model else ())
        if row.status == "complete":
            break
    given = {*event.options, *(["model"] if event.model else ())}
    return {name: own.get(name, "") for name in chosen - given}


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


async def answer(db: apsw.Connection, blobs: Blobs, adapter: Adapter, approval: Approval) -> Sequence[Write]:
    """The user's decision, as the agent wants to hear it; nothing while undecided or when it does not ask any more.

    Arguments that the user changed are only read for who still asks.
    """
    event = approval.decided and read.at(db, [approval.decided])[approval.decided].event
    if not isinstance(event, ApprovalDecided):
        return []
    said = Answer(approval.id, event.decision, event.message, event.option, None, event.answers)
    writes = adapter.answer(said)
    if not writes or not event.input:
        return writes
    found = await whole(blobs, event.input)
    if found is None:  # what the user changed is lost: the agent is told no
        return adapter.answer(Answer(approval.id, "reject_once", LOST, None, None))
    return adapter.answer(replace(said, input=found[0].text.encode()))
