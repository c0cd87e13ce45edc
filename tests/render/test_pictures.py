"""Pictures in a tool's output are what their bytes say."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentguid.render.pictures import content, kind_of, pictures, size_of
from tests.support.gallery import picture, png

GIF = b"GIF89a\x40\x00\x20\x00" + b"\0" * 20
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + b"\0" * 9 + b"\xff\xc0\x00\x11\x08\x00\x20\x00\x40\x03" + b"\0" * 20
)
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\0\0\0\0\0\0\0\x3f\0\0\x1f\0\0"


@pytest.mark.parametrize(
    ("data", "kind"),
    [(png(64, 32), "image/png"), (GIF, "image/gif"), (JPEG, "image/jpeg"), (WEBP, "image/webp")],
)
def test_kind_and_size_come_from_the_bytes(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind
    assert size_of(data, kind) == (64, 32)


@pytest.mark.parametrize("data", [b"", b"<svg onload=alert(1)>", b"<html>", b"%PDF-1.7", b"RIFF0000AVI "])
def test_what_is_no_picture_is_none(data: bytes) -> None:
    text = json.dumps([{"type": "image", "data": base64.b64encode(data).decode(), "mimeType": "image/png"}])

    assert kind_of(data) == ""
    assert pictures(text) == []
    assert content(text, 0) is None


def test_each_picture_of_an_output_can_be_had_whole() -> None:
    text = json.dumps([{"type": "text", "text": "two"}, *picture(64, 32), *picture(8, 8)])

    assert [(one.width, one.height) for one in pictures(text)] == [(64, 32), (8, 8)]
    assert content(text, 1) == ("image/png", png(8, 8))
    assert content(text, 2) is None
    assert content(text, -1) is None


@given(st.binary(max_size=60), st.sampled_from(["image/png", "image/jpeg", "image/gif", "image/webp"]))
def test_no_bytes_raise(data: bytes, kind: str) -> None:
    size_of(data, kind)
    pictures(json.dumps([{"type": "image", "data": base64.b64encode(b"\xff\xd8\xff" + data).decode()}]))
