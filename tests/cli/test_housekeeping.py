"""Verbs for what there is: conversations, their queues, agents, the log; against a real daemon."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_daemon import Here
from tests.support.daemon import Daemon, wait_for


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    daemon = Daemon(tmp_path_factory.mktemp("daemon")).start()
    try:
        yield Here(daemon)
    finally:
        daemon.close()


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


def test_agents_are_listed_and_looked_for_again(here: Here) -> None:
    assert "demo" in {agent["id"] for agent in here.json("agents", "ls")["agents"]}
    assert "demo" in here("agents", "rescan").stdout


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
