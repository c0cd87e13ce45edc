"""The forms of the composer, the queue and the inbox: what they change, and where they lead without the page's script."""

from urllib.parse import urlencode

import pytest

from agentguid.protocol.events import ApprovalRequested, TurnEnded
from agentguid.protocol.items import Body, Option
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
