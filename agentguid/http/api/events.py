"""`/events`: the log itself, as a stream."""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromQuery
from litestar.response import Stream

from agentguid.append import read
from agentguid.http.parts import Parts
from agentguid.project import conversations
from agentguid.protocol.errors import Invalid, NotFound, Refused
from agentguid.stream.events import Wanted, messages


@get(
    "/events", responses={200: ResponseSpec(bytes, description="The stream.", media_type="text/event-stream")}
)
async def events(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    after: FromQuery[int] = 0,
    conversation: FromQuery[str | None] = None,
    types: FromQuery[str] = "",
    follow: FromQuery[bool] = False,
    live: FromQuery[bool] = False,
) -> Stream:
    """Events after a position: server-sent events, or NDJSON when `Accept` asks for it. `Last-Event-ID` beats `after`.

    With `follow=1` the stream goes on with what happens; `caught-up` says when the past has been told.
    """
    ndjson = "application/x-ndjson" in request.headers.get("accept", "")
    start = _start(parts, request.headers.get("last-event-id"), after)
    if live and not conversation:
        raise Invalid("live", "is of one conversation; name it with conversation=ID")
    wanted = Wanted(
        start,
        _conversation(parts, conversation) if conversation else None,
        [one for one in types.split(",") if one],
        follow,
        live,
    )
    stream = messages(parts.reader, parts.feed, parts.live, wanted, "ndjson" if ndjson else "sse")
    media_type = "application/x-ndjson" if ndjson else "text/event-stream"
    return Stream(stream, media_type=media_type, headers={"x-accel-buffering": "no"})


def _start(parts: Parts, last: str | None, after: int) -> int:
    """The position to start from. One that the log has not reached is another log's."""
    start = int(last) if last and last.isascii() and last.isdigit() else after
    if start < 0:
        raise Invalid("after", "must not be negative")
    if start > parts.feed.position and start > read.last(parts.reader):
        raise Refused(f"position {start} is beyond this log's end; start again from 0")
    return start


def _conversation(parts: Parts, wanted: str) -> str:
    """The conversation that is meant; deleted ones too, while their events are there."""
    if conversations.get(parts.reader, wanted):
        return wanted
    found = conversations.find(parts.reader, wanted) if len(wanted) >= 4 else []
    if len(found) != 1:
        raise (
            NotFound(f"there is no conversation {wanted}")
            if not found
            else Refused(f"{wanted} is the beginning of several conversations: {', '.join(found)}")
        )
    return found[0]
