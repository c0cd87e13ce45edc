"""Where a growing Markdown text is cut: what is drawn part by part reads as the whole does."""

import time

import pyromark
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentguid.render.blocks import Splitter
from agentguid.render.markdown import OPTIONS, markdown

LINES = [
    "", "", "", "text", "two words", "**bold** and `code`", "# Heading", "---", "***", "===", "- a", "* a", "+ a", "- - -",
    "  - deeper", "    - deepest", "1. a", "2) b", "10. ten", "12", "-x", "  more of it", "    indented", "\ttab", "\t- tab",
    "```", "```py", "````", "~~~", "  ```", "   ```", "    ```", "``` not ` a fence", "> quote", "> - in it", "> ```", ">", "- > q",
    "- ```", "1. ```", "| a | b |", "|---|---|", "| 1 | 2 |", "- [ ] box", "<div>", "</div>", "<b>", "a <i>b", "<!-- x", "-->",
    "`Vec<T>`", "1 < 2", "<http://a.b>", "[a]", "[a]: /b", "[^1]", "[^1]: note", "\\", "a  ", "&amp;", "x\u2028y", " ",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(LINES), max_size=25).map("\n".join) | st.text(
    "a`~-*+#>1.)| \t\n", max_size=80
)


def split(text: str, sizes: list[int]) -> Splitter:
    splitter, at, turn = Splitter(), 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        splitter.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    return splitter


def squeezed(html: str) -> str:
    return html.replace("\n", "")


@given(TEXTS, st.lists(st.integers(1, 30), min_size=1, max_size=5))
@example("- a\n\n      ```\n ```\n\nx\n\ny", [3])
@example("para\n2. x\n   ```\n    ```\n\nfoo\n\nbar", [3])
@example("# Heading\n    code\n\n    code", [1])
@example("- - -\n  ```\n     ```\n\nfoo\n\nbar", [3])
def test_the_parts_of_a_text_read_as_the_whole_does(text: str, sizes: list[int]) -> None:
    splitter = split(text, sizes)
    edges = [0, *(block.end for block in splitter.blocks)]
    gaps = [text[end : block.start] for end, block in zip(edges, splitter.blocks, strict=False)]
    assert "".join([*gaps, text[edges[-1] : splitter.done]]).strip() == "", (
        "nothing but blank lines is left out"
    )
    parts = [*(block.text for block in splitter.blocks), text[splitter.done :]]

    assert all(block.text == text[block.start : block.end] for block in splitter.blocks)
    if not pyromark.reference_definitions(text, options=OPTIONS) and "[^" not in text:
        assert squeezed("".join(markdown(part) for part in parts)) == squeezed(markdown(text))


@given(TEXTS, st.lists(st.integers(1, 30), min_size=1, max_size=5))
@example("- a\n[^1]\n\n```\n", [5])
def test_how_a_text_is_cut_does_not_depend_on_its_pieces(text: str, sizes: list[int]) -> None:
    one, other = split(text, sizes), split(text, [1])

    assert one.blocks == other.blocks
    assert (one.done, one.fence, one.stuck) == (other.done, other.fence, other.stuck)


@pytest.mark.parametrize(
    ("text", "finished"),
    [
        ("one\n\ntwo", ["one\n\n"]),
        ("# head\n\none\ntwo\n\n", ["# head\n\n", "one\ntwo\n\n"]),
        ("- a\n- b\n\n- c\n\nAfter", ["- a\n- b\n\n- c\n\n"]),
        ("- a\n\n1", []),
        ("text\n```py\nx = 1\n\ny = 2\n```\nmore", ["text\n", "```py\nx = 1\n\ny = 2\n```\n"]),
        ("| a |\n|---|\n| 1 |\n\nx", ["| a |\n|---|\n| 1 |\n\n"]),
        ("- a\n  ```\n  code\n  ```\n\nx", ["- a\n  ```\n  code\n  ```\n\n"]),
        ("<div>\n\na\n\n</div>\n\nb", []),
        ("`Vec<T>` is\n\nfine", ["`Vec<T>` is\n\n"]),
    ],
)
def test_what_is_finished_is_told_as_soon_as_it_is(text: str, finished: list[str]) -> None:
    assert [block.text for block in split(text, [1]).blocks] == finished


def test_a_fence_that_is_open_is_known_with_where_its_code_begins() -> None:
    text = "See:\n\n```python\nx = 1\n"
    splitter = split(text, [5])

    assert splitter.fence == "python"
    assert text[splitter.code :] == "x = 1\n"
    assert splitter.done == len("See:\n\n")


@pytest.mark.parametrize("line", ["word " * 10, "word " * 10 + "\n", "a\n\n", "```\n", "- a\n\n"])
def test_a_piece_costs_its_own_length_however_long_the_text_is(line: str) -> None:
    """Sixteen times the text takes about sixteen times as long, not 256 times."""

    def taken(count: int) -> float:
        best = float("inf")
        for _ in range(3):
            splitter, began = Splitter(), time.process_time()
            for _ in range(count):
                splitter.feed(line)
            best = min(best, time.process_time() - began)
        return best

    assert taken(3200) < 80 * max(taken(200), 1e-4)
