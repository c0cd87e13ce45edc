"""The pages of the frame: settings of the browser, and the list with its search. No script is needed for either."""

import re
from urllib.parse import urlencode

import pytest

from tests.http.conftest import Answer, Served

HTML = {"Accept": "text/html"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", **HTML}


@pytest.fixture
def served(fresh: Served) -> Served:
    return fresh


def choose(served: Served, cookie: str = "", **fields: str) -> Answer:
    given = {"Cookie": cookie} if cookie else {}
    return served.ask("POST", "/settings", urlencode(fields).encode(), {**FORM, **given})


def kept(answer: Answer) -> str:
    """The cookie as a browser sends it back."""
    return answer.headers["set-cookie"].partition(";")[0].replace('"', "")


def shown(served: Served, path: str, cookie: str = "") -> str:
    answer = served.ask("GET", path, headers={**HTML, "Cookie": cookie})
    assert answer.status == 200, answer
    return answer.body.decode()


def opening(html: str) -> str:
    found = re.search(r"<html[^>]*>", html)
    assert found
    return found.group()


# -- settings ---------------------------------------------------------------------------------------------------------
def test_a_theme_is_in_the_first_tag_of_every_page(served: Served) -> None:
    assert "data-theme" not in opening(shown(served, "/"))
    answer = choose(served, theme="dark")

    assert (answer.status, answer.headers["location"]) == (303, "/gm/settings#theme")
    for path in ("/", "/new", "/settings", "/conversations", f"/conversations/{served.conversation()}"):
        html = shown(served, path, kept(answer))
        assert 'data-theme="dark"' in opening(html), path
        assert '<meta name="color-scheme" content="dark">' in html


def test_the_sign_in_page_and_errors_have_it_too(served: Served) -> None:
    cookie = {**HTML, "Cookie": kept(choose(served, theme="light"))}

    for path, status in (("/login", 200), ("/conversations/nobody", 404), ("/no/such/page", 404)):
        answer = served.ask("GET", path, headers=cookie)
        assert answer.status == status
        assert 'data-theme="light"' in opening(answer.body.decode()), path


def test_the_cookie_is_for_this_site_alone_and_no_script_reads_it(served: Served) -> None:
    attributes = choose(served, theme="dark").headers["set-cookie"].lower()

    assert "samesite=lax" in attributes
    assert "httponly" in attributes
    assert "path=/gm" in attributes
    assert re.search(r"max-age=\d{8}", attributes)


def test_one_choice_leaves_the_others_and_the_default_ends_the_cookie(served: Served) -> None:
    dark = kept(choose(served, theme="dark"))
    both = kept(choose(served, dark, send="ctrl-enter"))

    html = shown(served, "/", both)
    assert 'data-theme="dark"' in opening(html)
    assert 'data-send="ctrl-enter"' in html
    assert 'data-send="enter"' in shown(served, "/")
    assert "max-age=0" in choose(served, dark, theme="system").headers["set-cookie"].lower()


def test_the_chosen_button_is_pressed(served: Served) -> None:
    html = shown(served, "/settings", kept(choose(served, density="roomy")))

    pressed = re.findall(r'name="(\w+)" value="([\w-]+)" aria-pressed="true"', html)
    assert pressed == [("theme", "system"), ("density", "roomy"), ("send", "enter"), ("keys", "on")]


@pytest.mark.parametrize("fields", [{"theme": "pink"}, {"colour": "red"}, {"theme": 'dark" onload="x'}])
def test_what_cannot_be_chosen_is_refused(served: Served, fields: dict[str, str]) -> None:
    answer = choose(served, **fields)

    assert answer.status == 400
    assert "set-cookie" not in answer.headers
    assert b"choose one of the buttons" in answer.body


@pytest.mark.parametrize(
    "cookie",
    ["agentguid-look=theme=%22%3E%3Cscript%3E", "agentguid-look=theme=dark\xff", "agentguid-list=<b>"],
)
def test_a_cookie_from_anywhere_does_no_harm(served: Served, cookie: str) -> None:
    assert opening(shown(served, "/", cookie)) == '<html lang="en">'


def test_closed_groups_and_a_hidden_list_are_drawn_so(served: Served) -> None:
    served.conversation(cwd="/tmp")
    found = re.search(r'<details class="group" id="(g-\w+)" open>', shown(served, "/"))
    assert found

    html = shown(served, "/", f"agentguid-list=hidden.{found.group(1)}")

    assert f'<details class="group" id="{found.group(1)}"><summary>' in html
    assert 'data-list="hidden"' in opening(html)


# -- the list and its search ------------------------------------------------------------------------------------------
def listed(html: str) -> list[str]:
    """Titles in the main column."""
    return re.findall(r'<b dir="auto">(.*?)</b>', html)


def test_words_are_looked_for_in_titles_and_folders(served: Served) -> None:
    served.conversation(title="Fix the login", cwd="/tmp")
    served.conversation(title="Write docs", cwd="/usr")

    assert listed(shown(served, "/conversations?q=LOGIN")) == ["Fix the login"]
    assert listed(shown(served, "/conversations?q=usr")) == ["Write docs"]
    assert listed(shown(served, "/conversations")) == ["Write docs", "Fix the login"]
    assert "Nothing has these words" in shown(served, "/conversations?q=login+usr")


def test_what_is_looked_for_is_shown_and_inert(served: Served) -> None:
    html = shown(served, "/conversations?" + urlencode({"q": '"><script>alert(1)</script>'}))

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_more_than_a_page_is_reached_by_links(served: Served) -> None:
    for number in range(53):
        served.conversation(title=f"number {number}")
    html = shown(served, "/conversations?q=number")
    link = re.search(r'href="/gm(/conversations\?before=[^"]+)"', html)
    assert link

    further = shown(served, link.group(1).replace("&amp;", "&"))

    assert len(listed(html)) == 50
    assert listed(further) == ["number 2", "number 1", "number 0"]


def test_a_wrong_cursor_says_so(served: Served) -> None:
    assert served.ask("GET", "/conversations?before=x", headers=HTML).status == 400
