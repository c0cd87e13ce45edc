"""Folders of this machine: what may be a working directory, what is in one, and how a new one is made.

Any directory that the user can open may be chosen: this is the choice of a place, nothing is confined to it yet.
Everything here blocks; `aside` keeps it off the event loop.
"""

import contextlib
import errno
import heapq
import os
import pwd
import stat
from collections.abc import Iterator

from msgspec import Struct

from agentguid.protocol.errors import Invalid, NotFound, Refused
from agentguid.workspace.branch import branch

SHOWN = 200
"""Folders of a listing."""
SCANNED = 200_000
"""Entries of a folder that are looked at."""
PATH, NAME = 4096, 255
"""Bytes."""
UNFIT = ("\n", "\r")
"""What a form cannot carry back unchanged."""


class Folder(Struct, frozen=True):
    """One line of a listing."""

    name: str
    path: str
    branch: str | None
    """Of a git repository: what is checked out; None: it is none."""
    fit: bool
    """False: its name cannot be written in a form, so that it cannot be chosen there."""


class Listing(Struct, frozen=True):
    """What is in a folder, narrowed to the names that were begun to be typed."""

    path: str
    typed: str
    """Empty: everything is shown."""
    folders: list[Folder]
    total: int
    """How many there are to show; more than `folders` when they are many."""
    hidden: int
    """Left out because their names begin with a dot."""
    unreadable: int
    """Left out because their names are not text (not UTF-8)."""
    cut: bool
    """There are so many entries that not all were looked at."""


class Place(Struct, frozen=True):
    """A folder that can be worked in, and what is known of it."""

    path: str
    repository: str | None
    """The root of the git repository that it lies in."""
    branch: str | None


def absolute(given: str, field: str = "folder") -> str:
    """A path as it was typed, made whole: `~` is the home directory. `Invalid` says what is wrong with it."""
    if not _text(given) or "\0" in given:
        raise Invalid(field, "holds characters that no path has")
    path = os.path.expanduser(given.strip(" \t")) or home()
    if len(path.encode()) > PATH:
        raise Invalid(field, f"is longer than {PATH} bytes")
    if path.startswith("~"):
        raise Invalid(field, f"{path}: there is no such user on this machine")
    if not path.startswith("/"):
        raise Invalid(
            field, f"{given} is no folder on this machine: give the whole path, beginning with / or ~"
        )
    return os.path.normpath("/" + path.lstrip("/"))


def typed(path: str) -> str:
    """A path as it has to be typed: blanks around one are not taken for a part of it, so that a slash ends such a name."""
    return path + "/" if path.endswith((" ", "\t")) else path


def home() -> str:
    """The user's own directory."""
    return os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir


def chosen(given: str, field: str = "folder") -> Place:
    """A folder that an agent can work in. `Invalid`, with what to do, when there is none of this name."""
    path = absolute(given, field)
    try:
        if not stat.S_ISDIR(os.stat(path).st_mode):
            raise Invalid(field, f"{path} is a file and no folder on this machine: choose the one it lies in")
    except OSError as error:
        raise Invalid(field, why(path, error)) from None
    if not os.access(path, os.R_OK | os.X_OK):
        raise Invalid(field, why(path, PermissionError(errno.EACCES, "")))
    root = next((one for one in _upwards(path) if branch(one) is not None), None)
    return Place(path, root, branch(root) if root else None)


def look(given: str, *, hidden: bool = False) -> Listing:
    """What to offer while a path is typed: what is in that folder, or what in the one above it has such a name.

    `Invalid` for what is no path, what cannot be read, and when the folder above is not there either.
    """
    path = absolute(given)
    if os.path.isdir(path):
        return _list(path, "", hidden=hidden)
    above, begun = os.path.split(path)
    if given.rstrip(" \t").endswith("/") or not os.path.isdir(above):
        raise Invalid("folder", why(path, _asked(path)))
    return _list(above, begun, hidden=hidden)


def names(given: str, limit: int) -> tuple[str, list[str]]:
    """The path and, in alphabetical order, the folders in it; hidden ones and those whose names are not text are left out."""
    path = absolute(given, "path")
    try:
        found, _ = _directories(path)
    except FileNotFoundError:
        raise NotFound(f"{path} does not exist") from None
    except NotADirectoryError:
        raise Invalid("path", f"{path} is no directory") from None
    except OSError as error:
        raise Invalid("path", f"{path} cannot be read: {error.strerror}") from None
    plain = (name for name in found if _text(name) and not name.startswith("."))
    return path, heapq.nsmallest(limit, plain, key=_order)


def create(given: str, field: str = "folder") -> str:
    """Makes a folder, and those above it; its path. `Refused` when something of this name is there."""
    path = absolute(given, field)
    if any(character < " " or character == "\x7f" for character in path):
        raise Invalid(field, "must not hold control characters")
    if any(len(part.encode()) > NAME for part in path.split("/")):
        raise Invalid(field, f"must not hold a name of more than {NAME} bytes")
    try:
        os.makedirs(path)
    except FileExistsError:
        raise Refused(f"{path} is there already") from None
    except NotADirectoryError:
        raise Invalid(field, f"{path} cannot be made: a part of the way to it is a file") from None
    except OSError as error:
        raise Invalid(field, f"{path} cannot be made: {_words(error)}") from None
    return path


def may_create(given: str) -> str | None:
    """The path that `create` would make; None when something is there, or nothing may be made there."""
    try:
        path = absolute(given)
    except Invalid:
        return None
    if os.path.lexists(path) or any(character < " " for character in path):
        return None
    above = next((one for one in _upwards(os.path.dirname(path)) if os.path.lexists(one)), "/")
    return path if os.path.isdir(above) and os.access(above, os.W_OK | os.X_OK) else None


def why(path: str, error: OSError) -> str:
    """Why a path cannot be used, and what to do."""
    match error.errno:
        case errno.ENOENT:
            return f"{path} is no folder on this machine: check its name, or create it"
        case errno.ENOTDIR:
            return f"{path} is no folder on this machine: a part of the way to it is a file"
        case errno.EACCES | errno.EPERM:
            return f"{path} may not be opened by you: choose another, or change its permissions"
        case errno.ELOOP:
            return f"{path} is a link that leads back to itself: choose another"
    return f"{path} cannot be read: {_words(error)}"


def crumbs(path: str) -> list[tuple[str, str]]:
    """The way to a folder: names and paths, from the root; the home directory is one step."""
    way, whole = [("/", "/")], path
    if path == home() or path.startswith(home() + "/"):
        way.append(("~", home()))
        path = path[len(home()) :]
    parts = [part for part in path.split("/") if part]
    for count in range(len(parts)):
        tail = "/".join(parts[count + 1 :])
        way.append((parts[count], whole[: len(whole) - len(tail)].rstrip("/") if tail else whole))
    return way


def _list(path: str, begun: str, *, hidden: bool) -> Listing:
    try:
        there, cut = _directories(path)
    except OSError as error:
        raise Invalid("folder", why(path, error)) from None
    wanted = begun.casefold()
    fitting = [name for name in there if wanted in name.casefold()] if wanted else there
    legible = [name for name in fitting if _text(name)]
    open_ = [name for name in legible if hidden or begun.startswith(".") or not name.startswith(".")]
    shown = heapq.nsmallest(
        SHOWN, open_, key=lambda name: (not name.casefold().startswith(wanted), *_order(name))
    )
    return Listing(
        path=path,
        typed=begun,
        folders=[_folder(path, name) for name in shown],
        total=len(open_),
        hidden=len(legible) - len(open_),
        unreadable=len(fitting) - len(legible),
        cut=cut,
    )


def _directories(path: str) -> tuple[list[str], bool]:
    """Names of the folders in one, links to folders included; and whether some entries were not looked at."""
    found: list[str] = []
    with os.scandir(path) as entries:
        for number, entry in enumerate(entries):
            if number == SCANNED:
                return found, True
            with contextlib.suppress(
                OSError
            ):  # a link that leads back to itself, or to where we may not look
                if entry.is_dir():
                    found.append(entry.name)
    return found, False


def _folder(above: str, name: str) -> Folder:
    path = os.path.join(above, name)
    return Folder(name, path, branch(path), not any(character in name for character in UNFIT))


def _upwards(path: str) -> Iterator[str]:
    yield path
    while path != "/":
        path = os.path.dirname(path)
        yield path


def _asked(path: str) -> OSError:
    try:
        os.stat(path)
    except OSError as error:
        return error
    return NotADirectoryError(errno.ENOTDIR, "")


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _order(name: str) -> tuple[str, str]:
    return name.casefold(), name


def _text(name: str) -> bool:
    try:
        name.isascii() or name.encode()
    except UnicodeEncodeError:
        return False
    return True
