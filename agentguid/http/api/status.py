"""`/status`, `/version`, `/rebuild`: the daemon itself."""

import asyncio
import os
import shutil
import sys
import time
from concurrent.futures import Future
from typing import Any

import apsw
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agentguid import __version__
from agentguid.append import read
from agentguid.http.api.shapes import Given, Shape
from agentguid.http.parts import Parts
from agentguid.project import conversations, retries
from agentguid.protocol.errors import NotFound
from agentguid.protocol.ids import stream_of

STARTED = time.time()
_BESIDE = ("", "-wal")
"""What the log's file is called, and what lies beside it."""


class Version(Shape, frozen=True):
    version: str
    python: str
    sqlite: str


class InstalledAgent(Shape, frozen=True):
    id: str
    name: str
    version: str | None


class Status(Shape, frozen=True):
    version: str
    log_id: str
    position: int
    started_at: int
    uptime: int
    """Seconds."""
    live_agents: int
    """Processes of agents, at work or waiting for a message."""
    conversations: int
    """Without deleted ones."""
    running: int
    """Conversations with an open turn."""
    waiting: int
    """Those of them that wait for the user."""
    retrying: int
    """Conversations whose last turn broke off at a limit and is tried again by itself."""
    waiting_approvals: int
    trouble: list[str]
    """What keeps agentguid itself from going on with turns at this moment: a full disk, say."""
    catching_up: bool
    rebuilding: bool
    """Read models are being made anew."""
    agents: list[InstalledAgent]
    log_bytes: int
    disk_free: int
    disk_total: int
    data: str
    url: str
    pid: int


class Rebuild(Given):
    conversation: str | None = None
    """None: all."""


class Rebuilding(Shape, frozen=True):
    rebuilding: bool


@get("/version", sync_to_thread=False)
def version() -> Version:
    """Versions of the daemon and what it runs on."""
    return Version(__version__, sys.version.split()[0], apsw.sqlite_lib_version())


@get("/status")
async def status(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Status:
    """How the daemon is."""
    log_bytes, free, total = await asyncio.to_thread(_room, str(parts.settings.places.log))
    every, running, waiting = conversations.counts(parts.reader)
    return Status(
        version=__version__,
        log_id=parts.log.id,
        position=parts.feed.position,
        started_at=int(STARTED * 1000),
        uptime=int(time.time() - STARTED),
        live_agents=len(parts.presence),
        conversations=every,
        running=running,
        waiting=waiting,
        retrying=retries.total(parts.reader),
        waiting_approvals=conversations.waiting_total(parts.reader),
        trouble=parts.presence.troubles,
        catching_up=parts.presence.recovering,
        rebuilding=bool(_rebuilds(request)) or not read.all_projected(parts.reader, parts.log.signature),
        agents=[
            InstalledAgent(one.id, one.name, one.version)
            for one in parts.agents.all()
            if one.installed and (parts.settings.demo or one.id != "demo")
        ],
        log_bytes=log_bytes,
        disk_free=free,
        disk_total=total,
        data=str(parts.settings.data_dir),
        url=parts.settings.url,
        pid=os.getpid(),
    )


@post("/rebuild", status_code=202)
async def rebuild(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts], data: JSONBody[Rebuild]
) -> Rebuilding:
    """Makes the read models of a conversation, or of all, anew from the log. `/status` says when that is done."""
    stream = None if data.conversation is None else _stream(parts, data.conversation)
    done = parts.log.rebuild(stream)
    request.app.state.rebuilds = [*_rebuilds(request), done]
    return Rebuilding(not done.done())


def _rebuilds(request: Request[Any, Any, Any]) -> list[Future[None]]:
    """Those that were asked for and are not complete."""
    asked: list[Future[None]] = getattr(request.app.state, "rebuilds", [])
    return [one for one in asked if not one.done()]


def _stream(parts: Parts, wanted: str) -> str:
    found = [wanted] if conversations.get(parts.reader, wanted) else []
    found = found or (conversations.find(parts.reader, wanted) if len(wanted) >= 4 else [])
    if len(found) != 1:
        raise NotFound(f"there is no conversation {wanted}" if not found else f"several begin with {wanted}")
    return stream_of(found[0])


def _room(log: str) -> tuple[int, int, int]:
    """Bytes of the log, and free and in all on its disk."""
    size = sum(os.path.getsize(log + end) for end in _BESIDE if os.path.exists(log + end))
    disk = shutil.disk_usage(os.path.dirname(log))
    return size, disk.free, disk.total
