"""Another mode in the middle of a turn of Codex's."""

import pytest

from agentguid.agents.codex import CodexAdapter
from agentguid.protocol.events import Event, ItemAdded
from agentguid.protocol.items import Mode
from tests.agents.codex_byhand import Codex, added
from tests.agents.codex_recordings import ENTRY


def changed(codex: Codex, mode: Mode) -> list[Event]:
    """What comes of it that the user chooses another mode."""
    before = len(codex.facts)
    codex.write(codex.adapter.adjust(None, mode))
    return codex.facts[before:]


def test_a_bypass_that_is_taken_back_in_a_turn_answers_nothing_from_then_on() -> None:
    codex = Codex("bypass")
    codex.change(added("/etc/passwd"))
    assert codex.request("item/fileChange/requestApproval", 0, itemId="c1") is None
    [told] = changed(codex, "ask")

    assert isinstance(told, ItemAdded)
    assert (told.kind, told.level, told.turn) == ("notice", "warning", "t1")
    assert told.body.text == (
        "Codex keeps working without asking until this turn ends. Stop it to have the new mode hold at once."
    )
    assert codex.ids[-1] == "start:mode-1"
    line = codex.written[-1]
    assert (line["method"], line["params"]["threadId"]) == ("thread/settings/update", "th")
    assert (line["params"]["approvalPolicy"], line["params"]["sandboxPolicy"]["type"]) == (
        "on-request",
        "readOnly",
    )
    codex.out({"id": line["id"], "error": {"code": -32600, "message": "unknown variant"}})
    assert codex.facts[-1] is told
    assert codex.request("item/fileChange/requestApproval", 1, itemId="c1") is not None
    assert changed(codex, "ask") == []


@pytest.mark.parametrize(
    ("began", "then", "asks"),
    [
        ("ask", "accept_edits", False),
        ("accept_edits", "ask", True),
        ("ask", "bypass", False),
        ("plan", "ask", True),
    ],
)
def test_another_mode_answers_from_the_middle_of_a_turn_on(began: Mode, then: Mode, asks: bool) -> None:
    codex = Codex(began)
    codex.change(added("a.py"))

    assert changed(codex, then) == []
    assert (codex.request("item/fileChange/requestApproval", 0, itemId="c1") is not None) == asks


def test_each_change_of_the_mode_is_a_line_of_its_own_also_after_a_new_fold() -> None:
    codex = Codex("bypass")
    for mode in ("ask", "bypass", "plan"):
        changed(codex, mode)
    assert codex.ids[-3:] == ["start:mode-1", "start:mode-2", "start:mode-3"]

    again = CodexAdapter(ENTRY, "h", codex.adapter.launch, codex.adapter.carry())
    assert [one.id for one in again.adjust(None, "ask")] == ["start:mode-4"]
    assert again.adjust(None, "plan") == []
    codex.end()
    assert codex.adapter.adjust(None, "bypass") == []
