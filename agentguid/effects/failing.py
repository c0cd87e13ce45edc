"""What becomes of a turn when running it fails unexpectedly. Three cases, and each of them ends:

What cannot be written now can be written later: the turn waits, and its page says for what. What the user wants
stopped is stopped, whatever else is wrong; what it had said by then is still written when it can be, for which a disk is
waited for as long as it takes, anything else a while. Anything else is a bug of ours, which would most likely come again
for ever: it is tried twice more, then the turn has failed, and the next one gets an agent with a fold of its own.
"""

import errno
import logging

import apsw
from msgspec import Struct

from agentguid.append import read
from agentguid.effects.inputs import unwanted
from agentguid.effects.losing import fail, lose
from agentguid.effects.parts import EffectParts
from agentguid.hosts.orphans import held, kill
from agentguid.project import conversations, hosts
from agentguid.protocol.errors import AgentFailed, Conflict, LogBroken, TooBusy

log = logging.getLogger(__name__)

FIRST = 5.0
"""Seconds until it is tried again; each time that nothing has moved twice as long, at most `LONGEST`."""
LONGEST = 60.0
TRIES = 3
"""Failures in the same place after which it is given up."""
PATIENT = 10
"""The same for what should pass and does not, when the user wants the turn stopped."""
PASSING = (
    OSError, MemoryError, LogBroken, TooBusy, Conflict,
    apsw.BusyError, apsw.CantOpenError, apsw.FullError, apsw.IOError, apsw.NoMemError, apsw.ReadOnlyError,
)  # fmt: skip
"""What says nothing about the turn: the machine has no room, or no time."""
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
"""What the system says when a disk is full or broken."""
DISKS = (apsw.CantOpenError, apsw.FullError, apsw.IOError, apsw.ReadOnlyError)
"""What SQLite says then."""
SAID = 200
"""Characters of an error that are shown."""


class Mishaps(Struct):
    """Those of one conversation in a row."""

    place: tuple[str, int]
    """The host (or the turn that has none yet) and how far its tape is in the log: where it moves, it is no row."""
    times: int = 0
    bugs: int = 0


class Failing:
    """One for the daemon. Forgets all at a restart: then everything is tried anew."""

    def __init__(self, parts: EffectParts) -> None:
        self._parts = parts
        self._mishaps: dict[str, Mishaps] = {}

    def over(self, conversation: str) -> None:
        """It has come to its end in good order."""
        self._mishaps.pop(conversation, None)
        self._parts.presence.trouble(conversation, "")

    async def meet(self, conversation: str, error: Exception) -> float:
        """Does about an error what can be done; seconds until the conversation is to be seen to again."""
        try:
            return await self._meet(conversation, error)
        except Exception as another:  # the border of an effect: to give up has to be written down as well
            log.exception("giving up a turn failed", extra={"conversation": conversation})
            self._parts.presence.trouble(conversation, waits(another))
            return LONGEST

    async def _meet(self, conversation: str, error: Exception) -> float:
        parts = self._parts
        host = hosts.of(parts.reader, conversation)
        mishaps = self._mishap(conversation, host.id if host else None)
        first = mishaps.times == 1
        log.error(
            "running a turn failed: %s", error, exc_info=error if first else None,
            extra={"conversation": conversation, "times": mishaps.times},
        )  # fmt: skip
        passing = isinstance(cause(error), PASSING)
        passing = passing or (isinstance(error, AgentFailed) and bool(host and held(parts.places, host.id)))
        mishaps.bugs += not passing
        if unwanted(parts, conversation):
            if passing and host and (mishaps.times < PATIENT or of_disk(error)):
                return await self._kill(conversation, host.id, error)
            if await self._gave_up(conversation, "It was deleted."):
                return 0.0
        if (
            not passing
            and mishaps.bugs >= TRIES
            and parts.current(conversation)
            and await self._gave_up(conversation, given_up(error))
        ):
            return 0.0
        if passing:
            parts.presence.trouble(conversation, waits(error))
        return min(FIRST * 2 ** min(mishaps.times - 1, 10), LONGEST) if passing else FIRST

    async def _kill(self, conversation: str, host: str, error: Exception) -> float:
        """Only its agent ends at once: what is on the tape, and with it the turn's end, is written next time."""
        await kill(self._parts.places, host)
        self._parts.presence.trouble(conversation, waits(error))
        return 0.0 if isinstance(error, AgentFailed) else FIRST

    def _mishap(self, conversation: str, host: str | None) -> Mishaps:
        row = conversations.get(self._parts.reader, conversation)
        mark = read.mark(self._parts.reader, host) if host else None
        place = (host or (row and row.turn) or "", mark.offset if mark else 0)
        mishaps = self._mishaps.get(conversation)
        if mishaps is None or mishaps.place != place:
            mishaps = self._mishaps[conversation] = Mishaps(place)
        mishaps.times += 1
        return mishaps

    async def _gave_up(self, conversation: str, why: str) -> bool:
        """No agent stays, and its turn has ended; False: there was neither. Raises what writing that down raises."""
        parts = self._parts
        row = conversations.get(parts.reader, conversation)
        turn = row and row.turn
        host = hosts.of(parts.reader, conversation)
        if host:
            await kill(parts.places, host.id)
            await lose(parts, conversation, host.id, why)
        elif row and turn:
            await fail(parts, conversation, turn, None if row.stopping else why)
        parts.presence.trouble(conversation, "")
        now, after = hosts.of(parts.reader, conversation), conversations.get(parts.reader, conversation)
        return (host is not None and now != host) or (
            turn is not None and (after is None or after.turn != turn)
        )


def cause(error: Exception) -> BaseException:
    """What the log says that SQLite had said, where that is known: it refuses some statements for ever."""
    return (error.__cause__ if isinstance(error, LogBroken) else None) or error


def of_disk(error: Exception) -> bool:
    """It comes from a disk that is full or broken, and ends with that."""
    why = cause(error)
    return isinstance(why, (LogBroken, *DISKS)) or (isinstance(why, OSError) and why.errno in DISK)


def given_up(error: Exception) -> str:
    """The error of a turn that agentguid itself could not run."""
    what = f"{type(error).__name__}: {error}"[:SAID].rstrip(": ")
    return (
        f"agentguid failed at this turn ({what}), and ended the agent. What it said so far is above; "
        "the daemon's log has the rest. Press Retry."
    )


def waits(error: Exception) -> str:
    """What a turn waits for."""
    why = str(getattr(error, "strerror", None) or error or type(error).__name__)[:SAID].rstrip(".")
    if isinstance(error, AgentFailed):
        return f"{why}. agentguid goes on trying"
    if isinstance(error, TooBusy | Conflict | apsw.BusyError):
        return f"agentguid has more to write than it can ({why}); it goes on by itself"
    if isinstance(error, MemoryError | apsw.NoMemError):
        return "agentguid has no memory left; it goes on by itself"
    reason = why.rpartition(": ")[2]  # in front of it stands what could not be done
    if isinstance(error, LogBroken | apsw.Error) or (isinstance(error, OSError) and error.errno in DISK):
        return f"agentguid cannot use its disk ({reason}); it goes on by itself"
    return f"agentguid cannot go on ({reason}); it tries again by itself"
