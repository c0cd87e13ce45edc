"""The composition root: open, recover, serve, stop, in that order."""

import asyncio
import contextlib
import gc
import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw

from agentguid import __version__, logs, watchdog
from agentguid.agents.catalogue import with_custom
from agentguid.agents.discovery import Agents
from agentguid.agents.offers import Offers
from agentguid.append import read
from agentguid.append.accounts import Accounts
from agentguid.append.blobs import Blobs
from agentguid.append.keyring import Keyring
from agentguid.append.lock import acquire
from agentguid.append.log import Log
from agentguid.dispatch import Dispatcher
from agentguid.effects import tapes
from agentguid.effects.forget import Forgetting
from agentguid.effects.importing import Importer
from agentguid.effects.offers import Offering
from agentguid.effects.others import Others
from agentguid.effects.parts import EffectParts
from agentguid.effects.retries import Retries
from agentguid.effects.turns import Turns
from agentguid.failpoints import failpoint
from agentguid.hosts import link
from agentguid.hosts.terminals import Terminals
from agentguid.http import login
from agentguid.http.app import create_app
from agentguid.http.parts import Parts
from agentguid.http.seen import Seen
from agentguid.http.server import Listeners, listen, serve
from agentguid.paths import bundled
from agentguid.project.all import INLINE
from agentguid.protocol.ids import stream_of
from agentguid.reload import Reload
from agentguid.render.environment import Site, site
from agentguid.settings import BadSetting, Settings
from agentguid.signin.gemini import GeminiSignIn
from agentguid.stream.feed import Feed
from agentguid.stream.live import LiveText
from agentguid.stream.presence import Presence

log = logging.getLogger(__name__)
Kept = TypeVar("Kept")


async def run(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT. Raises `BadSetting`, `LogBroken` or `PortTaken` with a sentence that says what to do."""
    places = settings.places
    _make_directories(settings)
    with (
        acquire(places.data),
        _listening(settings) as listeners,
        contextlib.closing(_open(settings, feed := Feed())) as events,
    ):
        logs.keep(places.logs)
        # Port 0 is any: from here on it has a number.
        settings = settings.model_copy(update={"port": listeners.port})
        feed.wake(events.position)
        reader = events.reader()
        parts = _parts(settings, events, feed, reader)
        turns = Turns(effects := _effect_parts(settings, parts))
        parts.end_agents, offering = _end_all(turns, parts.terminals), Offering(effects)
        parts.ask_offer = offering.ask
        parts.presence.recovering = True
        _want_credentials(events, reader)
        parts.blobs.sweep()
        beside = _Beside(feed)

        async def ready() -> None:
            _settle_interpreter()
            # The port is open before tapes are drained: pages say "catching up".
            beside.start("turns", turns.run())
            beside.start("terminals", parts.terminals.run())
            beside.start("templates", asyncio.to_thread(_pages(settings).warm))
            beside.start("tapes", tapes.keep(effects))
            beside.start("forgetting", Forgetting(effects).run())
            beside.start("import", Importer(effects, parts.importing, turns.let_go).run())
            beside.start("retries", Retries(effects).run())
            beside.start("agents", parts.agents.rescan())
            beside.start("offers", offering.run())
            beside.start("devices", parts.seen.keep())
            beside.start("watchdog", watchdog.watch(events, reader))
            if settings.hot_reload:
                beside.start("renewal", parts.renewal.watch(bundled("web")))
            log.info("agentguid %s serves %s", __version__, settings.url, extra={"position": events.position})
            _welcome(settings, parts)

        try:
            await serve(create_app(parts), settings, feed, ready, listeners, Reload(settings, parts, effects))
        finally:
            await beside.stop()
            reader.close()
        if beside.failure:
            raise beside.failure
        log.info("stopped", extra={"position": events.position})


def _pages(settings: Settings) -> Site:
    pages = site(settings.base_url, settings.hot_reload)
    pages.keep(settings.places.compiled)
    return pages


def _welcome(settings: Settings, parts: Parts) -> None:
    """A link for who looks on; never where it may be kept, as in a journal."""
    if sys.stderr.isatty():
        print(f"\n  Sign in: {login.link(settings, parts.tickets.issue())}\n", file=sys.stderr)
    else:
        log.info("to sign in: agentguictl login")


def _end_all(turns: Turns, terminals: Terminals) -> Callable[[], Awaitable[int]]:
    async def end_all() -> int:
        # One after the other: what fails ends it, and the daemon goes on, with all its turns.
        await terminals.end_all()
        return await turns.end_all()

    return end_all


def _make_directories(settings: Settings) -> None:
    places = settings.places
    for name, directory in (
        ("data_dir", places.data),
        ("runtime_dir", places.runtime),
        ("data_dir", places.tapes),
        ("runtime_dir", places.hosts),
    ):
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BadSetting(f"{settings.where(name)} cannot be used: {error.strerror or error}") from None


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[Listeners]:
    bound = listen(settings)
    try:
        yield bound
    finally:  # the server closes them too: this is for a start that fails
        bound.tcp.close()
        bound.unix.close()


class _Beside:
    """What runs beside the server. When a part of it fails the daemon ends: who keeps it running starts it again."""

    def __init__(self, feed: Feed) -> None:
        self.failure: BaseException | None = None
        self._feed = feed
        self._tasks: list[asyncio.Task[Any]] = []

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()):
            log.critical("%s failed, the daemon ends", task.get_name(), exc_info=error)
            self.failure = error
            self._feed.close()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _open(settings: Settings, feed: Feed) -> Log:
    loop = asyncio.get_running_loop()

    def committed(position: int, streams: Sequence[str]) -> None:
        failpoint("feed.before_wake")
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to be woken
            loop.call_soon_threadsafe(feed.wake, position, streams)

    events = Log(settings.places.log, INLINE, on_commit=committed)
    events.open()
    return events


def _settle_interpreter() -> None:
    """What is loaded now stays: the collector need not look at it again, and rarely at the rest (a fifth of the CPU).

    The loop gives up the interpreter at each read and gets it back from the writer thread after a switch interval.
    """
    sys.setswitchinterval(0.0005)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _want_credentials(events: Log, reader: apsw.Connection) -> None:
    """After an upgrade: who may sign in is rebuilt before anything else."""
    for prefix in ("device-", "token-"):
        for stream in read.behind(reader, prefix, events.signature):
            events.want(stream)


def _parts(settings: Settings, events: Log, feed: Feed, reader: apsw.Connection) -> Parts:
    blobs = Blobs(settings.places.blobs)
    dispatch = Dispatcher(events, reader, blobs)
    agents = Agents(catalogue=with_custom(settings.agents), offers=Offers(settings.places.offers))
    parts = Parts(
        settings=settings,
        log=events,
        reader=reader,
        dispatch=dispatch,
        feed=feed,
        live=LiveText(feed),
        presence=Presence(feed),
        blobs=blobs,
        agents=agents,
        keys=_secrets(Keyring, settings.places.keys, "provider keys"),
        gemini=GeminiSignIn(
            _secrets(Accounts, settings.places.accounts, "accounts"), agents, lambda: parts.settings
        ),
        seen=Seen(settings.places.seen),
    )
    return parts


def _secrets(kept: Callable[[Path], Kept], path: Path, what: str) -> Kept:
    try:
        return kept(path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is damaged"
        raise BadSetting(f"the {what} in {path} cannot be read: {why}. Mend it, or move it away.") from None


def _effect_parts(settings: Settings, parts: Parts) -> EffectParts:
    places = settings.places

    async def reap(host: str) -> None:
        await link.reap(places, host)

    def current(conversation: str) -> bool:
        stream = stream_of(conversation)
        if read.projected(parts.reader, stream, parts.log.signature):
            return True
        parts.log.want(stream)
        return False

    return EffectParts(
        places=places,
        current=current,
        log=parts.log,
        reader=parts.reader,
        dispatch=parts.dispatch,
        feed=parts.feed,
        live=parts.live,
        presence=parts.presence,
        blobs=parts.blobs,
        agents=parts.agents,
        keys=parts.keys,
        others=Others(),
        gemini=parts.gemini,
        reap=reap,
        silent_after=settings.silent_seconds,
        retry_after=settings.pauses,
        idle_after=settings.idle_minutes * 60,
        tape_days=settings.tape_days,
        tape_megabytes=settings.tape_megabytes,
        import_watch=settings.import_watch,
    )
