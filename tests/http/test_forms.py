"""The forms of the composer, the queue and the inbox: what they change, and where they lead without the page's script."""

import re
from collections.abc import Iterator
from typing import get_args
from urllib.parse import urlencode

import pytest

from agentguid.agents.base import Option as Choosable
from agentguid.protocol.events import ApprovalRequested, TurnEnded
from agentguid.protocol.items import Body, Mode, Option
from tests.http.conftest import Answer, Served
from tests.http.turns import running

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
SCRIPT = FORM | {"HX-Request": "true"}


def post(served: Served, path: str, headers: dict[str, str] | None = None, **fields: str) -> Answer:
    return served.ask("POST", path, urlencode(fields).encode(), headers or FORM)


def queue(served: Served, conversation: str) -> list[str]:
    found = served.api("GET", f"/conversations/{conversation}/queue")["queue"]
    return [one["content"] for one in found]


def waiting(served: Served, *texts: str) -> tuple[str, str, list[str]]:
    """A conversation with an open turn and messages behind it: its id, the turn's, theirs."""
    conversation, turn = running(served)
    path = f"/conversations/{conversation}/messages"
    sent = [served.api("POST", path, {"content": text})["message"]["id"] for text in texts]
    return conversation, turn, sent


def asked(served: Served) -> str:
    conversation, turn = running(served)
    options = [Option("y", "allow_once", "Yes"), Option("n", "reject_once", "No")]
    body = Body('{"command":"ls"}', "application/json")
    served.report(
        conversation,
        ApprovalRequested(
            approval=f"{conversation}-a", turn=turn, item=None, tool="Bash", input=body, options=options
        ),
    )
    return conversation


@pytest.mark.parametrize(
    ("number", "by", "order"),
    [(2, "-1", "acb"), (0, "1", "bac"), (0, "-1", "abc"), (2, "1", "abc"), (1, "nonsense", "acb")],
)
def test_a_message_moves_by_one_place_and_stays_at_the_ends(
    served: Served, number: int, by: str, order: str
) -> None:
    conversation, _, sent = waiting(served, "a", "b", "c")

    answer = post(served, f"/conversations/{conversation}/queue/{sent[number]}/place", by=by)

    assert (answer.status, answer.headers["location"]) == (303, f"/gm/conversations/{conversation}")
    assert "".join(queue(served, conversation)) == order


@pytest.mark.parametrize("change", ["", "/place", "/removal"])
def test_a_change_of_a_message_that_is_gone_is_refused_in_words(served: Served, change: str) -> None:
    conversation, turn, (message, _) = waiting(served, "a", "b")
    served.report(conversation, TurnEnded(turn=turn, outcome="complete"))
    path = f"/conversations/{conversation}/queue/{message}{change}"

    short = post(served, path, SCRIPT, text="my words", by="1")
    whole = post(served, path, text="my words", by="1")

    assert (short.status, whole.status) == (409, 409)
    assert short.body.decode().startswith("This message does not wait any more")
    assert b"This message does not wait any more" in whole.body
    assert (b"my words" in whole.body) == (change == ""), "what was typed becomes a draft"
    assert queue(served, conversation) == ["b"]


def test_what_a_failed_turn_holds_back_is_shown_and_sent_on_request(served: Served) -> None:
    conversation, turn, _ = waiting(served, "a", "b")
    served.report(conversation, TurnEnded(turn=turn, outcome="error", error="No key."))
    page = served.ask("GET", f"/conversations/{conversation}", headers={"Accept": "text/html"}).body.decode()
    assert "The last turn did not come to its end, so 2 messages wait." in page
    assert queue(served, conversation) == ["a", "b"]

    for _ in range(2):  # a second press of the button is nothing
        assert post(served, f"/conversations/{conversation}/queue/release").status == 303

    assert queue(served, conversation) == ["b"]


def test_a_message_that_is_sent_to_a_held_queue_goes_first(served: Served) -> None:
    conversation, turn, _ = waiting(served, "a", "b")
    served.report(conversation, TurnEnded(turn=turn, outcome="error", error="No key."))

    sent = served.ask("POST", f"/api/conversations/{conversation}/messages", {"content": "once more"})

    assert sent.status == 201
    assert queue(served, conversation) == ["a", "b"]
    served.report(conversation, TurnEnded(turn=sent.json["session"]["id"], outcome="complete"))
    assert queue(served, conversation) == ["b"]


def test_what_a_form_does_not_name_stays_as_it_is(served: Served) -> None:
    conversation = served.conversation(model="big", mode="plan")
    path = f"/conversations/{conversation}/settings"

    assert post(served, path, mode="bypass").status == 303
    row = served.api("GET", f"/conversations/{conversation}")["conversation"]
    assert (row["model"], row["mode"]) == ("big", "bypass")
    assert post(served, path, model=" ").status == 303
    row = served.api("GET", f"/conversations/{conversation}")["conversation"]
    assert (row["model"], row["mode"]) == (None, "bypass")
    assert post(served, path, SCRIPT, agent="nobody").status == 400
    assert post(served, path, SCRIPT, mode="everything").status == 400


def test_a_decision_in_the_inbox_leads_back_to_it_and_is_listed_there(served: Served) -> None:
    conversation = asked(served)
    page = served.ask("GET", "/inbox", headers={"Accept": "text/html"}).body.decode()
    assert f'id="a-{conversation}-a"' in page
    path = f"/conversations/{conversation}/approvals/{conversation}-a"

    answer = post(served, path, option="n", message="not here", back="inbox")

    assert (answer.status, answer.headers["location"]) == (303, "/gm/inbox")
    page = served.ask("GET", "/inbox", headers={"Accept": "text/html"}).body.decode()
    assert f'id="a-{conversation}-a"' not in page
    assert "Denied (No): not here" in page
    second = post(served, path, SCRIPT, option="y", back="inbox")
    assert second.status == 409
    assert second.body.decode() == "This was answered before: Denied (No): not here"
    assert post(served, path, SCRIPT, option="n", message="not here").status == 200
    assert post(served, path, SCRIPT, option="n", message="but there").status == 409


def test_the_inbox_belongs_to_those_who_may(served: Served) -> None:
    answer = served.ask("GET", "/inbox", headers={"Accept": "text/html"}, unix=False)

    assert (answer.status, answer.headers["location"].partition("?")[0]) == (303, "/gm/login")


@pytest.fixture
def planless(served: Served) -> str:
    """An agent that has said that it cannot only plan."""
    served.loop.call_soon_threadsafe(
        served.parts.agents.learn, "demo", ["m"], ("ask", "accept_edits", "bypass"), 1
    )
    while "plan" in served.api("GET", "/agents/demo/models")["modes"]:
        pass
    return "demo"


@pytest.fixture(autouse=True)
def _again(served: Served) -> Iterator[None]:
    yield
    served.loop.call_soon_threadsafe(served.parts.agents.learn, "demo", ["m"], get_args(Mode), 2)


def page(served: Served, path: str) -> str:
    return served.ask("GET", path, headers={"Accept": "text/html"}).body.decode()


def option(html: str, mode: str) -> str:
    found = re.search(f'<option value="{mode}".*?</option>', html)
    assert found
    return found[0]


def test_a_new_conversation_in_a_mode_that_its_agent_lacks_is_not_made(served: Served, planless: str) -> None:
    """The form says so before; all that was typed stays, and another mode works."""
    before = len(served.api("GET", "/conversations")["conversations"])
    given = {"key": "planless12345678", "agent": planless, "folder": str(served.root / "work"), "model": "m"}
    answer = post(served, "/conversations", **given, mode="plan", text="my plan, at length")

    html = answer.body.decode()
    assert answer.status == 400
    has = "“Ask first”, “Edit without asking”, “Ask nothing”"
    assert f"Demo agent has no “Plan only”, it has {has}; choose another mode or agent" in html
    assert "my plan, at length" in html
    assert "selected" in option(html, "plan")
    assert len(served.api("GET", "/conversations")["conversations"]) == before
    assert post(served, "/conversations", **given, mode="ask").status == 303


def test_the_form_says_which_agents_lack_a_mode(served: Served, planless: str) -> None:
    assert planless == "demo"
    plan = re.search('<p data-mode="plan">.*?</p>', page(served, "/new"))
    assert plan
    assert "Demo agent cannot." in plan[0]


def test_a_mode_that_the_agent_lacks_cannot_be_chosen_for_a_conversation(
    served: Served, planless: str
) -> None:
    made = {"agentId": planless, "workingDirectory": str(served.root / "work")}
    conversation = served.api("POST", "/conversations", made)["conversation"]["id"]
    html = page(served, f"/conversations/{conversation}")
    assert "disabled" in option(html, "plan")
    assert "this agent cannot" in option(html, "plan")
    assert "disabled" not in option(html, "bypass")

    short = post(served, f"/conversations/{conversation}/settings", SCRIPT, mode="plan")
    assert (short.status, "has no “Plan only”" in short.body.decode()) == (400, True)
    assert served.api("GET", f"/conversations/{conversation}")["conversation"]["mode"] == "ask"


@pytest.mark.parametrize(
    ("own", "words", "why"),
    [
        ("low", "Effort: default", "Default: the agent's own choice, Low."),
        ("", "Effort: as it is", "is not known yet: until it says so in a new conversation, what was chosen last stays."),
    ],
)  # fmt: skip
def test_the_form_says_whether_it_is_known_what_an_agent_chooses_by_itself(
    fresh: Served, own: str, words: str, why: str
) -> None:
    option = Choosable("effort", "Effort", (("low", "Low"), ("high", "High")), own)
    fresh.loop.call_soon_threadsafe(fresh.parts.agents.learn_options, "demo", [option], "")
    while not fresh.api("GET", "/agents/demo/models")["options"]:
        pass
    conversation = fresh.api("POST", "/conversations", {"agentId": "demo"})["conversation"]["id"]
    html = page(fresh, f"/conversations/{conversation}")
    assert f'<option value="">{words}</option>' in html
    assert why in html


def test_modes_of_an_agent_that_was_never_heard_are_all_offered(served: Served) -> None:
    made = {"agentId": "demo", "workingDirectory": str(served.root / "work")}
    conversation = served.api("POST", "/conversations", made)["conversation"]["id"]
    html = page(served, f"/conversations/{conversation}")

    assert not [
        mode for mode in ("ask", "accept_edits", "plan", "bypass") if "disabled" in option(html, mode)
    ]
