"""A host's event loop: descriptors and named timers. Stdlib only; asyncio would cost 60 ms and 15 MB a host."""

import select
import time
from collections.abc import Callable

IN, OUT = select.EPOLLIN, select.EPOLLOUT
Handler = Callable[[int], None]


class Loop:
    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watched: dict[int, tuple[int, Handler]] = {}
        self._timers: dict[str, tuple[float, Callable[[], None]]] = {}

    def watch(self, fd: int, events: int, handler: Handler) -> None:
        """Sets what is waited for on `fd`. Nothing (0) unregisters it, because HUP would be reported all the same."""
        before = self._watched.get(fd, (0, handler))[0]
        if events == before:
            return
        if not events:
            self._epoll.unregister(fd)
            del self._watched[fd]
            return
        if before:
            self._epoll.modify(fd, events)
        else:
            self._epoll.register(fd, events)
        self._watched[fd] = (events, handler)

    def forget(self, fd: int) -> None:
        """`fd` was closed: epoll has dropped it by itself."""
        self._watched.pop(fd, None)

    def after(self, name: str, seconds: float, what: Callable[[], None]) -> None:
        """Calls `what` once, later. One timer of a name."""
        self._timers[name] = (time.monotonic() + seconds, what)

    def cancel(self, name: str) -> None:
        self._timers.pop(name, None)

    def pending(self, name: str) -> bool:
        return name in self._timers

    def turn(self) -> None:
        """Waits for the next thing to happen and handles all that has."""
        now = time.monotonic()
        due = min((at for at, _ in self._timers.values()), default=now + 60)
        for fd, events in self._epoll.poll(max(0.0, due - now)):
            if fd in self._watched:
                self._watched[fd][1](events)
        now = time.monotonic()
        for name in [name for name, (at, _) in self._timers.items() if at <= now]:
            if name in self._timers:
                self._timers.pop(name)[1]()
