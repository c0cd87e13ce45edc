"""What a browser prefers: read from its cookies, whatever stands in them."""

from hypothesis import given
from hypothesis import strategies as st

from agentguid.render import preferences
from agentguid.render.preferences import CHOICES, FOLDED, Preferences, parsed

CHOSEN = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CHOICES.items()})


@given(CHOSEN)
def test_what_was_chosen_is_read_back(chosen: dict[str, str]) -> None:
    wanted = Preferences().choosing(chosen)

    assert parsed(wanted.written(), "") == wanted
    assert {name: getattr(wanted, name) for name in CHOICES} == chosen


def test_what_is_as_it_comes_is_not_written() -> None:
    assert Preferences().written() == ""


@given(st.text(), st.text())
def test_whatever_the_cookies_say_only_what_can_be_chosen_is_taken(look: str, listed: str) -> None:
    found = parsed(look, listed)

    assert all(getattr(found, name) in values for name, values in CHOICES.items())
    assert all(preferences.GROUP.fullmatch(group) for group in found.folded)


def test_the_list_is_remembered_and_bounded() -> None:
    groups = [f"g-{number:012x}" for number in range(FOLDED + 5)]

    found = parsed("", ".".join(["hidden", "nonsense", "g-", "g-<b>", *groups]))

    assert found.hidden
    assert found.folded == frozenset(groups[:FOLDED])


def test_no_reader_is_given_what_another_prefers() -> None:
    with preferences.given(Preferences(theme="dark")):
        assert preferences.reader().theme == "dark"
    assert preferences.reader() == Preferences()
