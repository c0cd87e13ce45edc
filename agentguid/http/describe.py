"""What the daemon says about itself: `healthz`, `metrics`, `openapi.json`, `docs`."""

from functools import lru_cache
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.di import NamedDependency

from agentguid.http.parts import Parts
from agentguid.http.site import site_of
from agentguid.project import conversations

PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `error` is the sentence to show; `field` names a field that is wrong.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "error": {"type": "string"},
        "field": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail", "error"],
}
FAILED = {
    "description": "Any failure.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
VERBS = ("get", "post", "put", "patch", "delete")


@get("/healthz", include_in_schema=False, sync_to_thread=False)
def healthz() -> Response[dict[str, str]]:
    """Answers once the log is open and the port is served; both come before this."""
    return Response({"status": "ok"})


@get("/metrics", include_in_schema=False, sync_to_thread=False)
def metrics(parts: NamedDependency[Parts]) -> Response[str]:
    """Figures for Prometheus."""
    figures = (
        ("agentguid_log_position", "counter", "Position of the last event", parts.feed.position),
        ("agentguid_agents_live", "gauge", "Agents with a live process", len(parts.presence)),
        (
            "agentguid_approvals_waiting",
            "gauge",
            "Undecided approvals",
            conversations.waiting_total(parts.reader),
        ),
    )
    lines = [
        f"# HELP {name} {text}\n# TYPE {name} {kind}\n{name} {value}\n" for name, kind, text, value in figures
    ]
    return Response("".join(lines), media_type="text/plain; version=0.0.4; charset=utf-8")


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The API's description. Made when it is first asked for."""
    return Response(_encoded(request.app), media_type="application/json")


@get("/docs", include_in_schema=False, sync_to_thread=False)
def docs(request: Request[Any, Any, Any]) -> Response[str]:
    """The same for people: a list."""
    schema = request.app.openapi_schema.to_schema()
    routes = [
        (
            verb.upper(),
            path,
            (operation.get("description") or operation.get("summary") or "").partition("\n")[0],
        )
        for path, operations in sorted(schema["paths"].items())
        for verb, operation in operations.items()
        if verb in VERBS
    ]
    return Response(site_of(request).page("login/docs.html", routes=routes), media_type="text/html")


@lru_cache(maxsize=4)
def _encoded(app: Litestar) -> bytes:
    schema = app.openapi_schema.to_schema()
    schema["components"]["schemas"]["Problem"] = PROBLEM
    for operations in schema["paths"].values():
        for operation in operations.values():
            good = {status: answer for status, answer in operation["responses"].items() if status < "4"}
            operation["responses"] = {**good, "default": FAILED}
    schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"token": []}]
    return msgspec.json.encode(schema)
