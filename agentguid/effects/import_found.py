"""Which sessions of agents are on this machine, and how each stands to what is here already."""

import contextlib
from collections.abc import Mapping, Sequence

import apsw
import msgspec
from msgspec import Struct

from agentguid.agents.histories.base import Session, conversation_id
from agentguid.append import read
from agentguid.entropy import now
from agentguid.project import conversations, hosts, imports
from agentguid.protocol.ids import stream_of
from agentguid.stream.importing import Found, Standing

MARKS = "import/"
"""What the marks of histories begin with, beside those of tapes."""
SLACK = 2_000_000
"""Microseconds after the end of a turn in which its agent still writes to its own file."""
SMALL = 64 * 1024
"""Bytes of a file that would have shown a prompt if it had one."""


class Whole(Struct):
    """Of a mark's carry: the file as it was when all of it had been told."""

    size: int = 0
    changed: int = 0
    again: int = 0
    """When there is more to tell of it as it is; see `import_telling.Place`."""


_NONE = Whole()


def mark_of(source: str, session: str) -> str:
    """The name of the mark that says how far a session is here."""
    return f"{MARKS}{source}/{session}"


def standing(db: apsw.Connection, sessions: Sequence[Session]) -> list[Found]:
    """How each stands. Empty ones are left out. Reads a few rows for each: in a thread, on a connection of its own."""
    marks, time = _marks(db), now()
    imported = imports.everything(db)
    held = hosts.holders(db)
    found = []
    for one in sessions:
        if not one.title and one.size < SMALL:
            continue  # nobody has said anything in it
        name = mark_of(one.source, one.id)
        conversation = imported.get((one.source, one.id)) or held.get(one.id)
        where = conversation or conversation_id(one.source, one.id)
        mark = marks.get(name, _NONE)
        same = (mark.size, mark.changed) == (one.size, one.changed)
        again = mark.again if same else 0
        whole = same and not 0 < again <= time
        stands, unsure = _standing(db, one, where, known=conversation is not None, whole=whole)
        about = (one.source, one.id, one.path, one.cwd, one.title)
        found.append(Found(*about, one.size, one.began, one.changed, stands, where, one.name, unsure, again))
    return found


def _standing(
    db: apsw.Connection, one: Session, conversation: str, *, known: bool, whole: bool
) -> tuple[Standing, bool]:
    row = conversations.brief(db, conversation)
    if row is None:
        # Its events are there, and say nothing any more: it was deleted for good.
        gone = read.head(db, stream_of(conversation)) > 0
        return ("deleted" if gone else "here" if whole else "new"), False
    deleted, updated = row
    if deleted:
        return "deleted", False
    if whole:
        return "here", False
    ours = known and not imports.conversation(db, one.source, one.id)
    if ours and one.changed < updated + SLACK:
        return "here", True
    return "more", False


def _marks(db: apsw.Connection) -> dict[str, Whole]:
    decode = msgspec.json.Decoder(Whole).decode
    marks = {}
    for mark in read.marks(db, MARKS):
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            marks[mark.tape] = decode(mark.carry)
    return marks


def signature(sessions: Sequence[Session]) -> Mapping[tuple[str, str], tuple[int, int]]:
    """What changes when there is something new."""
    return {one.key: (one.size, one.changed) for one in sessions}
