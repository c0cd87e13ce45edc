"""What a conversation is doing: derived from its row and from facts about processes, never stored."""

from typing import NamedTuple, Protocol

from agentguid.protocol.events import ToolStarted
from agentguid.render import tools
from agentguid.render.text import minutes, one_line

MINUTE = 60_000_000
"""In microseconds."""


class Row(Protocol):
    """What of a conversation's row is read here."""

    @property
    def turn(self) -> str | None: ...
    @property
    def stopping(self) -> bool: ...
    @property
    def waiting(self) -> int: ...
    @property
    def last_outcome(self) -> str | None: ...
    @property
    def last_error(self) -> str | None: ...
    @property
    def item_position(self) -> int: ...
    @property
    def read_position(self) -> int: ...
    @property
    def retry_at(self) -> int | None: ...


class Alive(Protocol):
    """What is known of the conversation's process."""

    @property
    def phase(self) -> str: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def silent(self) -> int: ...
    @property
    def call(self) -> ToolStarted | None: ...


class Status(NamedTuple):
    key: str
    """running, starting, stopping, silent, stuck, catching_up, waiting, lost, retrying, error, interrupted, unread or idle."""
    text: str
    """In words, for the header."""
    icon: str
    style: str
    detail: str = ""
    """What else is known; one line."""

    @property
    def busy(self) -> bool:
        """A turn is open."""
        return self.key in BUSY


BUSY = frozenset(("running", "starting", "stopping", "silent", "stuck", "catching_up", "waiting", "lost"))
RESTING = {
    "error": Status("error", "Failed", "s-fail", "st-fail"),
    "interrupted": Status("interrupted", "Interrupted", "stop", "st-rest"),
    "complete": Status("idle", "Ready", "s-idle", "st-rest"),
}
RETRYING = Status("retrying", "Waiting to retry", "s-wait", "st-ask")
"""A limit cut the last turn short, and it will be tried again."""
IDLE = Status("idle", "Ready", "s-idle", "st-rest")


def status(row: Row, alive: Alive | None, now: int, *, recovering: bool = False, trouble: str = "") -> Status:
    """The state to show, as of `now` (microseconds). `trouble`: what keeps agentguid itself from going on."""
    if row.turn is None:
        return _resting(row)
    if trouble:
        return Status("stuck", "Cannot go on yet", "s-silent", "st-ask", one_line(trouble))
    if recovering or (alive and alive.phase == "catching_up"):
        return Status(
            "catching_up", "Catching up", "refresh", "st-rest", "reading what the agent did in between"
        )
    if row.waiting:
        return Status("waiting", "Waiting for you", "s-ask", "st-ask")
    if row.stopping:
        return Status("stopping", "Stopping", "s-run", "st-run")
    if alive is None or alive.phase == "starting":
        return Status("starting", "Starting", "s-run", "st-run")
    return _running(alive, now)


def at_hand(status: Status) -> Status:
    """The state as the conversation's own page shows it: what is new there is being read."""
    return IDLE if status.key == "unread" else status


def _running(alive: Alive, now: int) -> Status:
    if not alive.silent:
        return Status("running", "Running", "s-run", "st-run")
    lasted = now - alive.silent
    lasts = "less than a minute" if lasted < MINUTE else minutes(lasted)
    if alive.call:
        view = tools.view(alive.call.name, alive.call.input)
        what = f"{view.label} for {lasts}" + (f": {view.arg}" if view.arg else "")
        return Status("running", "Running", "s-run", "st-run", what)
    process = f"process {alive.pid} alive" if alive.pid else "its process is alive"
    return Status("silent", f"Silent for {lasts}", "s-silent", "st-rest", process)


def _resting(row: Row) -> Status:
    if row.retry_at:
        return RETRYING._replace(detail=one_line(row.last_error or ""))
    known = RESTING.get(row.last_outcome or "", IDLE)
    if row.last_error and known.key == "error":
        return known._replace(detail=one_line(row.last_error))
    if known.key == "idle" and row.last_outcome and row.item_position > row.read_position:
        return Status("unread", "New", "s-new", "st-new")
    return known
