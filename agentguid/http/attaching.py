"""Files that come with a message: looked at, stored beside the log, and named.

What a file is say its bytes: a picture of one of four kinds, or else a text. The name that it comes with is only shown.
"""

import asyncio
import base64
import binascii
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from pathlib import PurePosixPath

from litestar.datastructures import FormMultiDict, UploadFile
from litestar.exceptions import HTTPException
from msgspec import Struct

from agentguid.append.blobs import Blobs
from agentguid.decide import checks
from agentguid.http.api.shapes import Given
from agentguid.http.pages.common import HtmlRequest
from agentguid.http.parts import Parts
from agentguid.protocol.errors import Invalid, TooLarge
from agentguid.protocol.items import Attachment
from agentguid.render.pictures import kind_of, size_of

FIELD = "attachments"
HEAD = 64 * 1024
"""Bytes of a picture that are looked at for its size."""
FORM = 2 * checks.TOGETHER
"""Bytes of a form with files and a message in it: enough to say what was wrong with it."""
PLAINLY = "application/x-www-form-urlencoded"
PLAIN = 4 * 1024 * 1024
"""Bytes of a form with a message in it and no files."""
VECTOR = "image/svg+xml"
"""A text to us: as a picture it could act."""


class NewAttachment(Given):
    """A file within a request."""

    name: str = ""
    mime_type: str = ""
    data: str = ""
    """Base64."""


class Came(Struct, frozen=True):
    """A file as it came in."""

    name: str
    type: str
    data: bytes


async def encoded(parts: Parts, given: Sequence[NewAttachment] | None) -> tuple[Attachment, ...]:
    """Those of a request to the API. Raises `Invalid`, naming the field, or `TooLarge`."""
    if not given:
        return ()
    _few(len(given))
    return await asyncio.to_thread(lambda: tuple(_kept(parts.blobs, _decoded(one)) for one in given))


async def form_of(request: HtmlRequest) -> FormMultiDict:
    """A large form is one with files: to take apart a large one without them would hold up everybody. Raises `TooLarge`."""
    try:
        if request.content_type[0] == PLAINLY and len(await request.body()) > PLAIN:
            raise TooLarge("message", "is too long; put it into a file and name that")
        return await request.form()
    except HTTPException as error:
        if error.status_code != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise
        most = checks.megabytes(checks.TOGETHER)
        raise TooLarge(FIELD, f"the files are more than {most} together; send some in another") from None


async def uploaded(parts: Parts, request: HtmlRequest) -> tuple[Attachment, ...]:
    """Those of a form: files that come with it, and those that were sent before it and are only named."""
    form = await form_of(request)
    named = [value for value in form.getall("attached", []) if isinstance(value, str)]
    files = [value for value in form.getall("files", []) if isinstance(value, UploadFile) and value.filename]
    _few(len(named) + len(files))
    read = [Came(one.filename, one.content_type, await one.read()) for one in files]
    return await asyncio.to_thread(
        lambda: (*(_named(parts.blobs, one) for one in named), *(_kept(parts.blobs, one) for one in read))
    )


def pictures_refused(parts: Parts, agent: str, files: Iterable[Attachment]) -> None:
    """Raises `Invalid` when an agent is known to take no pictures and there is one."""
    if any(one.picture for one in files) and not parts.agents.pictures(agent):
        found = parts.agents.get(agent)
        name = found.name if found else agent
        raise Invalid(FIELD, f"{name} takes no pictures; leave them out, or choose another agent")


def _few(count: int) -> None:
    if count > checks.ATTACHED:
        most = (
            f"{count} files are too many, {checks.ATTACHED} may go with a message; send the others in another"
        )
        raise TooLarge(FIELD, most)


def _decoded(given: NewAttachment) -> Came:
    try:
        data = base64.b64decode(given.data, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(FIELD, f"{_name(given.name, '')}: data is not base64") from None
    return Came(given.name, given.mime_type, data)


def _kept(blobs: Blobs, given: Came) -> Attachment:
    """Stores a file, if it is one that can be taken."""
    kind = kind_of(given.data[:HEAD])
    name = _name(given.name, kind)
    if not given.data:
        raise Invalid(FIELD, f"{name} is empty")
    if not kind:
        _readable(name, given)
    checks.room(FIELD, name, len(given.data), picture=bool(kind))
    return _described(name, given.data[:HEAD], blobs.put(given.data), len(given.data))


def _readable(name: str, given: Came) -> None:
    """Raises `Invalid` for what is neither a picture nor a text."""
    if given.type.startswith("image/") and given.type != VECTOR:
        raise Invalid(FIELD, f"{name} is no PNG, JPEG, GIF or WebP picture; convert it first")
    try:
        if b"\0" not in given.data:
            given.data.decode()
            return
    except UnicodeDecodeError:
        pass
    raise Invalid(
        FIELD,
        f"{name} is neither a picture nor a text in UTF-8; put it into the folder and name it in the message",
    )


def _named(blobs: Blobs, value: str) -> Attachment:
    """A file that was sent before: `DIGEST NAME`. It is renewed, so that it is not collected on its way."""
    digest, _, name = value.partition(" ")
    try:
        there = blobs.keep(digest)
    except KeyError:
        raise Invalid(FIELD, "the files are not as the page has made them; attach them again") from None
    if not there:
        raise Invalid(FIELD, f"{_name(name, '')} is not kept here any more; attach it again")
    with blobs.open(digest) as file:
        return _described(_name(name, ""), file.read(HEAD), digest, blobs.path(digest).stat().st_size)


def _described(name: str, head: bytes, digest: str, size: int) -> Attachment:
    kind = kind_of(head)
    width, height = (size_of(head, kind) or (None, None)) if kind else (None, None)
    return Attachment(name, kind or "text/plain", digest, size, width, height)


def _name(given: str, kind: str) -> str:
    """A line without folders."""
    bare = PurePosixPath(given.replace("\\", "/")).name
    name = "".join(one for one in bare if one.isprintable()).strip()[-checks.LINE :]
    return name or (f"picture.{kind.partition('/')[2]}" if kind else "file")
