"""What a limit cuts short is tried again by itself: visibly, at its time, a few times, and only as long as the user likes."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentguid.project.retries import GO_ON
from tests.sessions.seen import facts, row
from tests.support import badagent
from tests.support.daemon import Daemon, wait_for

Limited = Callable[..., tuple[Daemon, str]]
FULL = "API Error: Request rejected (429) · This request would exceed your rate limit."
LATER = "You've hit your limit · try again in 3 hours"


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Limited]:
    """A daemon and a conversation; each line is what the agent fails with, before it works."""
    running: list[Daemon] = []

    def make(*lines: str, pauses: str = "0.2,0.2,0.2") -> tuple[Daemon, str]:
        programs = badagent.install(tmp_path / "programs", "limited")
        environ = {"PATH": f"{programs}:{os.environ['PATH']}", "AGENTGUID_RETRY_SECONDS": pauses}
        daemon = Daemon(tmp_path, **environ)
        (daemon.work / "limits").write_text("".join(f"{line}\n" for line in lines))
        running.append(daemon.start())
        return daemon, daemon.conversation("claude-code")

    yield make
    for daemon in running:
        daemon.close()


def prompts(daemon: Daemon, conversation: str) -> list[str]:
    return [data["body"]["text"] for data in facts(daemon, conversation, "turn.started")]


def outcomes(daemon: Daemon, conversation: str) -> list[str]:
    return [data["outcome"] for data in facts(daemon, conversation, "turn.ended")]


def scheduled(daemon: Daemon, conversation: str) -> dict[str, Any]:
    return dict(wait_for(lambda: row(daemon, conversation)["retry"], "the next try to be scheduled"))


def test_the_same_prompt_is_sent_again_until_it_comes_through(limited: Limited) -> None:
    daemon, conversation = limited(FULL, FULL)
    daemon.send(conversation, "begin")
    wait_for(lambda: outcomes(daemon, conversation)[2:], "the third try")
    assert outcomes(daemon, conversation) == ["error", "error", "complete"]
    assert prompts(daemon, conversation) == ["begin"] * 3
    assert [one["attempt"] for one in facts(daemon, conversation, "retry.scheduled")] == [1, 2]
    assert row(daemon, conversation)["retry"] is None
    assert row(daemon, conversation)["status"] == "unread"


@pytest.mark.parametrize("how", ["stderr> ", "stdout> ", ""])
def test_a_limit_counts_wherever_the_agent_names_it(limited: Limited, how: str) -> None:
    """Also when it dies of it, and much longer than its last words came after it: 10 KB here."""
    daemon, conversation = limited(how + LATER)
    daemon.send(conversation, "begin")
    retry = scheduled(daemon, conversation)
    assert abs(retry["at"] - daemon.ended(conversation)["completed_at"] - 3 * 3_600_000) < 30_000
    assert retry["reason"] == "account"
    [ended] = facts(daemon, conversation, "turn.ended")
    assert LATER in ended["error"]
    assert row(daemon, conversation)["status"] == "retrying"
    daemon.api("POST", f"/conversations/{conversation}/retry")
    wait_for(lambda: outcomes(daemon, conversation) == ["error", "complete"], "the next try")


def test_the_event_of_a_limit_gives_the_time_of_the_next_try(limited: Limited) -> None:
    """Although the agent dies of it without a word. Not before that time: to the minute, and rather later."""
    daemon, conversation = limited("event> 10800")
    daemon.send(conversation, "begin")
    retry = scheduled(daemon, conversation)
    ended = daemon.ended(conversation)["completed_at"]
    assert -30_000 < retry["at"] - ended - 10_800_000 < 90_000
    assert (retry["reason"], row(daemon, conversation)["status"]) == ("account", "retrying")
    full = daemon.api("GET", f"/conversations/{conversation}/full")
    assert full["rateLimitInfo"]["retryAt"] == retry["at"]
    page = daemon.request("GET", f"/conversations/{conversation}", headers={"Accept": "text/html"})[
        1
    ].decode()
    assert "The five hour limit of the account is reached. It is lifted at " in page
    assert "Limit reached" in page
    assert "data-countdown" in page


def test_an_agent_that_had_begun_is_told_to_go_on(limited: Limited) -> None:
    daemon, conversation = limited(FULL + " after work", FULL)
    daemon.send(conversation, "begin")
    wait_for(lambda: outcomes(daemon, conversation)[2:], "the third try")
    assert prompts(daemon, conversation) == ["begin", GO_ON, GO_ON]


def test_after_three_tries_it_is_over_and_the_user_may_try_himself(limited: Limited) -> None:
    daemon, conversation = limited(*[FULL] * 4)
    daemon.send(conversation, "begin")
    wait_for(lambda: outcomes(daemon, conversation)[3:], "the last try")
    assert outcomes(daemon, conversation) == ["error"] * 4
    assert row(daemon, conversation)["status"] == "error"
    assert row(daemon, conversation)["retry"] is None

    daemon.api("POST", f"/conversations/{conversation}/retry")
    assert daemon.ended(conversation)["status"] == "complete"
    assert prompts(daemon, conversation) == ["begin"] * 5


@pytest.mark.parametrize(
    "said", ["Your credit balance is too low", "API Error: 401 invalid x-api-key", "Prompt is too long"]
)
def test_what_waiting_does_not_mend_is_not_tried_again(limited: Limited, said: str) -> None:
    daemon, conversation = limited(said)
    daemon.send(conversation, "begin")
    assert daemon.ended(conversation)["status"] == "error"
    assert facts(daemon, conversation, "retry.scheduled") == []


def test_a_time_that_the_agent_names_is_kept_to_over_restarts_and_can_be_cut_short(limited: Limited) -> None:
    daemon, conversation = limited(LATER)
    turn = daemon.send(conversation, "begin")["session"]["id"]
    retry = scheduled(daemon, conversation)
    ended = daemon.ended(conversation)["completed_at"]
    assert abs(retry["at"] - ended - 3 * 3_600_000) < 30_000
    assert (retry["sessionId"], retry["attempt"], retry["of"], retry["reason"]) == (turn, 1, 3, "account")
    assert row(daemon, conversation)["status"] == "retrying"
    assert daemon.api("GET", f"/conversations/{conversation}/full")["rateLimitInfo"]["retryAt"] == retry["at"]
    assert daemon.api("GET", "/status")["retrying"] == 1

    daemon.kill()
    daemon.start()
    assert scheduled(daemon, conversation) == retry
    assert daemon.send(conversation, "and then")["queued"], "what is sent meanwhile waits"

    daemon.api("POST", f"/conversations/{conversation}/retry")
    wait_for(lambda: outcomes(daemon, conversation)[2:], "what waited")
    assert outcomes(daemon, conversation) == ["error", "complete", "complete"]
    assert prompts(daemon, conversation) == ["begin", "begin", "and then"]


def test_a_time_that_comes_while_the_daemon_is_away_is_made_up_for(limited: Limited) -> None:
    daemon, conversation = limited(FULL, pauses="3")
    daemon.send(conversation, "begin")
    retry = scheduled(daemon, conversation)
    daemon.kill()
    import time

    wait_for(lambda: time.time() * 1000 > retry["at"], "its time to come")
    daemon.start()
    wait_for(lambda: outcomes(daemon, conversation) == ["error", "complete"], "the next try")


@pytest.mark.parametrize("how", ["cancel", "retry"])
def test_a_stop_or_a_cancel_ends_it_and_what_waits_is_held(limited: Limited, how: str) -> None:
    daemon, conversation = limited(LATER)
    daemon.send(conversation, "begin")
    scheduled(daemon, conversation)
    daemon.send(conversation, "and then")
    path = f"/conversations/{conversation}/{how}"
    assert daemon.api("POST" if how == "cancel" else "DELETE", path)["cancelled"]
    found = row(daemon, conversation)
    assert (found["retry"], found["status"], found["queueHeld"]) == (None, "error", True)
    assert not daemon.api("POST" if how == "cancel" else "DELETE", path)["cancelled"]


def test_who_ends_all_agents_does_not_find_them_at_work_at_the_next_start(limited: Limited) -> None:
    daemon, conversation = limited(FULL, pauses="5")
    daemon.send(conversation, "begin")
    scheduled(daemon, conversation)
    daemon.api("POST", "/shutdown", {"agents": True})
    assert daemon.process
    wait_for(lambda: daemon.process.poll() is not None, "the daemon to stop")  # type: ignore[union-attr]
    daemon.start()
    assert row(daemon, conversation)["retry"] is None


def test_a_deleted_conversation_is_not_tried_again(limited: Limited) -> None:
    daemon, conversation = limited(FULL, pauses="1")
    daemon.send(conversation, "begin")
    scheduled(daemon, conversation)
    daemon.api("DELETE", f"/conversations/{conversation}")
    assert daemon.api("GET", "/status")["retrying"] == 0


def test_what_did_not_fail_is_not_tried_again(limited: Limited) -> None:
    daemon, conversation = limited()
    path = f"/gm/api/conversations/{conversation}/retry"
    assert daemon.request("POST", path.removeprefix("/gm"), {})[0] == 409
    daemon.send(conversation, "begin")
    assert daemon.ended(conversation)["status"] == "complete"
    assert daemon.request("POST", path.removeprefix("/gm"), {})[0] == 409
