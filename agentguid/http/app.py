"""The application: its table of contents, and what stands around every handler."""

import functools
from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Request, Router, get
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from agentguid import __version__
from agentguid.http import assets, login, login_code, problems, programs, returning
from agentguid.http.api.routes import API
from agentguid.http.describe import docs, healthz, metrics, openapi
from agentguid.http.guards import Guard
from agentguid.http.headers import Headers
from agentguid.http.parts import Parts
from agentguid.http.preferring import Preferring
from agentguid.http.sync import sync
from agentguid.http.terminal import terminal
from agentguid.http.tickets import Failures
from agentguid.http.who import WHO, Who
from agentguid.protocol.errors import AgentguidError
from agentguid.settings import Settings

BODY_LIMIT = 1024 * 1024
"""Bytes of a request's body, where a route says nothing else."""

OWN: Sequence[ControllerRouterHandler] = (
    healthz,
    metrics,
    openapi,
    docs,
    sync,
    terminal,
    assets.asset,
    login.login_page,
    login.sign_in,
    login.sign_out,
    login_code.ask,
    login_code.wait,
    returning.come_back,
    Router("/api", route_handlers=API),
)
"""Under BASE, beside the pages."""


def create_app(parts: Parts) -> Litestar:
    """The application. What handlers may ask for by name is in `_dependencies`."""
    from agentguid.http.pages.routes import ROUTES  # noqa: PLC0415

    base = parts.settings.base_url
    app = Litestar(
        [Router(base or "/", route_handlers=[*OWN, *ROUTES]), *([_root(parts.settings)] if base else [])],
        dependencies=_dependencies(parts),
        exception_handlers={
            AgentguidError: problems.handle,
            HTTPException: problems.handle,
            Exception: problems.handle,
        },
        openapi_config=OpenAPIConfig(
            title="agentguid", version=__version__, render_plugins=[], use_handler_docstrings=True
        ),
        request_max_body_size=BODY_LIMIT,
        logging_config=None,
    )
    app.state.parts = parts
    parts.terminals.on_end = functools.partial(programs.ended, parts)
    app.state.guard = Guard(app.asgi_handler, parts)
    app.asgi_handler = Headers(Preferring(app.state.guard))
    return app


def _dependencies(parts: Parts) -> dict[str, Provide]:
    """By name: what every handler may ask for."""
    failures = Failures()
    return {
        "parts": Provide(lambda: parts, sync_to_thread=False),
        "failures": Provide(lambda: failures, sync_to_thread=False),
        "who": Provide(_who, sync_to_thread=False),
    }


def _who(request: Request[Any, Any, Any]) -> Who:
    """Who asks. Handlers of open paths must not depend on it."""
    found: Who = request.scope[WHO]  # type: ignore[literal-required]
    return found


def _root(settings: Settings) -> Any:
    @get("/", include_in_schema=False, sync_to_thread=False)
    def root() -> Redirect:
        return Redirect(f"{settings.base_url}/", status_code=302)

    return root
