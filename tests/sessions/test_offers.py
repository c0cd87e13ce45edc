"""Which models an agent has is known before it works, survives a restart, and can be asked for without a trace."""

import asyncio
import contextlib
import fcntl
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from agentguid.agents.base import SlashCommand
from agentguid.agents.offers import Offers
from tests.sessions.acp import Mine, ask, told
from tests.support.ctl import Here
from tests.support.daemon import Daemon, wait_for


def models(daemon: Daemon) -> dict[str, Any]:
    found: dict[str, Any] = daemon.api("GET", "/agents/mine/models")
    return found


def names(offer: dict[str, Any]) -> list[str]:
    return [model["id"] for model in offer["models"]]


def no_trace(daemon: Daemon) -> None:
    wait_for(lambda: not daemon.hosts(), "its host to be gone")
    wait_for(lambda: not list((daemon.data / "asked").glob("*")), "its folder to be gone")
    tapes = daemon.data / "tapes"
    wait_for(lambda: not [one for one in tapes.iterdir() if one.name.startswith("asked-")], "its tape to go")


def test_an_agent_that_never_worked_is_asked_what_it_offers(mine: Mine) -> None:
    """It is told nothing but the handshake, and its session is closed and forgotten."""
    daemon = mine("tidy")
    assert (names(models(daemon)), models(daemon)["said"]) == ([""], None)

    offer = daemon.api("POST", "/agents/mine/models")
    assert names(offer) == ["", "small", "large"]
    assert offer["modes"] == ["ask", "accept_edits", "plan", "bypass"]
    assert offer["said"]
    assert daemon.api("GET", "/agents/mine")["can"].startswith(
        "It has: modes ask, accept edits, plan, bypass · 2 models · "
    )
    no_trace(daemon)
    order = [line["method"] for line in told(daemon)]
    assert order == ["initialize", "session/new", "session/close", "session/delete"]
    assert [file.name for file in (daemon.root / "agent").iterdir()] == ["told"]
    assert daemon.api("GET", "/conversations")["conversations"] == []


def test_what_it_said_outlives_the_daemon(mine: Mine) -> None:
    daemon = mine()
    ask(daemon, daemon.conversation("mine"), "say Hello")
    assert names(models(daemon)) == ["", "small", "large"]
    said = models(daemon)["said"]
    daemon.kill()
    daemon.start()

    assert names(models(daemon)) == ["", "small", "large"]
    assert models(daemon)["said"] == said
    assert oct((daemon.data / "offers.json").stat().st_mode & 0o777) == "0o600"


def test_one_that_has_no_choice_says_so(mine: Mine) -> None:
    daemon = mine("plain")
    offer = daemon.api("POST", "/agents/mine/models")
    assert (names(offer), offer["modes"]) == ([""], ["ask", "accept_edits", "bypass"])
    assert offer["said"]


def test_one_that_names_no_models_says_its_modes_by_working(mine: Mine) -> None:
    daemon = mine("plain")
    ask(daemon, daemon.conversation("mine"), "say Hello")

    assert models(daemon)["modes"] == ["ask", "accept_edits", "bypass"]


def test_a_mode_that_an_agent_is_known_not_to_have_is_refused_before_anything_runs(mine: Mine) -> None:
    """In the terminal and by the API; what it has is said. While nobody knew, the turn said it."""
    daemon = mine("plain")
    ctl, early = Here(daemon), daemon.conversation("mine", mode="plan")
    assert ask(daemon, early, "say Hello")["status"] == "error"
    count = len(daemon.api("GET", "/conversations")["conversations"])

    why = "mine has no “plan”, it has “ask”, “accept_edits”, “bypass”; choose another mode or agent"
    new = ctl("new", "--agent", "mine", "--mode", "plan", "--cwd", str(daemon.work), code=2)
    assert why in new.stderr
    assert len(daemon.api("GET", "/conversations")["conversations"]) == count

    later, other = daemon.conversation("mine"), daemon.conversation("demo", mode="plan")
    assert why in ctl("set", later, "--mode", "plan", code=2).stderr
    for change in ({"agentId": "mine"}, {"agentId": "mine", "mode": "plan", "title": "x"}):
        status, body = daemon.request("PATCH", f"/api/conversations/{other}", change)
        assert (status, why in body.decode()) == (400, True), body
    assert daemon.api("GET", f"/conversations/{other}")["conversation"]["agentId"] == "demo"

    daemon.api("PATCH", f"/conversations/{other}", {"agentId": "mine", "mode": "ask"})
    daemon.api("PATCH", f"/conversations/{early}", {"title": "Early"})
    assert daemon.api("GET", f"/conversations/{early}")["conversation"]["mode"] == "plan"


def test_models_and_modes_stay_known_when_a_session_that_is_taken_up_again_names_none(mine: Mine) -> None:
    daemon = mine("terse", "thinks", "planless")
    conversation = daemon.conversation("mine")
    ask(daemon, conversation, "say Hello")
    assert models(daemon)["modes"] == ["ask", "accept_edits", "bypass"]
    ask(daemon, conversation, "crash")

    ask(daemon, conversation, "say Hello")

    assert told(daemon, "session/resume")
    assert names(models(daemon)) == ["", "small", "large"]
    assert models(daemon)["options"]
    assert models(daemon)["modes"] == ["ask", "accept_edits", "bypass"]


def test_a_mode_that_it_has_is_not_lost_because_such_a_session_names_none(mine: Mine) -> None:
    daemon = mine("terse")
    conversation = daemon.conversation("mine")
    ask(daemon, conversation, "say Hello")
    ask(daemon, conversation, "crash")
    ask(daemon, conversation, "say Hello")

    assert told(daemon, "session/resume")
    assert models(daemon)["modes"] == ["ask", "accept_edits", "plan", "bypass"]


def test_that_it_has_no_models_any_more_is_believed_when_it_is_asked(mine: Mine) -> None:
    daemon = mine()
    assert names(daemon.api("POST", "/agents/mine/models")) == ["", "small", "large"]
    (daemon.root / "outgrown").touch()

    assert names(daemon.api("POST", "/agents/mine/models")) == [""]


def test_what_an_agent_can_do_is_what_it_said(mine: Mine) -> None:
    """Of one that names no models, has no mode to plan in and takes no session up again."""
    daemon = mine("plain", "forgetful")
    unheard = daemon.api("GET", "/agents/mine")["capabilities"]
    assert unheard["models"]
    assert unheard["plan"]
    assert unheard["resume"]
    daemon.api("POST", "/agents/mine/models")

    can = daemon.api("GET", "/agents/mine/descriptor")["capabilities"]
    assert can == daemon.api("GET", "/agents/mine")["capabilities"]
    changed = {name for name in can if can[name] != unheard[name]}
    assert changed >= {"models", "plan", "resume", "pictures"}
    assert can["approvals"]


@pytest.mark.parametrize(
    ("habit", "words"),
    [
        ("login", "mine is not signed in"),
        ("future", "speaks version 2"),
        ("dead", "ended with exit status 9"),
    ],
)
def test_why_it_cannot_say_is_said(mine: Mine, habit: str, words: str) -> None:
    daemon = mine(habit)
    status, body = daemon.request("POST", "/api/agents/mine/models", {})
    assert status == 502, body
    assert words in body.decode()
    no_trace(daemon)


def test_whichever_protocol_it_speaks_it_is_asked_and_leaves_no_trace(daemon: Daemon) -> None:
    offer = daemon.api("POST", "/agents/demo/models")
    assert offer["said"]
    assert offer["modes"] == ["ask", "accept_edits", "plan", "bypass"]
    no_trace(daemon)


def test_the_control_program_tells_and_asks(mine: Mine) -> None:
    ctl = Here(mine())
    assert "agents models mine --ask" in ctl("agents", "models", "mine").stderr
    asked = ctl("agents", "models", "mine", "--ask")
    assert asked.stdout.splitlines() == ["(its own choice)", "small", "large"]
    assert ctl("agents", "models", "mine").stdout == asked.stdout
    assert ctl.json("agents", "models", "mine")["models"][1] == {"id": "small", "label": "small"}
    assert "there is no agent nobody" in ctl("agents", "models", "nobody", "--ask", code=4).stderr


def test_an_agent_that_is_not_known_is_not_found(mine: Mine) -> None:
    daemon = mine()
    assert daemon.request("POST", "/api/agents/nobody/models", {})[0] == 404


def test_what_a_dead_daemon_left_of_such_a_question_is_removed(mine: Mine) -> None:
    daemon = mine("mute")
    threading.Thread(target=_ask_in_vain, args=(daemon,), daemon=True).start()
    wait_for(daemon.hosts, "the agent to be started")
    wait_for(lambda: told(daemon, "initialize"), "it to be greeted")
    daemon.kill()
    assert daemon.hosts()
    daemon.start()
    no_trace(daemon)


def _ask_in_vain(daemon: Daemon) -> None:
    with contextlib.suppress(OSError):
        daemon.request("POST", "/api/agents/mine/models", {})


def test_a_host_of_such_a_question_that_cannot_be_ended_does_not_end_the_daemon(daemon: Daemon) -> None:
    """Also what stands beside it goes; what it has itself stays for the next start."""
    daemon.stop()
    tape = daemon.data / "tapes" / "asked-x"
    left = daemon.data / "tmp" / "asked-y"
    tape.mkdir(parents=True)
    left.mkdir(parents=True)
    (tape / "lock").write_text("99999999")
    with (tape / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        daemon.start()

        wait_for(lambda: "asked-x cannot be ended" in daemon.log() and not left.exists(), "it to be let be")
        assert daemon.healthy()
        assert tape.exists()
        assert daemon.stop() == 0


def test_the_form_of_a_new_conversation_asks_and_keeps_what_was_typed(mine: Mine) -> None:
    daemon = mine()
    typed = {"folder": str(daemon.work), "agent": "mine", "mode": "plan", "text": "Do it", "models": ""}
    status, html = daemon.form("/new", typed)

    assert status == 200
    assert "mine names 2 models: the field has them." in html
    assert '<datalist id="models-mine"><option value="small">' in html
    assert ">Do it</textarea>" in html
    assert '<option value="plan" selected>' in html


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("mine", "mine does not let others choose its model."),
        ("demo", "Demo agent named no models. You can still type the name of one."),
    ],
)
def test_the_form_says_of_one_that_names_no_models_whether_one_can_be_typed(
    mine: Mine, agent: str, words: str
) -> None:
    daemon = mine("plain")
    typed = {"folder": str(daemon.work), "agent": agent, "mode": "ask", "text": "Do it", "models": ""}

    assert words in daemon.form("/new", typed)[1]


@pytest.mark.anyio
async def test_a_damaged_file_of_offers_is_no_trouble(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"x": 7}', '{"x": {"models": "y"}}', "\ud800"):
        (tmp_path / "offers.json").write_bytes(text.encode("utf-8", "surrogatepass"))
        offers = Offers(tmp_path / "offers.json")
        assert offers.get("x") is None
        offers.learn("x", ["a", "a", "", "b" * 1000], None, 1)
        offers.learn_commands("x", [SlashCommand("review", "", "")], 2)
        while Offers(tmp_path / "offers.json").get("x") != offers.get("x"):
            await asyncio.sleep(0.01)
        assert os.listdir(tmp_path) == ["offers.json"]


def test_slash_commands_are_known_before_an_agent_works_for_the_first_time(daemon: Daemon) -> None:
    """Once it was asked what it offers; also to the next daemon."""
    conversation = daemon.conversation()
    path = f"/conversations/{conversation}/commands"
    assert daemon.api("GET", path)["commands"] == []
    daemon.api("POST", "/agents/demo/models")
    named = [one["name"] for one in daemon.api("GET", path)["commands"]]
    assert "tour" in named
    kept = daemon.data / "offers.json"
    wait_for(lambda: kept.exists() and b'"tour"' in kept.read_bytes(), "it to be kept")
    daemon.kill()
    daemon.start()
    assert [one["name"] for one in daemon.api("GET", path)["commands"]] == named


def test_one_that_cannot_be_ended_keeps_its_folders_until_a_daemon_can(daemon: Daemon) -> None:
    """Nothing is removed under who works in it, and the daemon serves nevertheless."""
    daemon.stop()
    host = "asked-stubborn"
    folders = [daemon.data / name / host for name in ("tapes", "asked")]
    for folder in folders:
        folder.mkdir(parents=True)
    with (folders[0] / "lock").open("w") as lock:  # held by somebody whom SIGKILL does not find
        fcntl.flock(lock, fcntl.LOCK_EX)
        daemon.start()
        wait_for(lambda: f"host {host} cannot be ended" in daemon.log(), "a word about it")
        assert daemon.healthy()
        assert [folder.is_dir() for folder in folders] == [True, True]
        daemon.stop()

    daemon.start()

    no_trace(daemon)
