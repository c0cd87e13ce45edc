"""The templates and URLs of the application that a request came to."""

from typing import Any

from litestar.connection import ASGIConnection

from agentguid.render.environment import Site, site
from agentguid.settings import Settings


def site_for(settings: Settings) -> Site:
    return site(settings.base_url, settings.hot_reload)


def site_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Site:
    return site_for(connection.app.state.parts.settings)
