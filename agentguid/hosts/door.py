"""The socket that a host serves. Stdlib only."""

import os
import socket


def short(fd: int) -> str:
    """The socket's path by its directory's descriptor: a socket's name has room for 107 bytes, a path for 4095."""
    return f"/proc/self/fd/{fd}/sock"


class Door:
    """Listens at `<directory>/sock`, for this user only."""

    def __init__(self, directory: str) -> None:
        """Raises OSError. Takes the place of a socket that lies there: only the holder of the host's lock may."""
        self.directory = directory
        os.makedirs(directory, 0o700, exist_ok=True)
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        before = os.umask(0o177)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if os.path.lexists(short(fd)):
                os.unlink(short(fd))
            self.sock.bind(short(fd))
            self.sock.listen(64)
            self.sock.setblocking(False)
            self._identity = _identity(short(fd))
        except OSError:
            self.sock.close()
            raise
        finally:
            os.umask(before)
            os.close(fd)

    @property
    def stands(self) -> bool:
        """The socket can be found by others. Runtime directories are cleaned by other programs."""
        return _identity(os.path.join(self.directory, "sock")) == self._identity != ()

    def close(self) -> None:
        """Takes the socket away, and the directory."""
        try:
            if self.stands:
                os.unlink(os.path.join(self.directory, "sock"))
                os.rmdir(self.directory)
        except OSError:
            pass  # somebody else put something there
        self.sock.close()


def _identity(path: str) -> tuple[int, ...]:
    try:
        there = os.stat(path)
    except OSError:
        return ()
    return (there.st_dev, there.st_ino, there.st_ctime_ns)
