"""The table of contents of what people see."""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

from agentguid.http import form_approvals, form_queue, form_retries, forms, page_stream
from agentguid.http.pages import agents, attachments, gemini, keys, start
from agentguid.http.pages.blobs import blob
from agentguid.http.pages.conversation import conversation_page
from agentguid.http.pages.devices import devices, invite, revoke, revoke_program
from agentguid.http.pages.home import home
from agentguid.http.pages.imports import import_page, import_progress, import_these, watch_these
from agentguid.http.pages.inbox import inbox
from agentguid.http.pages.items import item_part, item_picture, whole_item
from agentguid.http.pages.listing import listing_page
from agentguid.http.pages.pairing import answer, approval
from agentguid.http.pages.settings import choose, settings_page
from agentguid.http.pages.windows import newer_items, older_items, window_items

ROUTES: Sequence[ControllerRouterHandler] = (
    home,
    *start.ROUTES,
    inbox,
    import_page,
    import_progress,
    import_these,
    watch_these,
    conversation_page,
    *attachments.ROUTES,
    older_items,
    devices,
    invite,
    revoke,
    revoke_program,
    approval,
    answer,
    newer_items,
    window_items,
    blob,
    listing_page,
    settings_page,
    choose,
    *keys.ROUTES,
    *gemini.ROUTES,
    *agents.ROUTES,
    item_part,
    item_picture,
    whole_item,
    page_stream.stream,
    *forms.ROUTES,
    *form_queue.ROUTES,
    *form_retries.ROUTES,
    *form_approvals.ROUTES,
)
"""Served under BASE."""
