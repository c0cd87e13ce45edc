"""The tables of the inline projections: made, moved out of the way, and emptied little by little."""

import os
import re
from collections.abc import Sequence
from hashlib import sha256

import apsw
import msgspec

from agentguid.append.api import Projection

ROWS = 200
"""Deleted at a time."""

_INDEX = re.compile(r"(CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?)(\w+)", re.IGNORECASE)


def digest(projection: Projection) -> str:
    """Changes when the projection's tables must be made anew."""
    return sha256(msgspec.json.encode((projection.NAME, projection.VERSION, projection.SCHEMA))).hexdigest()[
        :32
    ]


def settle(db: apsw.Connection, projections: Sequence[Projection]) -> None:
    """Leaves every projection with tables of its present schema, in one transaction.

    Tables of a changed or vanished projection are renamed, which takes no time, and listed in `discarded`. Indexes
    keep their names when their table is renamed, so each generation of tables names its indexes differently.
    """
    present = {one.NAME: one for one in projections}
    db.execute("BEGIN IMMEDIATE")
    try:
        known = {
            name: (old, names)
            for name, old, names in db.execute("SELECT name, digest, tables FROM projection")
        }
        for name, (old, names) in known.items():
            if name not in present or digest(present[name]) != old:
                _move_away(db, msgspec.json.decode(names, type=list[str]))
                db.execute("DELETE FROM projection WHERE name = ?", (name,))
                known[name] = ("", "")
        for name, projection in present.items():
            if known.get(name, ("",))[0] == "":
                _make(db, projection)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK") if db.in_transaction else None
        raise


def discard(db: apsw.Connection) -> bool:
    """Removes some rows of a table that is not used any more; False when there is none left."""
    name = db.execute("SELECT name FROM discarded LIMIT 1").get
    if name is None:
        return False
    db.execute(f'DELETE FROM "{name}" WHERE rowid IN (SELECT rowid FROM "{name}" LIMIT {ROWS})')  # noqa: S608
    if db.changes() == 0:
        db.execute(f'DROP TABLE "{name}"')
        db.execute("DELETE FROM discarded WHERE name = ?", (name,))
    return True


def _move_away(db: apsw.Connection, names: Sequence[str]) -> None:
    for name in names:
        if db.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,)).get:
            away = f"discarded_{os.urandom(4).hex()}_{name}"
            db.execute(f'ALTER TABLE "{name}" RENAME TO "{away}"')
            db.execute("INSERT INTO discarded VALUES (?)", (away,))


def _make(db: apsw.Connection, projection: Projection) -> None:
    generation = os.urandom(4).hex()
    db.execute(_INDEX.sub(rf"\g<1>\g<2>_{generation}", projection.SCHEMA))
    names = msgspec.json.encode(projection.TABLES).decode()
    db.execute("INSERT INTO projection VALUES (?, ?, ?)", (projection.NAME, digest(projection), names))
