"""The forms of a turn that failed: try it again now, or do not try it again by itself."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath

from agentguid.http.form_answers import Answer, carry_out, refusal
from agentguid.http.pages.common import HtmlRequest
from agentguid.http.parts import Parts
from agentguid.http.retrying import retrying
from agentguid.protocol import commands
from agentguid.protocol.errors import AgentguidError

Web = HtmlRequest
Dep = NamedDependency[Parts]


@post("/conversations/{conversation_id:str}/retry", include_in_schema=False)
async def retry(request: Web, conversation_id: FromPath[str], parts: Dep) -> Answer:
    """The last turn is tried again, now."""
    try:
        command = retrying(parts, conversation_id)
    except AgentguidError as error:
        return await refusal(request, parts, conversation_id, error)
    return await carry_out(request, parts, command)


@post("/conversations/{conversation_id:str}/retry/cancel", include_in_schema=False)
async def cancel(request: Web, conversation_id: FromPath[str], parts: Dep) -> Answer:
    """It is not tried again by itself."""
    return await carry_out(request, parts, commands.CancelRetry(conversation=conversation_id))


ROUTES = (retry, cancel)
