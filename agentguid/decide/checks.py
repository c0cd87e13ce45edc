"""What a field of a command may hold. Each raises `Invalid`, naming the field."""

import re
from collections.abc import Collection, Mapping, Sequence

from agentguid.protocol.errors import Invalid, TooLarge
from agentguid.protocol.items import Attachment, Body

LINE = 200
"""Characters of a title, a name or a model."""
PATH = 4096
OPTIONS = 32
"""Settings of an agent that one conversation may have."""
ATTACHED = 10
"""Files that may go with one message."""
PICTURE = 10_000_000
"""Bytes of a picture."""
DOCUMENT = 256_000
"""Bytes of a text: it stands in the prompt. What is larger the agent had better read from the folder."""
TOGETHER = 20_000_000
"""Bytes of all files of a message. In base64 they fit an input of a host (64 MiB)."""
TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "text/plain")
"""Of files that may go with a message."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def identifier(field: str, value: str) -> None:
    """Safe in URLs, file names and element ids."""
    if not _ID.fullmatch(value):
        raise Invalid(
            field, "must be 1 to 128 letters, digits, '-', '_' or '.', and begin with a letter or digit"
        )


def line(field: str, value: str, *, empty: bool = False) -> None:
    """A short text without control characters."""
    if not empty and not value.strip():
        raise Invalid(field, "must not be empty")
    if len(value) > LINE:
        raise Invalid(field, f"must not be longer than {LINE} characters")
    encodable(field, value)
    if any(character < " " or character == "\x7f" for character in value):
        raise Invalid(field, "must not hold control characters")


def options(field: str, values: Mapping[str, str]) -> None:
    """Names and values of an agent's settings, as it calls them."""
    if len(values) > OPTIONS:
        raise Invalid(field, f"must not be more than {OPTIONS}")
    for name, value in values.items():
        line(field, name)
        line(field, value, empty=True)


def text(field: str, body: Body) -> None:
    """A prompt says something, if only by a picture."""
    if body.blob is None and not body.text.strip() and not body.attached:
        raise Invalid(field, "must not be empty")
    encodable(field, body.text)
    attached("attachments", body.attached)


def attached(field: str, files: Sequence[Attachment]) -> None:
    """What goes with a message; raises `TooLarge` when it is too much."""
    if len(files) > ATTACHED:
        raise TooLarge(
            field,
            f"{len(files)} files are too many, {ATTACHED} may go with a message; send the others in another",
        )
    for one in files:
        attachment(field, one)
    if (total := sum(one.size for one in files)) > TOGETHER:
        raise TooLarge(
            field,
            f"the files are {megabytes(total)} together, a message may have {megabytes(TOGETHER)}; send some in another",
        )


def attachment(field: str, file: Attachment) -> None:
    line(field, file.name)
    digest(field, file.blob)
    one_of(field, file.type, TYPES)
    if file.size < 1:
        raise Invalid(field, f"{file.name} is empty")
    room(field, file.name, file.size, picture=file.picture)


def room(field: str, name: str, size: int, *, picture: bool) -> None:
    """Raises `TooLarge` for a file that is no small one of its kind."""
    most = PICTURE if picture else DOCUMENT
    if size > most:
        hint = "" if picture else "; put it into the folder and name it in the message"
        kind = "picture" if picture else "text"
        raise TooLarge(field, f"{name} is {megabytes(size)}; a {kind} may have {megabytes(most)}{hint}")


def megabytes(size: int) -> str:
    return f"{size / 1e6:.3g} MB" if size >= 1_000_000 else f"{-(-size // 1000)} kB"


def one_of(field: str, value: str, choices: Collection[str]) -> None:
    if value not in choices:
        raise Invalid(field, f"must be one of {', '.join(choices)}")


def directory(field: str, value: str) -> None:
    """An absolute path; whether it exists is not a question of rules."""
    if not value.startswith("/") or "\0" in value or len(value) > PATH:
        raise Invalid(field, f"must be an absolute path of at most {PATH} characters")


def digest(field: str, value: str) -> None:
    if not _DIGEST.fullmatch(value):
        raise Invalid(field, "must be a SHA-256 in lower-case hexadecimal")


def encodable(field: str, value: str) -> None:
    """Text that can be written down as UTF-8."""
    try:
        value.isascii() or value.encode()
    except UnicodeEncodeError:
        raise Invalid(field, "must not hold half a surrogate pair") from None
