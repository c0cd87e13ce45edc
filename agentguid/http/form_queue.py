"""The forms of the queue: messages that wait are changed, moved and removed; what is held back is sent."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath

from agentguid.http.form_answers import BODY, Answer, carry_out, fields_of, refusal, text_of
from agentguid.http.pages.common import HtmlRequest
from agentguid.http.parts import Parts
from agentguid.project import queue
from agentguid.protocol import commands
from agentguid.protocol.errors import Invalid, Refused
from agentguid.protocol.items import Body

Web = HtmlRequest
Dep = NamedDependency[Parts]
GONE = "This message does not wait any more: it has gone to the agent, or was removed."


@post(
    "/conversations/{conversation_id:str}/queue/{message:str}",
    include_in_schema=False,
    request_max_body_size=BODY,
)
async def edit(request: Web, conversation_id: FromPath[str], message: FromPath[str], parts: Dep) -> Answer:
    """Other words for a message. When it is gone already, they are kept: as the draft of a new one."""
    fields = await fields_of(request)
    try:
        command = commands.EditMessage(
            conversation=conversation_id, message=message, body=Body(text_of(fields, alone=False))
        )
    except Invalid as error:
        return await refusal(request, parts, conversation_id, error, draft=fields)
    return await carry_out(request, parts, command, draft=fields)


@post("/conversations/{conversation_id:str}/queue/{message:str}/removal", include_in_schema=False)
async def remove(request: Web, conversation_id: FromPath[str], message: FromPath[str], parts: Dep) -> Answer:
    return await carry_out(
        request, parts, commands.RemoveMessage(conversation=conversation_id, message=message)
    )


@post("/conversations/{conversation_id:str}/queue/{message:str}/place", include_in_schema=False)
async def move(request: Web, conversation_id: FromPath[str], message: FromPath[str], parts: Dep) -> Answer:
    """One place up (`by` is -1) or down (1); at the ends it stays where it is."""
    by = -1 if (await fields_of(request)).get("by") == "-1" else 1
    order = [row.message for row in queue.list(parts.reader, conversation_id)]
    if message not in order:
        return await refusal(request, parts, conversation_id, Refused(GONE))
    place = order.index(message)
    other = min(max(place + by, 0), len(order) - 1)
    order[place], order[other] = order[other], order[place]
    return await carry_out(request, parts, commands.ReorderQueue(conversation=conversation_id, order=order))


@post("/conversations/{conversation_id:str}/queue/{message:str}/steering", include_in_schema=False)
async def steer(request: Web, conversation_id: FromPath[str], message: FromPath[str], parts: Dep) -> Answer:
    """Not to wait any longer: into the turn that runs."""
    return await carry_out(
        request, parts, commands.SteerMessage(conversation=conversation_id, message=message)
    )


@post("/conversations/{conversation_id:str}/queue/release", include_in_schema=False)
async def release(request: Web, conversation_id: FromPath[str], parts: Dep) -> Answer:
    """What a failed turn holds back is sent."""
    return await carry_out(request, parts, commands.ReleaseQueue(conversation=conversation_id))


ROUTES = (release, edit, remove, move, steer)
