"""The table of contents of what people see."""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

from agentguid.http import forms, page_stream
from agentguid.http.pages.blobs import blob
from agentguid.http.pages.conversation import conversation_page, older_items
from agentguid.http.pages.home import home, new
from agentguid.http.pages.items import item_part, item_picture, whole_item

ROUTES: Sequence[ControllerRouterHandler] = (
    home,
    new,
    conversation_page,
    older_items,
    blob,
    item_part,
    item_picture,
    whole_item,
    page_stream.stream,
    *forms.ROUTES,
)
"""Served under BASE."""
