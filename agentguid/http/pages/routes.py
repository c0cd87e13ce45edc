"""The table of contents of what people see."""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

from agentguid.http import forms, page_stream
from agentguid.http.pages.blobs import blob
from agentguid.http.pages.conversation import conversation_page
from agentguid.http.pages.home import home, new
from agentguid.http.pages.windows import newer_items, older_items, window_items

ROUTES: Sequence[ControllerRouterHandler] = (
    home,
    new,
    conversation_page,
    older_items,
    newer_items,
    window_items,
    blob,
    page_stream.stream,
    *forms.ROUTES,
)
"""Served under BASE."""
