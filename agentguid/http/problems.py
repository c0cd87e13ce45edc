"""Errors as answers: RFC 9457 problem details for programs (with `error`, one sentence), a plain page for people."""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from agentguid.http.site import site_of
from agentguid.protocol.errors import AgentguidError, Invalid, NotFound, Refused, TooBusy, TooLarge

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
NAMES = {"agent": "agentId", "cwd": "workingDirectory", "body": "content", "input": "updatedInput"}
"""What the API calls the fields of commands."""


class ProblemError(AgentguidError):
    """An answer other than 2xx that says more than its sentence."""

    def __init__(self, status: int, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.status = status
        self.extra = extra


def body(status: int, error: str, **extra: Any) -> bytes:
    """The problem document."""
    title = HTTPStatus(status).phrase
    return msgspec.json.encode(
        {"type": "about:blank", "title": title, "status": status, "detail": error, "error": error, **extra}
    )


def handle(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer to an exception that a handler, or the way to it, has raised."""
    status, sentence, extra = describe(error)
    if status >= 500 and not isinstance(
        error, TooBusy
    ):  # to be busy is no failure: the answer says when to try again
        log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    headers = dict(getattr(error, "headers", None) or {})
    if status == 503:
        headers["retry-after"] = "1"
    if wants_page(request):
        page = site_of(request).page("login/problem.html", status=status, error=sentence)
        return Response(page, status_code=status, media_type="text/html", headers=headers)
    return Response(
        body(status, sentence, **extra), status_code=status, media_type=MEDIA_TYPE, headers=headers
    )


def describe(error: Exception) -> tuple[int, str, dict[str, Any]]:
    """Status, sentence, and what else the document says."""
    match error:
        case ProblemError():
            return error.status, str(error), error.extra
        case NotFound():
            return 404, str(error), {}
        case Refused():
            return 409, str(error), {}
        case Invalid():
            field = NAMES.get(error.field, error.field)
            status = 413 if isinstance(error, TooLarge) else 400
            return status, field + str(error).removeprefix(error.field), {"field": field}
        case TooBusy():
            return 503, str(error) or "too much waits to be written; try again in a moment", {}
        case ValidationException():
            return _invalid(error)
        case HTTPException():
            return error.status_code, error.detail or HTTPStatus(error.status_code).description, {}
    return 500, "something went wrong here; the daemon's log says what", {}


def _invalid(error: ValidationException) -> tuple[int, str, dict[str, Any]]:
    found = error.extra if isinstance(error.extra, list) else []
    first: Mapping[str, Any] = next((one for one in found if isinstance(one, dict)), {})
    field, message = (
        str(first.get("key") or "body").partition("[")[0],
        str(first.get("message") or error.detail),
    )
    if missing := re.search(r"missing required field `(\w+)`", message):
        field, message = missing[1], "is missing"
    elif field == "data":
        field = "body"
    return 400, f"{field}: {message}", {"field": field}


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Whether a person looks at this, rather than a program."""
    path = request.scope["path"].removeprefix(request.app.state.parts.settings.base_url)
    return not path.startswith("/api") and "text/html" in request.headers.get("accept", "")


async def send_problem(send: Any, status: int, error: str, headers: Mapping[str, str]) -> None:
    """The same without a request handler, for what stands before them."""
    await _send(send, status, body(status, error), {"content-type": MEDIA_TYPE, **headers})


async def send_redirect(send: Any, location: str) -> None:
    await _send(send, 303, b"", {"location": location})


async def _send(send: Any, status: int, content: bytes, headers: Mapping[str, str]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    raw.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})
