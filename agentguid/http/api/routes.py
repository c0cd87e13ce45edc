"""The REST API's table of contents: what stands under BASE/api."""

from collections.abc import Sequence

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from agentguid.http.api import (
    agents,
    conversations,
    credentials,
    decisions,
    events,
    found,
    here,
    imports,
    keys,
    later,
    messages,
    pairing,
    retries,
    service,
    status,
    waiting,
    windows,
)

OF_ONE: Sequence[ControllerRouterHandler] = (
    conversations.get_conversation,
    conversations.change_conversation,
    conversations.delete_conversation,
    messages.list_messages,
    messages.send_message,
    messages.get_message,
    messages.stream_message,
    messages.cancel,
    retries.retry,
    retries.cancel_retry,
    messages.resume,
    messages.inject,
    waiting.list_queue,
    waiting.reorder_queue,
    waiting.steer_queued,
    waiting.release_queue,
    waiting.edit_queued,
    waiting.remove_queued,
    windows.full,
    windows.list_chunks,
    windows.latest_session,
    agents.commands,
)
"""Of the conversation that the path names."""
API: Sequence[ControllerRouterHandler] = (
    conversations.list_conversations,
    conversations.create_conversation,
    Router(
        "/", route_handlers=OF_ONE, dependencies={"conversation": Provide(found.find, sync_to_thread=False)}
    ),
    windows.get_session,
    windows.session_chunks,
    windows.execution,
    decisions.list_approvals,
    decisions.decide,
    agents.list_agents,
    agents.search_agents,
    agents.rescan,
    agents.get_agent,
    agents.descriptor,
    agents.models,
    credentials.issue_ticket,
    credentials.list_tokens,
    credentials.create_token,
    credentials.revoke_token,
    credentials.list_devices,
    credentials.revoke_device,
    pairing.sign_in_request,
    pairing.answer_sign_in,
    keys.list_keys,
    keys.set_key,
    keys.remove_key,
    here.home,
    here.list_folders,
    here.create_folder,
    *imports.ROUTES,
    status.status,
    status.version,
    status.rebuild,
    service.list_settings,
    service.shutdown,
    events.events,
    *later.LATER,
)
