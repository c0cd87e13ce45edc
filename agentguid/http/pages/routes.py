"""The table of contents of what people see."""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

from agentguid.http import forms, page_stream
from agentguid.http.pages.blobs import blob
from agentguid.http.pages.conversation import conversation_page, older_items
from agentguid.http.pages.devices import devices, invite, revoke, revoke_program
from agentguid.http.pages.home import home, new

ROUTES: Sequence[ControllerRouterHandler] = (
    home,
    new,
    conversation_page,
    older_items,
    devices,
    invite,
    revoke,
    revoke_program,
    blob,
    page_stream.stream,
    *forms.ROUTES,
)
"""Served under BASE."""
