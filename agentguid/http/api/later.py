"""Routes of the reference that this version does not serve. They say so (410), instead of a 404 that says nothing."""

from typing import Any

from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.types import Method

from agentguid.http import problems

METHODS: list[Method] = ["GET", "POST", "PUT", "PATCH", "DELETE"]
GONE: dict[str, tuple[str, ...]] = {
    "the Agent Connect Protocol is not served yet; use /conversations": ("/runs", "/threads"),
    "files are not served yet": ("/upload", "/image", "/conversations/{conversation_id:str}/files"),
    "git is not served yet": ("/git", "/clone", "/conversations/{conversation_id:str}/git"),
    "scripts are not run yet": (
        "/conversations/{conversation_id:str}/scripts",
        "/conversations/{conversation_id:str}/run-script",
        "/conversations/{conversation_id:str}/stop-script",
        "/conversations/{conversation_id:str}/script-status",
    ),
    "speech is not there yet": ("/stt", "/tts", "/tts-stream", "/voices", "/speech-status"),
    "models are not managed yet": ("/models", "/metrics"),
    "this is not there yet": ("/search", "/usage", "/digest", "/storage"),
}


def _handler(reason: str, path: str) -> HTTPRouteHandler:
    @route(
        [path, f"{path}/{{rest:path}}"],
        http_method=METHODS,
        include_in_schema=False,
        sync_to_thread=False,
    )
    def gone(request: Request[Any, Any, Any]) -> Response[bytes]:
        body = problems.body(410, reason, path=request.scope["path"])
        return Response(body, status_code=410, media_type=problems.MEDIA_TYPE)

    return gone


LATER = [_handler(reason, path) for reason, paths in GONE.items() for path in paths]
