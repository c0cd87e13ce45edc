"""How many decisions wait stands on every page there is: the pages are those that the application serves."""

import re
from collections.abc import Iterator

from tests.http.conftest import Answer, Served
from tests.http.test_decisions import asks

BARE = {"/login", "/login/code", "/docs"}
"""Pages without the frame: who is not signed in is told nothing, and the description is of no conversation."""
STREAM = "/stream"
COUNT = re.compile(r'<span id="(needs|needs-bar)"><span class="count[^"]*">(\d+\+?)<')


def pages(served: Served, conversation: str) -> Iterator[tuple[str, Answer]]:
    """Whole pages by their routes. Parts of pages, files and the API are none."""
    for route in served.app.routes:
        path = route.path.removeprefix(served.base) or "/"
        if "GET" not in (route.methods or ()) or path.startswith("/api") or path.endswith(STREAM):
            continue
        filled = path.replace("{conversation_id:str}", conversation).replace("{agent_id:str}", "demo")
        answer = served.ask("GET", re.sub(r"\{\w+:\w+\}", "x", filled), headers={"Accept": "text/html"})
        if answer.status == 200 and b"<html" in answer.body:
            yield path, answer


def counts(served: Served, conversation: str) -> dict[str, dict[str, str]]:
    return {path: dict(COUNT.findall(page.body.decode())) for path, page in pages(served, conversation)}


def test_the_count_of_what_waits_stands_on_every_page(served: Served) -> None:
    """Beside the list, and at the foot of a phone or at its way to the list; and on none when nothing waits."""
    conversation, *_ = asks(served)
    total = str(len(served.api("GET", "/approvals")["approvals"]))
    found = counts(served, conversation)

    known = {"/", "/inbox", "/settings", "/devices", "/agents", "/keys", "/import", "/new", "/conversations"}
    assert found.keys() >= {*known, "/conversations/{conversation_id:str}"}
    for path, count in found.items():
        both = {} if path in BARE else {"needs": total, "needs-bar": total}
        assert count == both, path

    for one in served.api("GET", "/approvals")["approvals"]:
        served.api("POST", f"/approvals/{one['id']}", {"decision": "reject_once"})
    assert not any(counts(served, conversation).values())
