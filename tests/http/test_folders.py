"""Choosing and making folders over HTTP: what programs get, what the page gets, and that nothing waits for a dead disk."""

import os
import shutil
import tempfile
import threading
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from agentguid.http.pages import picker
from agentguid.workspace import folders
from tests.http.conftest import Answer, Served

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
SCRIPT = FORM | {"HX-Request": "true"}


def post(served: Served, path: str, headers: dict[str, str] = FORM, **fields: str) -> Answer:
    return served.ask("POST", path, urlencode(fields).encode(), headers)


@pytest.fixture(scope="module")
def tree(served: Served) -> Path:
    root = served.root / "folders"
    for name in ("a", "b", ".hidden"):
        (root / name).mkdir(parents=True)
    return root


# -- for programs -----------------------------------------------------------------------------------------------------
def test_home_and_start_directory_are_told(served: Served) -> None:
    assert served.api("GET", "/home") == {"home": folders.home(), "cwd": str(served.root / "work")}


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("relative", 400, "give the whole path"),
        ("~no-such-user-here/x", 400, "no such user"),
        ("/a\0b", 400, "characters that no path has"),
        ("{tree}/none", 404, "does not exist"),
        ("{tree}/a/../../work/none", 404, "does not exist"),
        ("/" + "x" * 5000, 400, "longer than 4096 bytes"),
    ],
)
def test_a_path_that_cannot_be_listed_is_a_problem_that_names_the_field(
    served: Served, tree: Path, path: str, status: int, sentence: str
) -> None:
    problem = served.api("POST", "/folders", {"path": path.format(tree=tree)}, status=status)

    assert sentence in problem["error"]
    assert status == 404 or problem["field"] == "path"


def test_the_home_directory_may_be_written_with_a_tilde(served: Served) -> None:
    assert served.api("POST", "/folders", {"path": "~"})["path"] == folders.home()


def test_names_that_json_cannot_hold_are_left_out(served: Served) -> None:
    root = served.root / "odd"
    (root / "line\nbreak").mkdir(parents=True)
    os.mkdir(os.fsencode(root) + b"/bad\xff")
    (root / "loop").symlink_to("loop")

    assert served.api("POST", "/folders", {"path": str(root)})["folders"] == [{"name": "line\nbreak"}]


def test_a_folder_is_made_once(served: Served, tree: Path) -> None:
    made = served.ask("POST", "/api/folders/create", {"path": f"{tree}/new/deep"})
    assert (made.status, made.json) == (201, {"path": f"{tree}/new/deep"})
    assert (tree / "new/deep").is_dir()

    served.api("POST", "/folders/create", {"path": f"{tree}/new/deep"}, status=409)
    assert served.api("POST", "/folders/create", {"path": f"{tree}/bell\x07"}, status=400)["field"] == "path"
    (tree / "file").touch()
    served.api("POST", "/folders/create", {"path": f"{tree}/file/x"}, status=400)
    served.api("POST", "/folders/create", {}, status=400)


def test_a_token_that_may_only_read_makes_no_folder(served: Served, tree: Path) -> None:
    headers = {"Authorization": f"Bearer {served.token('read')}"}
    answer = served.ask("POST", "/api/folders/create", {"path": f"{tree}/forbidden"}, headers, unix=False)

    assert answer.status == 403
    assert not (tree / "forbidden").exists()


def only_it_waits(
    served: Served, entered: threading.Event, asking: threading.Thread, answers: list[Answer]
) -> None:
    """Everybody else is served while it waits, and it is told so after a while."""
    assert entered.wait(20)
    assert served.ask("GET", "/healthz").status == 200
    assert not answers
    asking.join(20)
    assert answers[0].status == 503
    assert "did not answer" in answers[0].json["error"]


def test_a_disk_that_does_not_answer_holds_up_nobody(
    served: Served, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for it is told after a while; everybody else is served meanwhile."""
    gate, entered = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> None:
        entered.set()
        gate.wait(60)

    monkeypatch.setattr(folders, "names", hang)
    answers: list[Answer] = []
    asking = threading.Thread(
        target=lambda: answers.append(served.ask("POST", "/api/folders", {"path": str(tree)}))
    )
    asking.start()
    try:
        only_it_waits(served, entered, asking, answers)
    finally:
        gate.set()
        asking.join(20)


def test_a_conversation_in_a_folder_that_does_not_answer_stops_nobody_else(
    served: Served, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, entered = threading.Event(), threading.Event()

    def hang(path: Path) -> bool:
        if path == tree / "away":
            entered.set()
            gate.wait(60)
        return True

    monkeypatch.setattr(Path, "is_dir", hang)
    answers: list[Answer] = []
    wanted = {"agentId": "demo", "workingDirectory": str(tree / "away")}
    asking = threading.Thread(target=lambda: answers.append(served.ask("POST", "/api/conversations", wanted)))
    asking.start()
    try:
        only_it_waits(served, entered, asking, answers)
    finally:
        gate.set()
        asking.join(20)


# -- for the page -----------------------------------------------------------------------------------------------------
def test_what_fits_is_a_piece_of_the_page(served: Served, tree: Path) -> None:
    path = f"/folders?folder={quote(str(tree))}"
    answer = served.ask("GET", path, headers={"HX-Request": "true"})

    html = answer.body.decode()
    assert answer.headers["content-type"].startswith("text/html")
    assert f'value="{tree}/a/"' in html
    assert ".hidden" not in html
    assert 'hx-target="#folder-facts"' in html
    assert ".hidden" in served.ask("GET", path + "&hidden=true", headers={"HX-Request": "true"}).body.decode()


def test_without_the_script_the_list_is_the_page_itself(served: Served, tree: Path) -> None:
    answer = served.ask("GET", f"/folders?folder={quote(str(tree))}", headers={"Accept": "text/html"})

    assert answer.status == 303
    assert answer.headers["location"] == f"/gm/new?{urlencode({'folder': str(tree)})}"


@pytest.mark.parametrize("button", ["browse", "choose", "hidden", "create", "rescan"])
def test_each_button_brings_the_form_again_with_what_was_typed(
    served: Served, tree: Path, button: str
) -> None:
    given = {
        "folder": str(tree),
        "text": "my words",
        "model": "a-model",
        "mode": "plan",
        button: str(tree / f"by-{button}") if button == "create" else str(tree / "a"),
    }
    answer = post(served, "/new", **given)

    html = answer.body.decode()
    assert answer.status == 200
    assert "my words" in html
    assert 'value="a-model"' in html
    assert '<option value="plan" selected>' in html
    shown = {"hidden": tree, "rescan": tree, "create": tree / "by-create"}.get(button, tree / "a")
    assert f'name="folder" value="{shown}"' in html


def test_a_folder_that_is_there_already_is_not_made_again(served: Served, tree: Path) -> None:
    (tree / "there").mkdir(exist_ok=True)
    for headers, path in ((FORM, "/new"), (SCRIPT, "/folders")):
        answer = post(served, path, headers, create=str(tree / "there"))
        assert answer.status == 409
        assert "is there already" in answer.body.decode()


def test_a_folder_is_made_for_the_script(served: Served, tree: Path) -> None:
    answer = post(served, "/folders", SCRIPT, create=f"{tree}/by-script")

    assert answer.status == 200
    assert "data-made" in answer.body.decode()
    assert (tree / "by-script").is_dir()


def test_the_form_comes_although_the_folder_does_not_answer(
    served: Served, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(picker, "_see", lambda *_: gate.wait(60))
    try:
        answer = served.ask("GET", f"/new?folder={quote(str(tree))}", headers={"Accept": "text/html"})
    finally:
        gate.set()

    assert answer.status == 200
    assert "did not answer" in answer.body.decode()


def test_the_tour_needs_the_demo_agent() -> None:
    root = Path(tempfile.mkdtemp(prefix="agd", dir=os.environ.get("TMPDIR")))
    served = Served(root, AGENTGUID_DEMO="false")
    try:
        assert post(served, "/tour", key="abcdefgh12345678").status == 404
        html = served.ask("GET", "/", headers={"Accept": "text/html"}).body.decode()
        assert "Take the tour" not in html
        assert "No agent is installed" in html
    finally:
        served.stop()
        shutil.rmtree(root, ignore_errors=True)


def test_the_tour_begins_once_for_a_form(served: Served) -> None:
    before = len(served.api("GET", "/conversations")["conversations"])
    for _ in range(2):
        assert post(served, "/tour", key="abcdefgh12345678").status == 303

    found = served.api("GET", "/conversations")["conversations"]
    assert len(found) == before + 1
    assert found[0]["title"] == "A tour of agentguid"
    assert found[0]["mode"] == "ask"
