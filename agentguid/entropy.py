"""Where time and chance come from, so that rules need neither."""

import os
import secrets
import time
from datetime import UTC, datetime, tzinfo

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that are not taken for one another; ids start with a letter (element ids, branch names)."""


def new_id() -> str:
    """A new identifier: 16 characters, 78 bits. Its first characters tell it apart, so a prefix will do in a shell."""
    first = secrets.choice(ALPHABET[:23])
    return first + "".join(secrets.choice(ALPHABET) for _ in range(15))


def now() -> int:
    """Microseconds since the Unix epoch."""
    return time.time_ns() // 1000


def zone() -> tzinfo:
    """The time zone of this machine, with its changes of the clock where that can be found out."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - wanted once a limit is met, and not at the start

    for name in (
        os.environ.get("TZ", "").lstrip(":"),
        os.path.realpath("/etc/localtime").partition("zoneinfo/")[2],
    ):
        if name:
            try:
                return ZoneInfo(name)
            except (ValueError, OSError, KeyError):
                continue
    return datetime.now().astimezone().tzinfo or UTC
