"""What a field of a command may hold. Each raises `Invalid`, naming the field."""

import re
from collections.abc import Collection

from agentguid.protocol.errors import Invalid
from agentguid.protocol.items import Body

LINE = 200
"""Characters of a title, a name or a model."""
PATH = 4096
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


def text(field: str, body: Body) -> None:
    """A prompt says something."""
    if body.blob is None and not body.text.strip():
        raise Invalid(field, "must not be empty")
    encodable(field, body.text)


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
