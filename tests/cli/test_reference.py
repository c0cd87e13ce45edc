"""docs/cli.md has every verb and every option, as the parsers have them."""

from agentguid.cli.verbs import VERBS
from tests.cli.reference import reference, written


def test_the_reference_is_what_the_parsers_say() -> None:
    assert written() == reference(), "python -m tests.cli.reference writes it anew"


def test_every_verb_has_a_heading() -> None:
    assert [name for name in VERBS if f"### {name}\n" not in written()] == []
