"""What an agent offers beside model and mode is chosen for a conversation, from wherever, and holds from the next turn on."""

import json

import pytest

from tests.sessions.acp import Mine, ask, texts, told
from tests.support.ctl import Here
from tests.support.daemon import wait_for


def efforts(daemon: object) -> list[str]:
    return [line["params"]["value"] for line in told(daemon, "session/set_config_option")]  # type: ignore[arg-type]


def test_it_is_chosen_by_the_api_and_kept_over_restarts(mine: Mine) -> None:
    daemon = mine("thinks")
    conversation = daemon.conversation("mine")
    ask(daemon, conversation, "say Hello")
    offer = daemon.api("GET", "/agents/mine/models")["options"]
    assert offer == [
        {
            "id": "effort",
            "label": "Thinking",
            "choices": [{"id": "low", "label": "Low"}, {"id": "high", "label": "High"}],
            "default": "low",
        }
    ]

    row = daemon.api("PATCH", f"/conversations/{conversation}", {"options": {"effort": "high"}})[
        "conversation"
    ]
    assert row["options"] == {"effort": "high"}
    daemon.kill()
    daemon.start()
    assert daemon.api("GET", "/agents/mine/models")["options"] == offer
    ask(daemon, conversation, "say Hello")
    assert efforts(daemon) == ["high"]

    daemon.api("PATCH", f"/conversations/{conversation}", {"options": {"effort": ""}})
    ask(daemon, conversation, "say Hello")
    assert efforts(daemon) == ["high", "low"]


def test_what_was_chosen_is_set_back_also_when_the_agent_kept_it_with_its_session(mine: Mine) -> None:
    """The one that is at work then has never seen what it had by itself."""
    daemon = mine("thinks", "keeps")
    conversation = daemon.conversation("mine", model="large")
    path = f"/conversations/{conversation}"
    daemon.api("PATCH", path, {"options": {"effort": "high"}})
    ask(daemon, conversation, "settings")
    ask(daemon, conversation, "crash")
    ask(daemon, conversation, "settings")
    ask(daemon, conversation, "crash")
    daemon.kill()
    daemon.start()

    daemon.api("PATCH", path, {"options": {"effort": ""}, "model": None})
    ask(daemon, conversation, "settings")

    chosen, own = "mode default, model large, effort high", "mode default, model small, effort low"
    assert [text for text in texts(daemon, conversation) if "effort" in text] == [chosen, chosen, own]
    assert told(daemon, "session/resume")
    count = len(efforts(daemon))
    ask(daemon, conversation, "settings")
    assert len(efforts(daemon)) == count, "once is enough"


def test_the_page_offers_it_and_another_agent_has_none_of_it(mine: Mine) -> None:
    daemon = mine("thinks")
    daemon.api("POST", "/agents/mine/models")
    conversation = daemon.conversation("mine")
    path = f"/conversations/{conversation}"
    status, html = daemon.request("GET", path)
    assert status == 200
    assert 'aria-label="Thinking" name="option:effort"' in html.decode()

    status, _ = daemon.form(f"{path}/settings", {"option:effort": "high"})
    assert status in (200, 303)
    assert '<option value="high" selected>Thinking: High</option>' in daemon.request("GET", path)[1].decode()
    ask(daemon, conversation, "say Hello")
    assert efforts(daemon) == ["high"]

    form = html.decode().partition('id="picks"')[2].partition("</form>")[0]
    assert 'name="mode"' in form
    assert "option:" not in form, "a page that is behind would set it back with whatever else is chosen there"
    daemon.form(f"{path}/settings", {"agent": "mine", "model": "", "mode": "plan"})
    assert daemon.api("GET", path)["conversation"]["options"] == {"effort": "high"}

    daemon.form(f"{path}/settings", {"agent": "demo", "option:effort": "high"})
    assert daemon.api("GET", path)["conversation"]["options"] == {}
    assert "option:effort" not in daemon.request("GET", path)[1].decode()


def test_it_is_chosen_in_the_terminal(mine: Mine) -> None:
    daemon = mine("thinks")
    daemon.api("POST", "/agents/mine/models")
    ctl, conversation = Here(daemon), daemon.conversation("mine")
    assert (
        "--option effort=… (Thinking): low, high; its own choice: low"
        in ctl("agents", "models", "mine").stderr
    )
    said = ctl("set", conversation, "--option", "effort=high").stderr
    assert (
        said
        == "mine, model default, mode ask, effort high: at once where the agent can, else from the next turn on\n"
    )
    assert "write NAME=VALUE" in ctl("set", conversation, "--option", "effort", code=2).stderr


def test_what_two_conversations_say_of_one_agent_is_kept_once_and_not_with_every_word(mine: Mine) -> None:
    """Each of its processes calls the option something else."""
    daemon = mine("thinks", "moody")
    first, second = daemon.conversation("mine"), daemon.conversation("mine")
    file = daemon.data / "offers.json"

    def label() -> str:
        options = json.loads(file.read_bytes())["mine"].get("options") if file.exists() else None
        return str(options[0]["name"]) if options else ""

    ask(daemon, first, "say Hello")
    before = wait_for(label, "what the first said")
    ask(daemon, second, "say Hello")
    wait_for(lambda: label() != before, "what the second said")
    kept = file.stat()

    for conversation in (first, second, first, second):
        ask(daemon, conversation, "say Hello; say again")

    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (kept.st_ino, kept.st_mtime_ns)


def test_one_that_is_signed_out_does_not_take_back_what_it_offered(mine: Mine) -> None:
    daemon = mine("thinks")
    offer = daemon.api("POST", "/agents/mine/models")
    assert offer["options"]
    (daemon.root / "expired").touch()

    assert ask(daemon, daemon.conversation("mine"), "say Hello")["status"] == "error"

    assert daemon.api("GET", "/agents/mine/models") == offer


def test_one_that_never_got_as_far_as_that_has_said_nothing(mine: Mine) -> None:
    daemon = mine("thinks", "login")
    assert ask(daemon, daemon.conversation("mine"), "say Hello")["status"] == "error"
    assert daemon.api("GET", "/agents/mine/models")["said"] is None


@pytest.mark.parametrize("options", [{"a\n": "b"}, {"a": "b" * 201}, {f"{n}": "b" for n in range(33)}])
def test_what_cannot_be_one_is_refused(mine: Mine, options: dict[str, str]) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine")
    status, body = daemon.request("PATCH", f"/api/conversations/{conversation}", {"options": options})
    assert status == 400, body
    assert b"options" in body
