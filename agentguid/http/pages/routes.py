"""The table of contents of what people see."""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

from agentguid.http import form_approvals, form_queue, forms, page_stream
from agentguid.http.pages.blobs import blob
from agentguid.http.pages.conversation import conversation_page, older_items
from agentguid.http.pages.home import home, new
from agentguid.http.pages.inbox import inbox

ROUTES: Sequence[ControllerRouterHandler] = (
    home,
    new,
    inbox,
    conversation_page,
    older_items,
    blob,
    page_stream.stream,
    *forms.ROUTES,
    *form_queue.ROUTES,
    *form_approvals.ROUTES,
)
"""Served under BASE."""
