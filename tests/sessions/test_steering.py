"""Stopping and answering agents at the worst moment: in a flood, twice in a row, when no turn is open, in no folder."""

import pytest

from tests.hosts.tools import is_alive
from tests.sessions.conftest import Bad
from tests.support.daemon import Daemon, wait_for
from tests.support.tokens import in_log

PROMPTLY = 30.0
"""Seconds within which a stop must have ended the turn, on a machine that is ten times as slow as a desk's. The floods go
on for minutes."""


def agents(daemon: Daemon) -> set[int]:
    """Every process that is neither the daemon nor a host."""
    assert daemon.process
    return set(daemon.descendants()) - {daemon.process.pid, *daemon.hosts()}


def running(daemon: Daemon, conversation: str) -> None:
    wait_for(
        lambda: b"Running" in daemon.request("GET", f"/conversations/{conversation}")[1], "it to be running"
    )


def stop(daemon: Daemon, conversation: str) -> None:
    daemon.api("POST", f"/conversations/{conversation}/cancel", {})


def pending(daemon: Daemon) -> list[str]:
    return [approval["id"] for approval in daemon.api("GET", "/approvals")["approvals"]]


def answers(daemon: Daemon) -> list[str]:
    """What the stand-in was told, one a line."""
    file = daemon.work / "answers"
    return file.read_text().splitlines() if file.exists() else []


# -- stop -------------------------------------------------------------------------------------------------------------
@pytest.mark.serial
@pytest.mark.parametrize("flood", ["emit 3000000", "emit 3000000 deltas"])
def test_a_stop_gets_through_a_flood(daemon: Daemon, flood: str) -> None:
    conversation = daemon.conversation()
    turn = daemon.send(conversation, flood)["session"]["id"]
    tapes = daemon.data / "tapes"
    wait_for(
        lambda: sum(file.stat().st_size for file in tapes.rglob("*.tape")) > 20 << 20, "20 MB on the tape"
    )
    before = agents(daemon)
    assert before

    stop(daemon, conversation)

    assert daemon.ended(conversation, turn, PROMPTLY)["status"] == "interrupted"
    daemon.send(conversation, "emit 1")
    assert daemon.ended(conversation)["status"] == "complete"
    assert agents(daemon) == before, (
        "an agent that obeyed was ended all the same, because reading took its time"
    )
    assert len(agents(daemon)) <= 1, "the flood's process lives on"


def test_a_deaf_agent_in_a_flood_is_ended_with_all_that_it_started(bad: Bad) -> None:
    daemon = bad("endless")
    conversation = daemon.conversation("claude-code")
    turn = daemon.send(conversation, "begin")["session"]["id"]
    running(daemon, conversation)
    wait_for(lambda: len(agents(daemon)) == 2, "the agent and what it started")

    stop(daemon, conversation)

    wait_for(lambda: not agents(daemon), "all of it to be gone, however far it has been read", PROMPTLY / 2)
    assert daemon.ended(conversation, turn, PROMPTLY)["status"] == "interrupted"
    daemon.send(conversation, "once more")
    running(daemon, conversation)


@pytest.mark.serial
def test_a_stop_that_a_restart_finds_does_not_wait_for_a_long_tape_to_be_read(bad: Bad) -> None:
    daemon = bad("endless")
    conversation = daemon.conversation("claude-code")
    turn = daemon.send(conversation, "begin")["session"]["id"]
    running(daemon, conversation)
    wait_for(lambda: len(agents(daemon)) == 2, "the agent and what it started")
    left = agents(daemon)
    daemon.kill()
    tapes = daemon.data / "tapes"
    wait_for(
        lambda: sum(file.stat().st_size for file in tapes.rglob("*.tape")) > 200 << 20,
        "200 MB on the tape",
        60,
    )
    daemon.start()

    stop(daemon, conversation)

    wait_for(
        lambda: not any(map(is_alive, left)),
        "all of it to be gone, however far it has been read",
        PROMPTLY / 2,
    )
    assert daemon.ended(conversation, turn, 10 * PROMPTLY)["status"] == "interrupted"


def test_of_two_stops_in_a_row_the_second_is_insisted_on(bad: Bad) -> None:
    daemon = bad("listens")
    conversation = daemon.conversation("claude-code")
    first = daemon.send(conversation, "wait for my word")["session"]["id"]
    running(daemon, conversation)
    assert daemon.send(conversation, "and now be deaf")["queued"] is True

    stop(daemon, conversation)
    assert daemon.ended(conversation, first, PROMPTLY)["status"] == "interrupted"
    wait_for(lambda: len(prompts(daemon)) == 2, "the second prompt to be given to the same agent")
    second = daemon.latest(conversation)
    assert second
    assert (second["status"], second["id"] != first) == ("active", True)
    stop(daemon, conversation)

    assert daemon.ended(conversation, second["id"], PROMPTLY)["status"] == "interrupted"
    wait_for(lambda: not agents(daemon), "the deaf agent to be gone")
    daemon.send(conversation, "once more")
    running(daemon, conversation)


def prompts(daemon: Daemon) -> list[str]:
    return [name for name in daemon.inputs() if name.startswith("prompt:")]


# -- an answer while no turn is open ----------------------------------------------------------------------------------
@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("decision", ["allow_once", "reject_once"])
def test_a_request_of_a_background_task_is_answered(bad: Bad, restart: bool, decision: str) -> None:
    daemon = bad("asks_later")
    conversation = daemon.conversation("claude-code")
    daemon.send(conversation, "begin the long task")
    (approval,) = wait_for(lambda: pending(daemon), "the request")
    assert daemon.ended(conversation)["status"] == "complete"
    if restart:
        daemon.kill()
        daemon.start()
        assert pending(daemon) == [approval]

    daemon.api("POST", f"/approvals/{approval}", {"decision": decision})

    (told,) = wait_for(lambda: answers(daemon), "the agent to be told")
    assert told.endswith("allow" if decision == "allow_once" else "deny")
    assert daemon.inputs().count(f"answer:{approval}") == 1
    daemon.send(conversation, "and go on")
    assert daemon.ended(conversation)["status"] == "complete"
    assert len(answers(daemon)) == 1


def test_a_request_of_a_background_task_outlives_the_next_turn(bad: Bad) -> None:
    """The agent waits for its answer whatever becomes of turns."""
    daemon = bad("asks_later")
    conversation = daemon.conversation("claude-code")
    daemon.send(conversation, "begin the long task")
    (approval,) = wait_for(lambda: pending(daemon), "the request")
    second = daemon.send(conversation, "meanwhile, something else")["session"]["id"]
    assert daemon.ended(conversation, second)["status"] == "complete"

    assert pending(daemon) == [approval]
    daemon.api("POST", f"/approvals/{approval}", {"decision": "allow_once"})

    wait_for(lambda: answers(daemon), "the agent to be told")


# -- no folder --------------------------------------------------------------------------------------------------------
def test_a_folder_that_has_vanished_is_named_as_the_trouble(daemon: Daemon) -> None:
    folder = daemon.work / "short-lived"
    folder.mkdir()
    conversation = daemon.conversation(workingDirectory=str(folder))
    folder.rmdir()

    daemon.send(conversation, "emit 1")

    turn = daemon.ended(conversation)
    assert turn["status"] == "error"
    assert "directory" in turn["error"].lower(), turn["error"]
    assert turn["error"].endswith(".")
    folder.mkdir()
    daemon.send(conversation, "emit 2")
    assert daemon.ended(conversation)["status"] == "complete"
    assert in_log(daemon, conversation) == [0, 1]
