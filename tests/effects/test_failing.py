"""What a page says that a turn waits for."""

import errno
import os

import apsw
import pytest

from agentguid.effects.failing import waits
from agentguid.protocol.errors import LogBroken, TooBusy


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "cannot use its disk (No space left on device)"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), "cannot use its disk (Read-only file system)"),
        (LogBroken("nothing was appended: database or disk is full"), "its disk (database or disk is full)"),
        (apsw.IOError("disk I/O error"), "cannot use its disk (disk I/O error)"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "cannot go on (Too many open files)"),
        (TimeoutError("host h1 cannot be ended"), "cannot go on (host h1 cannot be ended)"),
        (KeyError("x"), "cannot go on ('x')"),
        (TooBusy("the queue is full"), "more to write than it can (the queue is full)"),
        (MemoryError(), "no memory left"),
    ],
)
def test_the_disk_is_only_named_where_it_is_to_blame(error: Exception, words: str) -> None:
    said = waits(error)
    assert words in said
    assert ("disk" in said) == ("disk" in words)
    assert said.endswith("by itself")
