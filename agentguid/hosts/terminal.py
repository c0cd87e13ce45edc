"""The pseudo-terminal that a host gives its child instead of three pipes. Stdlib only."""

import fcntl
import os
import struct
import termios

from agentguid.hosts.pipes import Outlet
from agentguid.hosts.tape import CONTINUES, OUT

SEGMENT = 1 << 20
"""Bytes of a segment of its tape: the daemon deletes those in the middle."""
NEAR = 256 << 10
"""Bytes that the child may be ahead of a daemon that reads: what Ctrl+C has to wait for."""
UNREAD = 256 << 10
"""Bytes of input that may wait for the child."""
JOINED = 64 << 10
"""Bytes of one record. The kernel hands out 4 kB at a time."""
LARGEST_SIDE = 1000
"""Rows or columns."""
_IUTF8 = 0x4000

Ends = tuple[int, int, int, int, int, int]
"""Ours: its stdin, stdout, stderr; then the child's."""


def open_terminal(size: tuple[int, int]) -> Ends:
    """Rows and columns. One device behind all of the descriptors; there is no stderr of its own (-1). Raises OSError."""
    master, slave = os.openpty()
    resize(master, size)
    attributes = termios.tcgetattr(slave)
    attributes[0] |= _IUTF8  # Backspace takes a whole character
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    return os.dup(master), master, -1, slave, slave, slave


def resize(master: int, size: tuple[int, int]) -> None:
    """The kernel tells the programs in the foreground (SIGWINCH), if this is another size."""
    rows, columns = (max(1, min(side, LARGEST_SIDE)) for side in size)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def control(slave: int) -> None:
    """In the child: makes it the terminal of the session that the child leads."""
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


class Screen(Outlet):
    """What the terminal shows: put on the tape as it comes, wherever a line ends."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd, OUT)

    def read(self) -> None:
        """Reads what there is; closes itself when no process has the terminal open any longer."""
        data = bytearray()
        try:
            while len(data) < JOINED:
                piece = os.read(self.fd, JOINED - len(data))
                if not piece:
                    self.close()
                    break
                data += piece
        except BlockingIOError:
            pass
        except OSError:  # EIO: the last one has closed it
            self.close()
        if data:
            self.held = (bytes(data), 0 if data.endswith(b"\n") else CONTINUES)
