"""Reads what the browser prefers from its cookies, for everything that the request draws."""

from typing import Any

from agentguid.http.guards import cookie
from agentguid.render.preferences import given, parsed

LOOK = "agentguid-look"
"""The cookie that the settings page writes."""
LIST = "agentguid-list"
"""The cookie that the page's script writes (keys.js): which groups are closed, whether the list is hidden."""


class Preferring:
    """ASGI middleware. The cookies hold no secret, and nothing but looks follows from them."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        sent = b"; ".join(value for name, value in scope.get("headers", ()) if name.lower() == b"cookie")
        if LOOK.encode() not in sent and LIST.encode() not in sent:
            await self._app(scope, receive, send)
            return
        with given(parsed(cookie(sent, LOOK), cookie(sent, LIST))):
            await self._app(scope, receive, send)
