"""Where time and chance come from, so that rules need neither."""

import secrets
import time

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that are not taken for one another; ids start with a letter (element ids, branch names)."""


def new_id() -> str:
    """A new identifier: 16 characters, 78 bits. Its first characters tell it apart, so a prefix will do in a shell."""
    first = secrets.choice(ALPHABET[:23])
    return first + "".join(secrets.choice(ALPHABET) for _ in range(15))


def now() -> int:
    """Microseconds since the Unix epoch."""
    return time.time_ns() // 1000
