"""Files that go with a message."""

import base64
import os
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

from agentguid.cli.errors import USAGE, CliError
from agentguid.cli.output import one_line, size

MOST = 20_000_000
"""Bytes that are read of all files together; the daemon takes no more."""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--attach",
        "--image",
        metavar="FILE",
        action="append",
        default=[],
        help="a picture (PNG, JPEG, GIF, WebP) or a text that goes with it; may be given again",
    )


def attachments(paths: Sequence[str]) -> list[dict[str, str]]:
    """The files as the daemon takes them; what each is it finds out itself."""
    found, left = [], MOST
    for path in paths:
        try:
            with open(path, "rb") as file:
                data = file.read(left + 1)
        except OSError as error:
            raise CliError(f"{path}: {error.strerror}", USAGE) from None
        left -= len(data)
        if left < 0:
            raise CliError(f"{path}: the files are more than {size(MOST)} together", USAGE)
        found.append({"name": os.path.basename(path), "data": base64.b64encode(data).decode()})
    return found


def listed(files: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each file of a message, as an event or the API has it."""
    return [
        f"[{'image' if _type(one).startswith('image/') else 'file'} {one_line(str(one.get('name')), 60)} "
        f"{size(int(one.get('size') or 0))}]"
        for one in files
    ]


def _type(file: Mapping[str, Any]) -> str:
    return str(file.get("type") or file.get("mimeType") or "")
