"""Recordings of a genuine Codex, played back to a daemon as if they were the agent."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agents import replay
from tests.agents.recordings import FOLDER
from tests.support.ctl import Here
from tests.support.daemon import Daemon, wait_for

Played = Callable[[str], Daemon]


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Played]:
    """A daemon that finds `codex`."""
    running: list[Daemon] = []

    def make(name: str) -> Daemon:
        transcript = FOLDER / "codex-app-server" / f"{name}.ndjson.gz"
        replay.install(tmp_path / "programs", transcript, "codex", "codex-cli 0.169.0 (replay)")
        daemon = Daemon(tmp_path, PATH=f"{tmp_path / 'programs'}:{os.environ['PATH']}")
        running.append(daemon)
        return daemon.start()

    yield make
    for daemon in running:
        daemon.close()


def of(daemon: Daemon, conversation: str, type_: str) -> list[dict[str, Any]]:
    return [event["data"] for event in daemon.events(0, conversation) if event["type"] == type_]


def test_its_models_can_be_chosen_once_it_has_named_them(played: Played) -> None:
    daemon = played("simple")
    conversation = daemon.conversation("codex")
    daemon.send(conversation, "say hello")
    turn = daemon.ended(conversation)

    assert turn["status"] == "complete", turn["error"]
    assert daemon.api("GET", "/agents/codex/models")["models"]
    page = daemon.request("GET", f"/conversations/{conversation}")[1]
    assert b"<option>gpt-6.1-sol</option>" in page
    assert not [item for item in of(daemon, conversation, "item.added") if item["kind"] == "unknown"]


def test_a_request_is_answered_after_the_daemon_was_killed(played: Played) -> None:
    daemon = played("permission-command-allow")
    conversation = daemon.conversation("codex")
    daemon.send(conversation, "go")
    asked = wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "the request")
    assert (len(asked), asked[0]["tool"]) == (1, "Shell")
    daemon.kill()
    daemon.start()
    assert [one["id"] for one in daemon.api("GET", "/approvals")["approvals"]] == [asked[0]["id"]]
    daemon.api("POST", f"/approvals/{asked[0]['id']}", {"decision": "allow_once"})

    assert daemon.ended(conversation)["status"] == "complete"
    [finished] = of(daemon, conversation, "tool.finished")
    assert finished["output"]["text"] == "made\n"
    assert daemon.inputs().count(f"answer:{asked[0]['id']}") == 1


def test_its_question_is_a_form_on_the_page_and_is_answered_by_choosing(played: Played) -> None:
    daemon = played("ask")
    conversation = daemon.conversation("codex")
    daemon.send(conversation, "ask me")
    [asked] = wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "the question")
    page = daemon.request("GET", f"/conversations/{conversation}")[1].decode()
    form = page.partition('<form class="ask-form"')[2].partition("</form>")[0]
    assert "Which colour should it be?" in form
    assert all(f"<b>{one}</b>" in form for one in ("Red", "Blue", "Other"))
    [url] = re.findall(r'action="([^"]+)"', form)
    [send] = [one["id"] for one in asked["options"] if one["name"] == "Send"]

    assert daemon.form(url.removeprefix(daemon.prefix), {"option": send, "q0": "1"})[0] == 303
    assert daemon.ended(conversation)["status"] == "complete"
    [tape] = (daemon.data / "tapes").rglob("*.tape")
    assert b'"result":{"answers":{"q1":{"answers":["Blue"]}}}' in tape.read_bytes()
    page = daemon.request("GET", f"/conversations/{conversation}")[1].decode()
    assert "Its question was answered" in page


def test_its_question_is_answered_in_a_terminal(played: Played) -> None:
    daemon = played("ask")
    conversation = daemon.conversation("codex")
    daemon.send(conversation, "ask me")
    [asked] = wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "the question")
    Here(daemon)("approvals", "allow", asked["id"], "--answer", "Blue")

    assert daemon.ended(conversation)["status"] == "complete"
    [decided] = of(daemon, conversation, "approval.decided")
    assert decided["answers"] == {"q1": {"chosen": ["Blue"]}}


def test_a_bypass_that_is_taken_back_in_a_turn_says_what_that_means_and_how_to_stop(played: Played) -> None:
    daemon = played("cancel-tool")
    conversation = daemon.conversation("codex", mode="bypass")
    daemon.send(conversation, "go")
    wait_for(lambda: of(daemon, conversation, "tool.started"), "it to be at work")
    daemon.api("PATCH", f"/conversations/{conversation}", {"mode": "ask"})

    def notices() -> list[str]:
        items = of(daemon, conversation, "item.added")
        return [item["body"]["text"] for item in items if item["kind"] == "notice"]

    wait_for(notices, "a word about it")
    assert [text.partition(" until")[0] for text in notices()] == ["Codex keeps working without asking"]
    assert daemon.inputs().count("start:mode-1") == 1
    daemon.api("POST", f"/conversations/{conversation}/cancel")
    assert daemon.ended(conversation)["status"] == "interrupted"


def test_what_a_sub_agent_does_stands_below_the_call_that_began_it(played: Played) -> None:
    daemon = played("subagents")
    conversation = daemon.conversation("codex", mode="bypass")
    daemon.send(conversation, "delegate")
    assert daemon.ended(conversation)["status"] == "complete"
    started = of(daemon, conversation, "tool.started")
    agent = next(call["item"] for call in started if call["name"] == "Agent")

    assert [call["name"] for call in started if call.get("parent") == agent] == ["Shell"]
    said = [item for item in of(daemon, conversation, "item.added") if item.get("parent") == agent]
    assert said[0]["body"]["text"] == "Counting."
