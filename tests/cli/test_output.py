"""What agents write is shown, never obeyed; columns stand under their headings."""

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from agentguid.cli.output import ago, as_json, one_line, print_table, safe

STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
JOINERS = "\u00ad\u200b\u200c\u200d\u2060"
"""Format characters that steer nothing: emoji and several scripts need them."""


def steers(text: str) -> list[str]:
    return [
        char
        for char in text
        if ord(char) < 0x20
        or ord(char) in range(0x7F, 0xA0)
        or 0xE0000 <= ord(char) < 0xE0080
        or unicodedata.bidirectional(char) in {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
        or unicodedata.category(char) in {"Cs", "Zl", "Zp"}
    ]


@given(some.text(alphabet=some.characters(exclude_categories=()), max_size=200))
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    assert [char for char in steers(safe(text)) if char not in "\n\t"] == []


@given(
    some.text(
        alphabet=some.characters(exclude_categories=tuple(STEERING)).filter(lambda char: not steers(char)),
        max_size=200,
    )
)
def test_harmless_text_is_left_as_it_is(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", "␛[2J␛]0;title␇"),
        ("over\rwritten", "over␍written"),
        ("a\u202eb", "a<U+202E>b"),
        ("\x9b31m", "<U+009B>31m"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("👩\u200d🔬 café 日本", "👩\u200d🔬 café 日本"),
    ],
)
def test_what_steers_is_made_visible(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(some.dictionaries(some.text(), some.text()))
@example({"tag": "\U000e0041", "lone": "\ud800", "delete": "\x7f", "bidi": "\u202e"})
def test_json_says_the_same_and_steers_nothing(value: dict[str, str]) -> None:
    text = as_json(value)

    assert json.loads(text) == value
    assert steers(text) == []


def test_one_line_is_one_line_of_bounded_length() -> None:
    assert one_line("a\n  b\tc") == "a b c"
    assert len(one_line("x" * 10_000_000, 80)) == 80


def test_columns_line_up_although_some_characters_are_wide(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("NAME", "N"), [("日本", "1"), ("cafe\u0301", "2"), ("plain", "3")])

    assert capsys.readouterr().out == "NAME   N\n日本   1\ncafe\u0301   2\nplain  3\n"


def test_a_table_cell_cannot_break_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("TITLE",), [("first\nsecond\x1b[31m",)])

    assert capsys.readouterr().out == "TITLE\nfirst second␛[31m\n"


def test_a_time_that_is_not_known_is_a_dash() -> None:
    assert ago(None) == "-"
