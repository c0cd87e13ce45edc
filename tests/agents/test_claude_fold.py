"""When the Claude adapter says that nothing is open. What holds for every adapter: tests/conformance/adapter.py."""

from agentguid.agents import claude
from agentguid.agents.base import Fact, Launch, Live
from agentguid.protocol.events import ApprovalRequested
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
