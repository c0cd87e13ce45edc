"""When the Claude adapter says that nothing is open, and which models it has. What holds for every adapter: tests/conformance/adapter.py."""

from typing import Any

import pytest

from agentguid.agents import claude
from agentguid.agents.base import Fact, Launch, Live
from agentguid.protocol.events import ApprovalRequested
from tests.agents.byhand import Session
from tests.agents.recordings import HOST, tapes

LAUNCH = Launch(cwd="/work/demo", model=None, mode="ask", resume=None)


def test_it_is_not_idle_while_an_item_streams_or_an_approval_waits() -> None:
    adapter, busy = claude.adapter(HOST, LAUNCH), set[str]()
    for line in dict(tapes())["permission-allow"]:
        for output in adapter.feed(line):
            if isinstance(output, Live):
                busy.add("live")
                assert not adapter.idle
            if isinstance(output, Fact) and isinstance(output.event, ApprovalRequested):
                busy.add("approval")
                assert not adapter.idle

    assert busy == {"live", "approval"}


def test_its_models_are_known_from_the_handshake_on() -> None:
    adapter = claude.adapter(HOST, LAUNCH)
    assert list(adapter.models) == []
    for line in dict(tapes())["simple"]:
        adapter.feed(line)
        if adapter.ready:
            break

    assert list(adapter.models) == ["opus", "fable", "sonnet", "haiku"]
    again = claude.adapter(HOST, LAUNCH, adapter.carry())
    assert again.models == adapter.models


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ([{"value": "a"}, {"value": "a"}, {"value": "b" * 200}, {"value": "b" * 201}], ["a", "b" * 200]),
        ([{"value": 7}, {"name": "x"}, "y", None, {"value": ""}], []),
        ([{"value": f"{number}"} for number in range(300)], [f"{number}" for number in range(200)]),
        ([{"value": f"{number:0200}"} for number in range(200)], [f"{number:0200}" for number in range(40)]),
        ([{"value": f"{number:03}" + "\u00e9" * 100} for number in range(200)], [f"{number:03}" + "\u00e9" * 100 for number in range(39)]),
        ("nonsense", []),
        (None, []),
    ],
)  # fmt: skip
def test_so_many_models_are_kept_as_a_list_can_show(told: Any, kept: list[str]) -> None:
    session = Session()
    for write in session.adapter.start():
        session.feed("in", write.data, id=write.id)
    answer = {"subtype": "success", "request_id": "h-start", "response": {"models": told}}
    session.out({"type": "control_response", "response": answer})

    assert session.adapter.ready
    assert session.adapter.models == kept
