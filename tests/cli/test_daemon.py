"""The verbs against a real daemon with the demo agent."""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.ctl import PATIENCE, Here
from tests.support.daemon import Daemon, wait_for


def conversation_of(done: "subprocess.CompletedProcess[str]") -> str:
    return next(line for line in done.stderr.splitlines() if line.startswith("conversation: ")).split()[1]


def words(text: str) -> list[str]:
    return text.split()


def test_status_tells_how_the_daemon_is(here: Here) -> None:
    assert here.json("status")["pid"] == here.daemon.process.pid  # type: ignore[union-attr]
    shown = here("status").stdout

    assert f"pid {here.daemon.process.pid}, up for" in shown  # type: ignore[union-attr]
    assert here.daemon.base in shown
    assert "waiting for you" in shown


def test_run_prints_what_the_agent_says_once_and_works_here(here: Here) -> None:
    done = here("run", "emit 5; think; tool; long 3000", "--agent", "demo")
    conversation = conversation_of(done)

    assert words(done.stdout) == words(" ".join(here.said(conversation)))
    assert len(here.said(conversation)) >= 2
    shown = here.daemon.api("GET", f"/conversations/{conversation}")["conversation"]
    assert (shown["workingDirectory"], shown["agentId"]) == (str(here.daemon.work), "demo")


def test_run_reads_its_prompt_from_standard_input(here: Here) -> None:
    done = here("run", "-", "--agent", "demo", stdin="emit 1")

    assert "@seq:" in done.stdout


def test_a_message_that_is_no_utf8_still_arrives(here: Here) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "agentguid.cli", "run", "-", "--agent", "demo", "--json"],
        env=here.daemon.environ,
        cwd=here.daemon.work,
        input=b"emit 1 caf\xe9",
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    started = json.loads(process.stdout.splitlines()[0])

    assert started["data"]["body"]["text"] == "emit 1 caf\ufffd"


def test_run_says_by_its_exit_code_that_the_turn_failed(here: Here) -> None:
    done = here("run", "fail", "--agent", "demo", code=1)

    assert "failed" in done.stderr


def test_run_with_json_prints_the_events(here: Here) -> None:
    done = here("run", "emit 2", "--agent", "demo", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]

    assert events == here.daemon.events(conversation=conversation_of(done))[-len(events) :]
    assert (events[0]["type"], events[-1]["type"]) == ("turn.started", "turn.ended")


def test_without_an_agent_one_learns_which_could_be_used(here: Here) -> None:
    if any(
        agent["installed"] and agent["id"] != "demo" for agent in here.daemon.api("GET", "/agents")["agents"]
    ):
        pytest.skip("an agent is installed here")

    assert "--agent demo" in here("new", code=2).stderr


def test_an_approval_is_listed_allowed_once_and_then_refused(here: Here) -> None:
    process = here.start("run", "ask", "--agent", "demo")
    wait_for(lambda: here.json("approvals", "ls")["approvals"], "the approval")
    row = here.json("approvals", "ls")["approvals"][0]

    assert row["id"] in here("approvals", "ls").stdout
    assert here("approvals", "allow", row["id"]).stderr == "allowed\n"

    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert f"agentguictl approvals allow {row['id']}" in err
    assert "allow_once" in here("approvals", "deny", row["id"], code=3).stderr


def test_questions_are_listed_and_answered_on_the_command_line(here: Here) -> None:
    process = here.start("run", "question", "--agent", "demo")
    wait_for(lambda: here.json("approvals", "ls")["approvals"], "the questions")
    row = here.json("approvals", "ls")["approvals"][0]

    assert "How shall I greet you? (and 1 more)" in here("approvals", "ls").stdout
    assert "3 In verse \u2014 You have been warned" in here("approvals", "ls", row["id"]).stdout
    refused = here("approvals", "allow", row["id"], "--answer", "2=Coffee", code=2)
    assert "is not answered" in refused.stderr
    several = ["--answer", "briefly", "--answer", "2=1", "--answer", "topics=Tea", "--answer", "2=the news"]
    assert here("approvals", "allow", row["id"], *several).stderr == "answered\n"

    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert f"approvals allow {row['id']} --answer" in err
    assert "How shall I greet you? **Briefly**" in out
    assert "What shall I greet you about? **The weather, Tea, the news**" in out


def test_a_plan_is_accepted_in_one_of_its_ways(here: Here) -> None:
    process = here.start("run", "plan", "--agent", "demo", "--mode", "plan")
    wait_for(lambda: here.json("approvals", "ls")["approvals"], "the plan")
    row = here.json("approvals", "ls")["approvals"][0]

    assert "Write a note" in here("approvals", "ls").stdout
    assert "1 Yes, and accept edits" in here("approvals", "ls", row["id"]).stdout
    refused = here("approvals", "allow", row["id"], "--answer", "7", code=2)
    assert "1 Yes, and accept edits; 2 Yes, and ask each time" in refused.stderr
    here("approvals", "allow", row["id"], "--answer", "1")

    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert here.json("ls")["conversations"][0]["mode"] == "accept_edits"


def test_a_message_to_a_busy_agent_waits_and_can_be_followed_to_its_end(here: Here) -> None:
    conversation = here.new()
    here("send", conversation, "sleep 1; emit 1")

    done = here("send", conversation, "emit 3", "--follow")

    assert len(here.said(conversation)) == 4
    said = words(" ".join(here.said(conversation)[-3:]))
    assert words(done.stdout)[-len(said) :] == said


def test_stop_ends_the_turn_and_is_content_when_nothing_runs(here: Here) -> None:
    conversation = here.new()
    assert here("stop", conversation).stderr == "nothing was running\n"
    here("send", conversation, "sleep 30")
    here.running(conversation)
    follower = here.start("follow", conversation)
    assert follower.stderr
    assert any("> sleep 30" in line for line in iter(follower.stderr.readline, ""))

    assert here("stop", conversation).stderr == "stopping\n"

    _, err = follower.communicate(timeout=PATIENCE)
    assert (follower.returncode, "interrupted" in err) == (1, True)
    assert "nothing is running" in here("follow", conversation).stderr


def test_show_is_the_whole_transcript(here: Here) -> None:
    conversation = conversation_of(here("run", "emit 2; tool", "--agent", "demo"))
    here("send", conversation, "emit 1", "--follow")

    done = here("show", conversation)

    assert words(done.stdout) == words(" ".join(here.said(conversation)))
    assert "> emit 2; tool" in done.stderr
    assert "> emit 1" in done.stderr


def test_ids_may_be_shortened_and_unknown_ones_are_said_so(here: Here) -> None:
    conversation = here.new()

    assert here.json("show", conversation[:8])["type"] == "conversation.created"
    assert conversation[:8] in here("ls").stdout
    assert conversation in {row["id"] for row in here.json("ls")["conversations"]}
    assert "nothinglikethat" in here("show", "nothinglikethat", code=4).stderr


def test_events_are_the_log_without_gaps_and_go_on(here: Here) -> None:
    conversation = here.new()
    events = [json.loads(line) for line in here("events", "--json").stdout.splitlines()]
    assert [event["position"] for event in events] == list(range(1, len(events) + 1))

    follower = here.start("events", "--follow", "--json", "--after", str(len(events)))
    here("send", conversation, "emit 1", "--follow")
    assert follower.stdout
    went_on = [json.loads(follower.stdout.readline()) for _ in range(3)]
    follower.send_signal(signal.SIGINT)
    follower.communicate(timeout=PATIENCE)

    assert [event["position"] for event in went_on] == [len(events) + n for n in (1, 2, 3)]
    assert "turn.started" in here("events", "--conversation", conversation).stdout


def test_a_login_link_opens_the_sign_in_page(here: Here) -> None:
    link = here("login").stdout.strip()

    with urllib.request.urlopen(link, timeout=10) as page:
        assert "<form" in page.read().decode()


def test_a_token_opens_the_door_until_it_is_revoked(here: Here) -> None:
    secret = here("token", "create", "for the test", "--expires", "30d", "--scope", "read").stdout.strip()
    row = next(row for row in here.json("token", "ls")["tokens"] if row["name"] == "for the test")
    over_tcp = ("--url", here.daemon.base, "--token", secret)

    assert here.json(*over_tcp, "status")["pid"]
    assert here(*over_tcp, "new", "--agent", "demo", code=77).stderr
    assert secret not in here("token", "ls").stdout
    here("token", "revoke", row["id"], "--json")

    assert "agentguictl token create" in here(*over_tcp, "status", code=77).stderr


def test_the_log_of_a_running_daemon_verifies(here: Here) -> None:
    assert here.json("verify")["whole"] is True


@pytest.mark.crash
def test_watching_outlives_a_daemon_that_is_killed(tmp_path: Path) -> None:
    """The agent goes on, the watcher comes back, and each word is printed once."""
    daemon = Daemon(tmp_path).start()
    here = Here(daemon)
    try:
        conversation = here.new()
        watcher = here.start("send", conversation, "emit 40 rate 20", "--follow")
        wait_for(lambda: len(here.said(conversation)) >= 5, "some messages")

        daemon.kill()
        daemon.start()

        out, err = watcher.communicate(timeout=PATIENCE)
        assert (watcher.returncode, "trying again" in err) == (0, True)
        assert words(out) == words(" ".join(here.said(conversation)))
        assert len(here.said(conversation)) >= 40
    finally:
        daemon.close()
