"""The user's answers to what agents ask."""

from hashlib import blake2b

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath

from agentguid.append import read
from agentguid.http.api.decisions import settled
from agentguid.http.form_answers import Answer, done, fields_of, refusal, texts
from agentguid.http.form_questions import of_form
from agentguid.http.pages.common import HtmlRequest, actor, face
from agentguid.http.parts import Parts
from agentguid.http.problems import ProblemError
from agentguid.project import approvals
from agentguid.protocol import commands
from agentguid.protocol.errors import AgentguidError, Invalid, NotFound, Refused
from agentguid.protocol.events import ApprovalRequested
from agentguid.protocol.items import Decision, Option
from agentguid.render.asks import OPTIONS, SAID, answer
from agentguid.render.text import clip


@post("/conversations/{conversation_id:str}/approvals/{approval:str}", include_in_schema=False)
async def decide(
    request: HtmlRequest,
    conversation_id: FromPath[str],
    approval: FromPath[str],
    parts: NamedDependency[Parts],
) -> Answer:
    """The user's answer, by the option that the agent offered, and with it the answers to its questions."""
    form, fields = await request.form(), await fields_of(request)
    try:
        asked = _asked(parts, approval)
        option, own = _option(asked, fields.get("option", ""))
        command = commands.DecideApproval(
            conversation=conversation_id,
            approval=approval,
            decision=option.kind,
            option=option.id if own else None,
            message=(fields.get("message", "").strip() or None) if _denies(option.kind) else None,
            answers={} if _denies(option.kind) else of_form(asked.questions, lambda name: texts(form, name)),
        )
        said = blake2b(msgspec.json.encode((option.id, command.message, command.answers)), digest_size=8)
        await parts.dispatch(command, actor=actor(request), key=f"decide-{approval}-{said.hexdigest()}")
    except AgentguidError as error:
        return await refusal(request, parts, conversation_id, _earlier(parts, approval, error))
    back = face(parts).site.url("/inbox") if fields.get("back") == "inbox" else None
    return done(request, parts, conversation_id, back)


def _earlier(parts: Parts, approval: str, error: AgentguidError) -> AgentguidError:
    """What was answered before, from elsewhere, if that is why."""
    if isinstance(error, NotFound) or not isinstance(error, Refused):
        return error
    before = settled(parts, approval)
    words = answer(before, _asked(parts, approval)) if before else None
    return ProblemError(409, f"This was answered before: {clip(words, SAID)}") if words else error


def _asked(parts: Parts, approval: str) -> ApprovalRequested:
    row = approvals.get(parts.reader, approval)
    event = read.at(parts.reader, [row.position])[row.position].event if row else None
    if not isinstance(event, ApprovalRequested):
        raise NotFound("there is no such request")
    return event


def _option(asked: ApprovalRequested, chosen: str) -> tuple[Option, bool]:
    """What was chosen, and whether it is the agent's own."""
    found = next((option for option in asked.options or OPTIONS if option.id == chosen), None)
    if found is None:
        raise Invalid("option", "is not one of the answers to this request")
    return found, bool(asked.options)


def _denies(decision: Decision) -> bool:
    return decision in ("reject_once", "reject_always")


ROUTES = (decide,)
