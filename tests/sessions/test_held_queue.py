"""What waits behind a turn that cannot be run is not used up by it."""

from tests.support.daemon import Daemon, wait_for


def waiting(daemon: Daemon, conversation: str) -> list[str]:
    found = daemon.api("GET", f"/conversations/{conversation}/queue")["queue"]
    return [one["content"] for one in found]


def test_an_agent_that_is_missing_costs_one_message_and_not_all(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "ask")
    for text in ("first", "emit 1", "emit 2"):
        assert daemon.send(conversation, text)["queued"]
    daemon.api("PATCH", f"/conversations/{conversation}", {"agentId": "claude-code"})
    daemon.allow(conversation)

    def failed() -> bool:
        turn = daemon.latest(conversation)
        return bool(turn and turn["status"] == "error" and "Claude Code" in turn["error"])

    wait_for(failed, "the turn that cannot be started")
    assert waiting(daemon, conversation) == ["emit 1", "emit 2"]
    daemon.kill()
    daemon.start()
    assert waiting(daemon, conversation) == ["emit 1", "emit 2"], "a restart releases nothing"

    # The user chooses an agent that is there and says it once more: that goes first, then the others in their order.
    daemon.api("PATCH", f"/conversations/{conversation}", {"agentId": "demo"})
    daemon.send(conversation, "emit 3")
    wait_for(lambda: not waiting(daemon, conversation), "the queue")
    daemon.ended(conversation)
    users = [item["data"]["text"] for item in daemon.items(conversation) if item["type"] == "user"]
    assert users == ["ask", "first", "emit 3", "emit 1", "emit 2"]
