"""How a conversation begins: the folder by mouse, by keyboard and without script; agent, model and mode."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.daemon import Daemon

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def tree(daemon: Daemon) -> Path:
    """Folders to choose from: `~/src` with two repositories and others."""
    src = daemon.root / "home/src"
    for name in ("demo/inner", "ledger", "site", "demonstration", ".cache"):
        (src / name).mkdir(parents=True)
    for name, head in (("demo", "main"), ("ledger", "fast-balance")):
        (src / name / ".git").mkdir()
        (src / name / ".git/HEAD").write_text(f"ref: refs/heads/{head}\n")
    return src


@pytest.fixture
def form(daemon: Daemon, opened: Open, tree: Path) -> Page:
    """The page of a new conversation."""
    page = opened()
    page.goto(f"{daemon.base}/new?folder=~/src")
    return page


def names(page: Page) -> Locator:
    return page.locator("#folder-list button:not(.create) > bdi")


def conversation(daemon: Daemon, page: Page) -> dict[str, str]:
    """The one that the page leads to once it was begun."""
    page.wait_for_url("**/conversations/*")
    found: dict[str, str] = daemon.api("GET", f"/conversations/{page.url.rpartition('/')[2]}")["conversation"]
    return found


# -- the folder -------------------------------------------------------------------------------------------------------
def test_by_mouse_one_walks_down_and_up_and_takes_a_folder(daemon: Daemon, form: Page, tree: Path) -> None:
    form.fill("#first", "emit 1")
    form.click("#folder")
    expect(form.locator("#folder-list")).to_be_visible()
    expect(names(form)).to_have_text(["demo", "demonstration", "ledger", "site"])
    expect(form.locator("#folder-list button").first).to_contain_text("main")

    form.get_by_role("option", name="demo main").click()
    expect(form.locator("#folder")).to_have_value(re.compile("/src/demo/$"))
    expect(form.get_by_role("option", name="inner")).to_be_visible()
    form.locator(".crumbs").get_by_role("button", name="src").click()
    form.get_by_role("option", name="ledger fast-balance").click()
    form.get_by_role("button", name="Use ~/src/ledger").click()

    expect(form.locator("#folders")).to_be_hidden()
    expect(form.locator("#folder-facts")).to_contain_text("git, on fast-balance")
    expect(form.locator("#first")).to_have_value("emit 1")
    expect(form.locator("#first")).to_be_focused()
    form.press("#first", "Enter")
    assert conversation(daemon, form)["workingDirectory"] == str(tree / "ledger")


def test_by_keyboard_one_types_chooses_and_starts(daemon: Daemon, form: Page, tree: Path) -> None:
    field = form.locator("#folder")
    field.fill("~/src/dem")
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(form.get_by_role("option", name="demonstration")).to_be_visible()
    expect(names(form)).to_have_text(["demo", "demonstration"])

    field.press("ArrowDown")
    expect(form.locator("[aria-selected=true]")).to_have_text(re.compile("demo"))
    assert field.get_attribute("aria-activedescendant") == form.locator("[aria-selected=true]").get_attribute(
        "id"
    )
    field.press("ArrowUp")
    assert field.get_attribute("aria-activedescendant") is None
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value(re.compile("/src/demo/$"))
    expect(field).to_be_focused()
    expect(form.get_by_role("option", name="inner")).to_be_visible()
    field.press("Enter")

    expect(form.locator("#first")).to_be_focused()
    form.keyboard.type("emit 1")
    form.keyboard.press("Enter")
    assert conversation(daemon, form)["workingDirectory"] == str(tree / "demo")


def test_tab_takes_the_chosen_folder_and_goes_on_and_escape_closes_the_list(form: Page, tree: Path) -> None:
    field = form.locator("#folder")
    field.fill("~/src/l")
    expect(form.get_by_role("option", name="ledger fast-balance")).to_be_visible()
    field.press("Escape")
    expect(form.locator("#folders")).to_be_hidden()
    expect(field).to_have_value("~/src/l")
    field.press("ArrowDown")
    expect(form.locator("#folder-list")).to_be_visible()
    field.press("ArrowDown")
    field.press("Tab")

    expect(field).to_have_value(f"{tree}/ledger/")
    expect(form.locator("#folders")).to_be_hidden()
    expect(form.locator("#first")).to_be_focused()
    expect(form.locator("#folder-facts")).to_contain_text("git, on fast-balance")


def test_hidden_folders_are_shown_when_they_are_asked_for(form: Page) -> None:
    form.click("#folder")
    form.get_by_role("button", name="1 hidden").click()
    expect(form.get_by_role("option", name=".cache")).to_be_visible()

    form.fill("#folder", "~/src/.c")
    expect(form.get_by_role("option", name="demo main")).to_have_count(0)
    expect(names(form)).to_have_text([".cache"])


def test_a_folder_that_is_not_there_yet_is_made(daemon: Daemon, form: Page, tree: Path) -> None:
    form.fill("#folder", "~/src/brand-new")
    expect(form.locator("#folder-facts")).to_contain_text("No folder of this name yet")
    form.get_by_role("option", name="Create ~/src/brand-new").click()

    expect(form.locator("#folder-facts")).to_contain_text("Not a git repository")
    expect(form.locator("#folder")).to_have_value("~/src/brand-new")
    assert (tree / "brand-new").is_dir()
    form.fill("#first", "emit 1")
    form.get_by_role("button", name="Start").click()
    assert conversation(daemon, form)["workingDirectory"] == str(tree / "brand-new")


def test_what_is_wrong_with_a_path_is_said_while_it_is_typed(form: Page, tree: Path) -> None:
    (tree / "file").touch()
    for typed, sentence in (
        ("src", "give the whole path"),
        ("~/src/file/below", "is a file"),
        ("/proc/nothing/here", "is no folder on this machine"),
    ):
        form.fill("#folder", typed)
        expect(form.locator("#folder-facts")).to_contain_text(sentence)
    form.fill("#folder", "~/src/file/below")
    form.fill("#first", "my words")
    form.get_by_role("button", name="Start").click()

    expect(form.get_by_role("alert").first).to_contain_text("is a file")
    expect(form.locator("#first")).to_have_value("my words")
    expect(form.locator("#folder")).to_have_value("~/src/file/below")


def test_after_a_refusal_the_list_is_at_hand(daemon: Daemon, form: Page, tree: Path) -> None:
    form.fill("#folder", "~/src/sit")
    form.fill("#first", "emit 1")
    form.get_by_role("button", name="Start").click()
    expect(form.get_by_role("alert").first).to_contain_text("check its name, or create it")

    expect(form.locator("#folder")).to_be_focused()
    expect(form.get_by_role("option", name="site")).to_be_visible()
    form.press("#folder", "ArrowDown")
    form.press("#folder", "Enter")
    expect(form.locator("#folder")).to_have_value(f"{tree}/site/")
    expect(form.get_by_role("button", name="Use ~/src/site")).to_be_visible()
    form.press("#folder", "Enter")
    expect(form.locator("#first")).to_be_focused()
    form.keyboard.press("Enter")
    assert conversation(daemon, form)["workingDirectory"] == str(tree / "site")


def test_a_recent_folder_is_a_click(daemon: Daemon, form: Page, tree: Path) -> None:
    daemon.conversation(workingDirectory=str(tree / "site"))
    form.reload()
    form.fill("#first", "kept")
    form.locator(".recent button", has_text="~/src/site").click()

    expect(form.locator("#folder")).to_have_value(f"{tree}/site")
    expect(form.locator("#first")).to_have_value("kept")


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>",
        "\u202egpj.exe",
        "tab\there",
        "q\"u'o`te",
        "a & b",
        "trailing ",
        "ünï ☃",
    ],
)
def test_a_folder_of_any_name_is_shown_harmlessly_and_can_be_worked_in(
    daemon: Daemon, form: Page, tree: Path, name: str
) -> None:
    (tree / "odd" / name).mkdir(parents=True)
    form.fill("#folder", "~/src/odd/")
    expect(names(form)).to_have_count(1)  # no longer those of the folder above
    option = form.locator("#folder-list button").first
    assert "\u202e" not in option.inner_text()
    option.click()
    expect(form.locator("#folder-list")).to_have_count(0)
    form.locator(".folders-end .btn").click()
    form.fill("#first", "emit 1")
    form.get_by_role("button", name="Start").click()

    assert conversation(daemon, form)["workingDirectory"] == str(tree / "odd" / name)
    (tree / "odd" / name).rmdir()


def test_a_folder_whose_name_a_form_cannot_carry_is_shown_and_not_offered(form: Page, tree: Path) -> None:
    (tree / "lines" / "a\nb").mkdir(parents=True)
    os.mkdir(os.fsencode(tree / "lines") + b"/bad\xff")
    form.fill("#folder", "~/src/lines/")

    expect(form.locator(".folders-end")).to_contain_text("1 with names that are not text")
    expect(form.locator("#folder-list button")).to_be_disabled()
    expect(form.locator("#folder-list")).to_contain_text("its name has a line break")


def test_of_very_many_folders_the_first_are_shown(form: Page, tree: Path) -> None:
    for number in range(450):
        (tree / "many" / f"d{number:03}").mkdir(parents=True)
    form.fill("#folder", "~/src/many/")
    expect(form.locator(".folders-end")).to_contain_text("200 of 450: type to narrow")
    expect(names(form)).to_have_count(200)

    form.fill("#folder", "~/src/many/d44")
    expect(form.get_by_role("option", name="d449")).to_be_visible()
    expect(names(form)).to_have_count(10)


# -- without script ---------------------------------------------------------------------------------------------------
def test_without_script_folders_are_walked_made_and_taken_and_what_was_typed_stays(
    daemon: Daemon, opened: Open, tree: Path
) -> None:
    page = opened(java_script_enabled=False)
    page.goto(f"{daemon.base}/new?folder=~/src")
    page.fill("#first", "emit 2")
    page.select_option("#mode", "plan")
    page.get_by_role("button", name="Browse").click()
    page.locator("#folder-list").get_by_role("button", name="demo main").click()
    expect(page.locator("#folder")).to_have_value("~/src/demo/")
    page.locator(".crumbs").get_by_role("button", name="src").click()
    page.get_by_role("button", name="1 hidden").click()
    expect(page.locator("#folder-list").get_by_role("button", name=".cache")).to_be_visible()
    page.fill("#folder", "~/src/no-script")
    page.press("#folder", "Enter")
    page.get_by_role("button", name="Create ~/src/no-script").click()
    expect(page.locator("#folder-facts")).to_contain_text("Created")

    expect(page.locator("#first")).to_have_value("emit 2")
    expect(page.locator("#mode")).to_have_value("plan")
    page.get_by_role("button", name="Start").click()
    made = conversation(daemon, page)
    assert (made["workingDirectory"], made["mode"]) == (str(tree / "no-script"), "plan")


def test_without_script_a_folder_that_cannot_be_worked_in_is_said_and_the_list_is_open(
    daemon: Daemon, opened: Open, tree: Path
) -> None:
    page = opened(java_script_enabled=False)
    page.goto(f"{daemon.base}/new")
    page.fill("#folder", "~/src/sit")
    page.fill("#first", "my words")
    page.get_by_role("button", name="Start").click()

    expect(page.get_by_role("alert").first).to_contain_text("check its name, or create it")
    expect(page.locator("#first")).to_have_value("my words")
    page.locator("#folder-list").get_by_role("button", name="site").click()
    expect(page.locator("#folder")).to_have_value("~/src/site/")


# -- agent, model and mode --------------------------------------------------------------------------------------------
def test_the_mode_that_asks_nothing_is_marked(form: Page) -> None:
    expect(form.locator("#mode-said")).to_have_text(
        re.compile("asks you before it changes"), use_inner_text=True
    )
    quiet = form.evaluate("getComputedStyle(document.querySelector('.start .composer')).borderColor")
    form.select_option("#mode", "bypass")

    expect(form.locator("#mode-said")).to_have_text(re.compile("Nothing is asked"), use_inner_text=True)
    assert form.evaluate("getComputedStyle(document.querySelector('.start .composer')).borderColor") != quiet


def test_model_and_mode_are_those_of_the_conversation(daemon: Daemon, form: Page) -> None:
    form.fill("#folder", str(daemon.work))
    form.fill("#first", "emit 1")
    form.fill("#model", "a-model")
    form.select_option("#mode", "accept_edits")
    form.press("#model", "Enter")

    made = conversation(daemon, form)
    assert (made["model"], made["mode"]) == ("a-model", "accept_edits")
    form.goto(f"{daemon.base}/new")
    assert form.locator("#models-demo option").first.get_attribute("value") == "a-model"
    expect(form.locator("#mode")).to_have_value("ask")


def test_nothing_of_the_picker_reaches_past_the_window(form: Page, tree: Path) -> None:
    (tree / ("long-" * 40)).mkdir(exist_ok=True)
    form.fill("#folder", f"~/src/{'long-' * 40}")
    expect(form.locator(".crumbs")).to_contain_text("long-")
    for width in (320, 390, 1280):
        form.set_viewport_size({"width": width, "height": 844})

        fits = form.evaluate("[innerWidth, document.documentElement.scrollWidth <= innerWidth]")
        assert fits == [width, True]
        box = form.locator("#folders").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
