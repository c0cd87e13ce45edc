"""Verbs for what there is: conversations, their queues, agents, the log; against a real daemon."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.ctl import PATIENCE, Here
from tests.support.daemon import wait_for
from tests.support.terminal import Terminal


@pytest.fixture
def busy(here: Here) -> Iterator[str]:
    """A conversation whose agent works."""
    conversation = here.new()
    here("send", conversation, "sleep 60")
    here.running(conversation)
    yield conversation
    here("rm", conversation, "--yes")


def listed(here: Here, *flags: str) -> list[str]:
    return [row["id"] for row in here.json("ls", "-n", "0", *flags)["conversations"]]


def test_a_title_is_given(here: Here) -> None:
    conversation = here.new()

    assert here("rename", conversation[:8], "the new name").stderr == "renamed: the new name\n"
    assert here.json("rename", conversation, "again")["title"] == "again"


def test_what_is_archived_leaves_the_list_and_comes_back(here: Here) -> None:
    one, two = here.new(), here.new()

    here("archive", one, two)
    here("archive", one)  # again, and nothing happens
    assert not {one, two} & set(listed(here))
    assert {one, two} <= set(listed(here, "--archived"))

    here("archive", "--undo", one)
    assert one in listed(here)


def test_what_is_pinned_stands_first(here: Here) -> None:
    first = here.new()
    here.new()
    here("pin", first)
    assert listed(here)[0] == first

    assert here.json("pin", "--undo", first)["pinned"] is False


def test_deleting_is_meant_or_does_not_happen(here: Here) -> None:
    one, two = here.new(), here.new()

    assert "--yes" in here("rm", one, code=2).stderr
    here("rm", one, "nothinglikethat", "--yes", code=4)
    assert {one, two} <= set(listed(here))

    here("rm", one, two, "--yes")
    assert not {one, two} & set(listed(here))
    here("rm", one, "--yes", code=4)


def test_what_was_said_is_gone_at_once_when_that_is_meant(here: Here) -> None:
    one, two = here.new(), here.new()
    for conversation in (one, two):
        here("send", conversation, f"unforgettable-word {conversation}", "--follow")
    here("rm", two, "--yes")
    here("rm", two, "nothinglikethat", "--now", "--yes", code=4)
    assert said_in(here, two), "kept for seven days"

    here("rm", one, "--now", "--yes")
    here("rm", two, "--now", "--yes")

    wait_for(lambda: not said_in(here, one) and not said_in(here, two), "the words to be gone")


def said_in(here: Here, conversation: str) -> bool:
    """The log still has what a user said."""
    return any(f"unforgettable-word {conversation}" in str(event["data"]) for event in here.daemon.events())


def test_deleting_at_once_is_asked_about_twice(here: Here) -> None:
    conversation = here.new()
    argv = [sys.executable, "-m", "agentguid.cli", "rm", conversation, "--now"]
    with Terminal(argv, here.daemon.environ, here.daemon.work) as shown:
        shown.expect("Delete for good? [y/N]")
        shown.send("y\r")
        shown.expect("leaves the disk at once. Sure? [y/N]")
        shown.send("\r")
        assert shown.ends() == 1
    assert conversation in listed(here)


def test_how_a_conversation_goes_on_is_changed(here: Here) -> None:
    conversation = here.new()

    changed = here.json("set", conversation, "--mode", "plan", "--model", "small")
    assert (changed["mode"], changed["model"]) == ("plan", "small")
    assert here.json("set", conversation, "--model", "")["model"] is None
    here("set", conversation, code=2)
    here("set", conversation, "--agent", "nobody", code=2)


def test_the_queue_is_listed_changed_moved_and_emptied(here: Here, busy: str) -> None:
    assert here("queue", "ls", busy).stderr == "nothing waits\n"
    for text in ("first", "second", "third"):
        here("send", busy, text)

    here("queue", "move", busy, "3", "1")
    here("queue", "edit", busy, "2", "-", stdin="first, but better")
    rows = here.json("queue", "ls", busy)["queue"]
    assert [row["content"] for row in rows] == ["third", "first, but better", "second"]
    assert "first, but better" in here("queue", "ls", busy).stdout

    here("queue", "rm", busy, rows[0]["messageId"][:10])
    here("queue", "rm", busy, "nothing", code=4)
    assert len(here.json("queue", "ls", busy)["queue"]) == 2


def test_a_message_goes_into_the_running_turn_or_one_that_waits_does(here: Here, busy: str) -> None:
    here("send", busy, "waits")
    assert "before its next step" in here("send", busy, "now", "--steer").stderr
    rows = here.json("queue", "ls", busy)["queue"]
    assert [(row["content"], row["steering"]) for row in rows] == [("now", True), ("waits", False)]
    assert "going in" in here("queue", "ls", busy).stdout
    here("queue", "rm", busy, "1", code=3)

    here("queue", "now", busy, "2")
    assert [row["steering"] for row in here.json("queue", "ls", busy)["queue"]] == [True, True]


def test_a_steered_message_is_followed_to_the_end_of_its_turn(here: Here) -> None:
    conversation = here.new()
    here("send", conversation, "ask; emit 1")
    here.running(conversation)
    following = here.start("send", conversation, "Be quick.", "--steer", "--follow")
    wait_for(lambda: here.json("queue", "ls", conversation)["queue"], "the message to wait")
    here.daemon.allow(conversation)
    shown, said = following.communicate(timeout=PATIENCE)

    assert following.returncode == 0, said
    assert "While I worked you said: Be quick." in shown
    assert "Be quick." in here("export", conversation).stdout


@pytest.fixture
def failing(here: Here) -> Iterator[tuple[str, Callable[[], None]]]:
    """A conversation that asks for permission, and what makes its turn fail."""
    conversation = here.new()
    here("send", conversation, "ask; fail")
    path = f"/approvals?conversation={conversation}"
    asked = wait_for(lambda: here.daemon.api("GET", path)["approvals"], "the request")
    yield (
        conversation,
        lambda: here.daemon.api("POST", f"/approvals/{asked[0]['id']}", {"decision": "allow_once"}),
    )
    here("rm", conversation, "--yes")


def test_what_a_failed_turn_holds_back_is_shown_and_released(
    here: Here, failing: tuple[str, Callable[[], None]]
) -> None:
    conversation, fail = failing
    here("send", conversation, "sleep 60")
    here("send", conversation, "emit 1")
    assert here("queue", "release", conversation).stderr == "nothing was held back\n"
    assert "release" not in here("queue", "ls", conversation).stderr

    fail()
    wait_for(lambda: here.json("queue", "ls", conversation)["held"], "the queue to be held")

    assert f"agentguictl queue release {conversation}" in here("queue", "ls", conversation).stderr
    assert f"agentguictl queue release {conversation[:8]}" in here("show", conversation).stderr
    assert here("queue", "release", conversation).stderr == "the next message is sent; 1 more waits\n"
    assert here.json("queue", "release", conversation)["held"] is False
    assert [row["content"] for row in here.json("queue", "ls", conversation)["queue"]] == ["emit 1"]


def test_watching_a_message_that_waits_ends_when_it_is_held_back(
    here: Here, failing: tuple[str, Callable[[], None]]
) -> None:
    conversation, fail = failing
    watching = here.start("send", conversation, "emit 1", "--follow")
    wait_for(lambda: here.daemon.api("GET", f"/conversations/{conversation}/queue")["queue"], "it to wait")

    fail()

    _, said = watching.communicate(timeout=60)
    assert watching.returncode == 1
    assert f"agentguictl queue release {conversation[:8]}" in said


def test_watching_a_message_that_is_taken_out_ends(here: Here, busy: str) -> None:
    watching = here.start("send", busy, "emit 1", "--follow")
    wait_for(lambda: here.daemon.api("GET", f"/conversations/{busy}/queue")["queue"], "it to wait")

    here("queue", "rm", busy, "1")

    _, said = watching.communicate(timeout=60)
    assert (watching.returncode, "taken out of the queue" in said) == (1, True)


def test_whoever_watches_a_turn_fail_learns_that_messages_are_held_back(
    here: Here, failing: tuple[str, Callable[[], None]]
) -> None:
    conversation, fail = failing
    here("send", conversation, "emit 1")
    watching = here.start("follow", conversation)
    assert watching.stderr
    assert any("answer with" in line for line in watching.stderr), "it watches"

    fail()

    _, said = watching.communicate(timeout=60)
    assert watching.returncode == 1
    assert said.index("failed") < said.index(f"agentguictl queue release {conversation[:8]}")


def test_agents_are_listed_and_looked_for_again(here: Here) -> None:
    assert "demo" in {agent["id"] for agent in here.json("agents", "ls")["agents"]}
    assert "demo" in here("agents", "rescan").stdout


def test_all_that_is_known_of_an_agent_is_shown(here: Here) -> None:
    shown = here("agents", "ls", "goose").stdout

    assert re.search(r"^our tests +never run by us$", shown, re.MULTILINE)
    assert "Another program is called goose too" in shown
    assert here.json("agents", "ls", "goose")["id"] == "goose"
    here("agents", "ls", "nobody", code=4)


def test_a_conversation_opens_with_a_link_that_signs_in(here: Here) -> None:
    conversation = here.new()

    link = here("open", conversation[:8], "--print").stdout.strip()
    assert re.search(r"login\?ticket=[^&]+&next=%2Fgm%2Fconversations%2F" + conversation, link)
    assert "conversations" not in here.json("open")["url"]
    here("open", "nothinglikethat", code=4)


def test_lists_and_transcripts_are_made_anew(here: Here) -> None:
    here("run", "emit 3", "--agent", "demo")
    before = here.json("ls")["conversations"]

    assert here("rebuild").stderr == "rebuilt\n"
    assert here.json("rebuild", before[0]["id"][:8]) == {"rebuilding": False}
    here("rebuild", "nothinglikethat", code=4)
    assert [row["id"] for row in here.json("ls")["conversations"]] == [row["id"] for row in before]


def test_a_request_is_shown_whole_before_it_is_answered(here: Here) -> None:
    conversation = here.new()
    assert here("approvals", "ls").stderr == "nothing waits for you\n"
    here("send", conversation, "ask")
    wait_for(lambda: here.json("approvals", "ls")["approvals"], "the request")
    row = here.json("approvals", "ls")["approvals"][0]

    shown = here("approvals", "ls", row["id"][:12]).stdout
    assert "A note." in shown
    assert "demo-note.txt" in shown
    here("approvals", "deny", row["id"][:12], "--message", "no")
    here("approvals", "ls", row["id"], code=4)


def test_an_export_has_everything_that_was_said(here: Here, tmp_path: Path) -> None:
    done = here("run", "long 90000; tool; fail", "--agent", "demo", code=1)
    conversation = re.findall(r"conversation: (\w+)", done.stderr)[0]
    file = tmp_path / "talk.json"

    here("export", conversation, "-o", str(file))
    whole = json.loads(file.read_text())
    text = here("export", conversation).stdout

    said = [event["data"]["body"] for event in whole["events"] if event["type"] == "item.added"]
    assert len(said[0]["text"]) == 90_000
    assert "blob" not in said[0]
    assert said[0]["text"] in text
    assert "<summary>Bash ls" in text
    assert text.count("## You") == 1
    here("export", conversation, "-o", str(file), code=1)  # a file that is there is not written over


def test_versions_of_both_sides(here: Here) -> None:
    answer = here.json("version", "--daemon")

    assert answer["version"] == answer["daemon"]


def test_run_may_be_detached_and_its_id_is_printed(here: Here) -> None:
    conversation = here("run", "sleep 60", "--agent", "demo", "--detach").stdout.strip()
    here.running(conversation)

    assert here.daemon.latest(conversation)["status"] in ("active", "pending")  # type: ignore[index]
    here("stop", conversation)


def test_reading_is_all_that_a_token_for_reading_may(here: Here) -> None:
    secret = here("token", "create", "reader", "--scope", "read").stdout.strip()
    over = ("--url", here.daemon.base, "--token", secret)
    conversation = here.new()

    assert conversation in here(*over, "export", conversation, "--json").stdout
    for line in (
        ["rename", conversation, "x"],
        ["rm", conversation, "--yes"],
        ["rebuild"],
        ["agents", "rescan"],
    ):
        assert here(*over, *line, code=77).stderr
    here("--url", here.daemon.base, "--token", "wrong", "ls", code=77)
