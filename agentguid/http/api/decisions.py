"""`/approvals`: what agents ask permission for, and the answer."""

from hashlib import sha256
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from agentguid.append import read
from agentguid.append.api import Receipt
from agentguid.decide.answers import plain
from agentguid.http.api.conversations import key_of
from agentguid.http.api.shapes import Given, Shape, Waiting, millis
from agentguid.http.form_questions import of_input, of_json
from agentguid.http.parts import Parts
from agentguid.http.problems import ProblemError
from agentguid.http.who import Who
from agentguid.project import approvals, conversations
from agentguid.protocol import commands
from agentguid.protocol.errors import Invalid, NotFound, Refused
from agentguid.protocol.events import ApprovalDecided, ApprovalRequested, ApprovalWithdrawn, Recorded
from agentguid.protocol.items import Body, Decision, Reply


class Approvals(Shape, frozen=True):
    approvals: list[Waiting]
    """Oldest first."""
    total: int


class Answer(Given):
    decision: Decision
    message: str | None = None
    """For the agent, on a rejection."""
    option_id: str | None = None
    """The agent's own option, where it offered some."""
    updated_input: dict[str, Any] | None = None
    """The arguments as the user changed them."""
    answers: dict[str, Any] | None = None
    """To its questions, by their ids: a label, a list of labels, or `{"chosen": […], "words": "…"}`."""
    idempotency_key: str | None = None


class Settled(Shape, frozen=True):
    ok: bool
    id: str
    decision: Decision
    conversation_id: str


@get("/approvals", sync_to_thread=False)
def list_approvals(
    parts: NamedDependency[Parts],
    conversation: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
    after: FromQuery[int] = 0,
) -> Approvals:
    """What waits for a decision; the next ones are `after` the position of the last."""
    rows = approvals.pending(parts.reader, conversation, max(1, min(limit, 500)), max(0, min(after, 2**62)))
    asked = read.at(parts.reader, [row.position for row in rows])
    return Approvals(
        [_waiting(row, asked[row.position].event, asked[row.position].at) for row in rows],
        conversations.waiting_total(parts.reader),
    )


@post("/approvals/{approval_id:str}", status_code=200)
async def decide(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    approval_id: FromPath[str],
    data: JSONBody[Answer],
) -> Settled:
    """Decides, once: a second answer is told the first one (409)."""
    row = approvals.get(parts.reader, approval_id)
    if row is None:
        raise NotFound(f"there is no approval {approval_id}")
    changed, answers = _given(parts, row, data)
    if data.message is not None and len(data.message) > 100_000:
        raise Invalid("message", "must not be longer than 100,000 characters")
    command = commands.DecideApproval(
        conversation=row.conversation,
        approval=row.id,
        decision=data.decision,
        message=data.message,
        option=data.option_id,
        input=changed,
        answers=answers,
    )
    key = key_of(request, data.idempotency_key)
    try:
        receipt = await parts.dispatch(command, actor=who.actor, key=key and f"decide:{row.id}:{key}")
    except NotFound:
        raise
    except Refused as refused:
        raise _earlier(parts, row.id, refused) from None
    if receipt.repeated and not _said(parts, receipt, command):
        raise _earlier(parts, row.id, Refused("this key came with another decision before"))
    return Settled(True, row.id, data.decision, row.conversation)


def _given(parts: Parts, row: approvals.Approval, data: Answer) -> tuple[Body | None, dict[str, Reply]]:
    """The changed arguments, and the answers: these may also come in the arguments, as Claude Code's client has them."""
    asked = read.at(parts.reader, [row.position])[row.position].event
    questions = asked.questions if isinstance(asked, ApprovalRequested) else []
    answers = of_json(questions, data.answers) if data.answers is not None else None
    if data.updated_input is None:
        return None, answers or {}
    if questions and answers is None:
        answers = of_input(questions, data.updated_input)
    if answers is not None:
        return None, answers
    return Body(msgspec.json.encode(data.updated_input).decode(), "application/json"), {}


def _said(parts: Parts, receipt: Receipt, command: commands.DecideApproval) -> bool:
    """Whether what was recorded for the key is this decision."""
    recorded = read.at(parts.reader, [receipt.first]).get(receipt.first)
    event = recorded.event if recorded else None
    if not isinstance(event, ApprovalDecided):
        return False
    answers = {name: said for name, reply in command.answers.items() if (said := plain(reply)) != Reply()}
    wanted = (command.decision, command.option, command.message)
    return (
        (event.decision, event.option, event.message) == wanted
        and event.answers == ({} if command.decision.startswith("reject") else answers)
        and _same(event.input, command.input)
    )


def _same(kept: Body | None, given: Body | None) -> bool:
    """Whether this is what the log has, or what is a blob beside it."""
    if kept and given and kept.blob:
        return kept.blob == sha256(given.text.encode()).hexdigest()
    return kept == given


def _earlier(parts: Parts, approval: str, refused: Refused) -> Exception:
    """The 409, with what was decided before."""
    recorded = settled(parts, approval)
    if recorded is None:
        return refused
    at = millis(recorded.at)
    match recorded.event:
        case ApprovalDecided(decision=decision, message=message):
            return ProblemError(
                409,
                f"this was decided before: {decision}",
                decision=decision,
                message=message,
                decided_at=at,
                decidedBy=recorded.actor,
            )
        case ApprovalWithdrawn(reason=reason):
            return ProblemError(
                409, f"this was withdrawn: {reason}", decision=None, reason=reason, decided_at=at
            )
    return refused


def settled(parts: Parts, approval: str) -> Recorded | None:
    """How a request was decided, or that it was withdrawn; None while it waits."""
    row = approvals.get(parts.reader, approval)
    return read.at(parts.reader, [row.decided]).get(row.decided) if row and row.decided else None


def _waiting(row: approvals.Approval, event: object, at: int) -> Waiting:
    known = event if isinstance(event, ApprovalRequested) else None
    return Waiting(
        id=row.id,
        conversation_id=row.conversation,
        session_id=row.turn,
        item_id=row.item,
        tool=row.tool,
        input=known.input if known else Body(""),
        options=[{"id": one.id, "kind": one.kind, "name": one.name} for one in known.options]
        if known
        else [],
        reason=known.reason if known else None,
        questions=known.questions if known else [],
        created_at=millis(at),
        position=row.position,
    )
