"""`BASE/keys`: keys of model providers. What was entered is never shown again."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from agentguid.agents import keys
from agentguid.append.keyring import Key
from agentguid.entropy import now
from agentguid.http.form_answers import fields_of
from agentguid.http.pages.common import HtmlRequest, face, frame, page
from agentguid.http.parts import Parts
from agentguid.protocol.errors import Invalid
from agentguid.render.names import agent_name
from agentguid.signin.gemini import AGENT


@get("/keys", include_in_schema=False)
async def keys_page(parts: NamedDependency[Parts]) -> Response[str]:
    """What is set, and the form for another one."""
    return draw(parts)


@post("/keys", include_in_schema=False)
async def set_key(request: HtmlRequest, parts: NamedDependency[Parts]) -> Response[Any]:
    """Sets a key; the page is drawn anew without it."""
    fields = await fields_of(request)
    agent = fields.get("agent", "")
    name = fields.get("name", "").strip()
    try:
        if agent and parts.agents.get(agent) is None:
            raise Invalid("agent", "is not one that there is")  # noqa: TRY301
        await parts.keys.set(Key(name, fields.get("value", ""), (agent,) if agent else (), now()))
    except Invalid as error:
        return draw(parts, str(error), name)
    return Redirect(face(parts).site.url("/keys"), status_code=303)


@post("/keys/{name:str}/removal", include_in_schema=False)
async def remove_key(parts: NamedDependency[Parts], name: FromPath[str]) -> Redirect:
    await parts.keys.remove(name)
    return Redirect(face(parts).site.url("/keys"), status_code=303)


def draw(
    parts: Parts, error: str = "", name: str = "", *, gemini_error: str = "", gemini_fault: str = ""
) -> Response[str]:
    """The page, with what went wrong in the place where it did."""
    with parts.reader as db:
        context: dict[str, Any] = frame(parts, db, "settings")
    answer = page(
        parts,
        "keys/page.html",
        **context,
        keys=[(key, [agent_name(agent) for agent in key.readers]) for key in parts.keys],
        known=keys.NAMES,
        agents=[(one.id, one.name) for one in parts.agents.all() if one.id != "demo"],
        error=error,
        name=name,
        gemini=of_gemini(parts, gemini_error, gemini_fault),
    )
    answer.status_code = 400 if error or gemini_error or gemini_fault else 200
    return answer


def of_gemini(parts: Parts, error: str = "", fault: str = "") -> dict[str, Any]:
    """What the section about Gemini CLI shows."""
    signin = parts.gemini
    found = parts.agents.get(AGENT)
    return {
        "account": signin.account,
        "start": signin.starts.latest(),
        "error": error or signin.status().error,
        "fault": fault,
        "installed": found is not None and found.installed,
    }


ROUTES = (keys_page, set_key, remove_key)
