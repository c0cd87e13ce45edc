"""Terminal output: colours that mean something, and nothing that a terminal would obey."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentguid.render import ansi
from tests.render.hostile import assert_inert


@pytest.mark.parametrize(
    ("output", "html"),
    [
        ("plain <b>", "plain &lt;b&gt;"),
        ("\x1b[31mred\x1b[0m", '<span class="a-r">red</span>'),
        (
            "\x1b[1;32mok\x1b[22m on\x1b[39m off",
            '<span class="a-g a-1">ok</span><span class="a-g"> on</span> off',
        ),
        ("\x1b[91mx\x1b[mx", '<span class="a-r">x</span>x'),
        ("\x1b[38;5;208mx", '<span class="a-r">x</span>'),
        ("\x1b[38;5;28mx", '<span class="a-g">x</span>'),
        ("\x1b[38;2;40;90;220mx", '<span class="a-b">x</span>'),
        ("\x1b[38:2::40:90:220mx", '<span class="a-b">x</span>'),
        ("\x1b[38;2;200;200;200mx", "x"),
        ("\x1b[48;5;1mx", "x"),
        ("\x1b[2Ka\x1b[1;1Hb\x1b[?25l", "ab"),
        ("\x1b]8;;http://evil\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\text", "text"),
        ("\x1b]8;;never ends", "8;;never ends"),
        ("b\x08bo\x08ol\x08ld\x08d _\x08u", "bold u"),
        ("10 %\r50 %\rdone\r\nnext", "done\nnext"),
        ("\x1b", ""),
        ("\x1b[31", "31"),
    ],
)
def test_output_as_html(output: str, html: str) -> None:
    drawn = str(ansi.html(output))

    assert drawn == html or re.sub("<[^>]*>", "", drawn) == html


@given(st.text(st.sampled_from("\x1b[]0123456789;:mKHJ\x07\\<>&\r\n\x08ab \u202e"), max_size=120))
def test_no_output_acts_or_raises(output: str) -> None:
    drawn = str(ansi.html(output))

    assert_inert(f"<pre>{drawn}</pre>")
    assert "\x1b" not in drawn


@given(
    st.lists(st.sampled_from(["text", " ", "\n", "\x1b[31m", "\x1b[0m", "\x1b[1;4m", "\x1b[38;5;9m", "<é>"]))
)
def test_nothing_but_colours_is_left_out(pieces: list[str]) -> None:
    written = "".join(piece for piece in pieces if not piece.startswith("\x1b"))

    assert ansi.plain("".join(pieces)) == written


@pytest.mark.parametrize(
    "output", ["\x1b]" * 100_000, "\x1b[" * 100_000, "a\x08" * 100_000, "\r" * 200_000, "\x1b[1m" * 50_000]
)
def test_no_output_takes_long(output: str) -> None:
    begun = time.process_time()
    ansi.html(output)

    assert time.process_time() - begun < 5
