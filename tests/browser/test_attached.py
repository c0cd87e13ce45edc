"""Files and slash commands in the composer: chosen, pasted, dropped, left out, sent; typed, marked, taken. With script and without."""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.test_composer import go, write
from tests.support.daemon import Daemon, wait_for
from tests.support.pictures import png

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
PNG = png()
DROPPED = """([kind, files]) => {
  const transfer = new DataTransfer();
  for (const [name, type, data] of files) {
    transfer.items.add(new File([Uint8Array.from(atob(data), one => one.charCodeAt(0))], name, { type }));
  }
  const field = document.getElementById("message");
  const event = kind === "paste" ? new ClipboardEvent(kind, { clipboardData: transfer, bubbles: true, cancelable: true })
    : new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
  (kind === "paste" ? field : document.getElementById("log")).dispatchEvent(event);
  return event.defaultPrevented;
}"""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "dot.png").write_bytes(PNG)
    (tmp_path / "notes.md").write_text("# One\ntwo\n")
    return [str(tmp_path / "dot.png"), str(tmp_path / "notes.md")]


def names(page: Page) -> list[str]:
    return page.locator("#composer .chip-name").all_inner_texts()


def attached(daemon: Daemon, conversation: str) -> list[list[str]]:
    items = daemon.items(conversation)
    return [
        [one["name"] for one in item["data"].get("attachments", [])]
        for item in items
        if item["type"] == "user"
    ]


def began(daemon: Daemon) -> str:
    """A conversation whose agent has worked: its commands are known."""
    conversation = daemon.conversation()
    daemon.ended(conversation, daemon.send(conversation, "emit 1")["session"]["id"])
    return conversation


# -- files ------------------------------------------------------------------------------------------------------------
def test_what_is_chosen_goes_with_the_message_and_is_seen_in_the_transcript(
    daemon: Daemon, opened: Open, files: list[str]
) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    page.set_input_files("#files", files)
    expect(page.locator("#composer .chip")).to_have_count(2)
    write(page, "emit 1")

    expect(page.locator("#log .user .thumb img")).to_have_attribute("alt", "dot.png")
    wait_for(
        lambda: page.evaluate("document.querySelector('#log .thumb img').naturalWidth") == 40, "the picture"
    )
    expect(page.locator("#log .user .chip")).to_contain_text("notes.md")
    expect(page.locator("#composer .chip")).to_have_count(0)
    expect(page.locator(".sending")).to_have_count(0)
    assert attached(daemon, conversation) == [["dot.png", "notes.md"]]
    with page.context.expect_page() as other:
        page.click("#log .thumb")
    other.value.wait_for_load_state()
    assert re.search(r"/blobs/[0-9a-f]{64}\?as=image%2Fpng$", other.value.url)
    assert other.value.evaluate("document.images[0].naturalWidth") == 40


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_what_is_pasted_or_dropped_is_attached(daemon: Daemon, opened: Open, kind: str) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    given: list[Any] = [kind, [["image.png", "image/png", base64.b64encode(PNG).decode()]]]

    assert page.evaluate(DROPPED, given), "the browser does nothing else with it"
    expect(page.locator("#composer .chip-name")).to_have_text("image.png")
    write(page, "")
    expect(page.locator("#log .thumb img")).to_have_count(1)
    assert attached(daemon, conversation) == [["image.png"]]


def test_what_is_left_out_again_does_not_go(daemon: Daemon, opened: Open, files: list[str]) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    page.set_input_files("#files", files)
    page.get_by_label("dot.png goes with the message").click()
    expect(page.locator("#composer .chip")).to_have_count(1)
    expect(page.locator("#message")).to_be_focused()
    write(page, "emit 1")

    expect(page.locator("#log .user .chip")).to_have_count(1)
    assert attached(daemon, conversation) == [["notes.md"]]


def test_what_is_attached_and_not_sent_survives_a_reload(
    daemon: Daemon, opened: Open, files: list[str]
) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    page.set_input_files("#files", files)
    expect(page.locator("#composer .chip")).to_have_count(2)
    page.reload()

    expect(page.locator("#composer .chip")).to_have_count(2)
    go(page, daemon, daemon.conversation())
    expect(page.locator("#composer .chip")).to_have_count(0)


def test_a_message_that_was_not_sent_keeps_its_files_for_another_try(
    daemon: Daemon, opened: Open, files: list[str]
) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    page.set_input_files("#files", files)
    expect(page.locator("#composer .chip")).to_have_count(2)
    page.route("**/messages", lambda route: route.abort())
    write(page, "emit 1")
    expect(page.locator(".sending")).to_have_attribute("data-state", "failed")
    expect(page.locator(".sending .chip")).to_have_count(2)
    page.reload()
    page.get_by_role("button", name="Edit").click()
    expect(page.locator("#composer .chip")).to_have_count(2)
    assert names(page) == ["dot.png", "notes.md"]
    page.unroute("**/messages")
    page.press("#message", "Enter")

    expect(page.locator("#log .thumb")).to_have_count(1)
    assert attached(daemon, conversation) == [["dot.png", "notes.md"]]


def test_a_file_that_cannot_be_taken_is_told_and_the_rest_stays(
    daemon: Daemon, opened: Open, files: list[str], tmp_path: Path
) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0\1\2")
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    page.fill("#message", "my words")
    page.set_input_files("#files", files[:1])
    expect(page.locator("#composer .chip")).to_have_count(1)
    page.set_input_files("#files", str(tmp_path / "a.bin"))

    expect(page.locator("#composer-error")).to_have_text(re.compile("^a.bin is neither a picture nor a text"))
    assert names(page) == ["dot.png"]
    expect(page.locator("#message")).to_have_value("my words")


def test_a_message_waits_for_files_that_are_on_their_way(
    daemon: Daemon, opened: Open, files: list[str]
) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    held: list[Route] = []
    page.route("**/attachments", lambda route: held.append(route))  # noqa: PLW0108  a builtin is refused
    page.set_input_files("#files", files)
    wait_for(lambda: page.wait_for_timeout(20) or held, "the files to be on their way")
    write(page, "emit 1")
    expect(page.locator("#composer-error")).to_have_text("The files are still on their way.")
    held[0].continue_()
    expect(page.locator("#composer .chip")).to_have_count(2)
    page.press("#message", "Enter")

    expect(page.locator("#log .thumb")).to_have_count(1)
    assert attached(daemon, conversation) == [["dot.png", "notes.md"]]


def test_what_waits_shows_its_files(daemon: Daemon, opened: Open, files: list[str]) -> None:
    page, conversation = opened(), daemon.conversation()
    daemon.send(conversation, "sleep 600")
    go(page, daemon, conversation)
    page.set_input_files("#files", files)
    expect(page.locator("#composer .chip")).to_have_count(2)
    write(page, "later")

    expect(page.locator("#queue .thumb")).to_have_count(1)
    expect(page.locator("#queue .chip")).to_contain_text("notes.md")
    expect(page.locator(".sending")).to_have_count(0)
    page.fill("#queue textarea", "later still")
    page.press("#queue textarea", "Enter")
    path = f"/conversations/{conversation}/queue"
    wait_for(lambda: daemon.api("GET", path)["queue"][0]["content"] == "later still", "the change")
    assert len(daemon.api("GET", path)["queue"][0]["attachments"]) == 2
    daemon.api("POST", f"/conversations/{conversation}/cancel", {})


def test_a_new_conversation_begins_with_files(daemon: Daemon, opened: Open, files: list[str]) -> None:
    page = opened()
    page.goto(f"{daemon.base}/new?agent=demo")
    page.set_input_files("#files", files)
    expect(page.locator("#new .chip")).to_have_count(2)
    page.fill("#first", "emit 1")
    page.press("#first", "Enter")
    page.wait_for_url("**/conversations/*")

    expect(page.locator("#log .thumb")).to_have_count(1)
    assert attached(daemon, page.url.rpartition("/")[2]) == [["dot.png", "notes.md"]]
    page.goto(f"{daemon.base}/new?agent=demo")
    expect(page.locator("#new .chip")).to_have_count(0)


# -- slash commands ---------------------------------------------------------------------------------------------------
def test_commands_are_filtered_as_one_types_and_taken_by_keys(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), began(daemon)
    go(page, daemon, conversation)
    menu, message = page.locator("#commands"), page.locator("#message")
    message.press_sequentially("/")
    expect(menu).to_be_visible()
    assert menu.locator("[role=option]").count() > 5
    message.press_sequentially("t")
    expect(menu.locator("b")).to_have_text(["/tour", "/think", "/tool", "/question", "/emit"])
    expect(menu.locator("[aria-selected=true] b")).to_have_text("/tour")
    message.press("ArrowDown")
    message.press("ArrowDown")
    message.press("ArrowUp")
    expect(menu.locator("[aria-selected=true] b")).to_have_text("/think")
    assert message.get_attribute("aria-activedescendant") == menu.locator(
        "[aria-selected=true]"
    ).get_attribute("id")
    message.press("Enter")

    expect(message).to_have_value("/think ")
    expect(menu).to_be_hidden()
    message.press("Enter")
    expect(page.locator("#log .user .said").last).to_have_text("/think")
    expect(page.locator("#log .thought")).to_have_count(1)


def test_a_command_that_is_typed_whole_is_sent_at_once(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), began(daemon)
    go(page, daemon, conversation)
    page.locator("#message").press_sequentially("/think")
    expect(page.locator("#commands [role=option]")).to_have_count(1)
    page.press("#message", "Enter")

    expect(page.locator("#log .user .said").last).to_have_text("/think")
    expect(page.locator("#commands")).to_be_hidden()


def test_the_list_is_closed_by_escape_and_by_other_words_and_stops_no_agent(
    daemon: Daemon, opened: Open
) -> None:
    page, conversation = opened(), began(daemon)
    daemon.send(conversation, "sleep 600")
    go(page, daemon, conversation)
    message, menu = page.locator("#message"), page.locator("#commands")
    message.press_sequentially("/")
    expect(menu).to_be_visible()
    message.press("Escape")
    expect(menu).to_be_hidden()
    expect(page.locator("dialog#stop")).not_to_be_visible()
    expect(message).to_have_value("/")
    message.press_sequentially("th")
    expect(menu).to_be_visible()
    message.press_sequentially("x and more")
    expect(menu).to_be_hidden()
    message.press("Escape")
    expect(page.locator("dialog#stop")).to_be_visible()
    daemon.api("POST", f"/conversations/{conversation}/cancel", {})


def test_the_button_opens_the_list_and_the_mouse_takes_from_it(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), began(daemon)
    go(page, daemon, conversation)
    page.click("#slash")
    page.locator("#commands").get_by_text("Think aloud").click()

    expect(page.locator("#message")).to_have_value("/think ")
    expect(page.locator("#message")).to_be_focused()
    page.reload()
    expect(page.locator("#message")).to_have_value("/think ")


# -- without script ---------------------------------------------------------------------------------------------------
def test_without_script_files_are_chosen_and_sent(daemon: Daemon, opened: Open, files: list[str]) -> None:
    page, conversation = opened(java_script_enabled=False), daemon.conversation()
    page.goto(f"{daemon.base}/conversations/{conversation}")
    page.set_input_files("#files", files)
    page.fill("#message", "emit 1")
    page.click("#send")

    expect(page.locator("#log .user .thumb img")).to_have_attribute("alt", "dot.png")
    assert attached(daemon, conversation) == [["dot.png", "notes.md"]]


def test_without_script_a_refusal_keeps_words_and_good_files_and_one_can_be_left_out(
    daemon: Daemon, opened: Open, files: list[str]
) -> None:
    page, conversation = opened(java_script_enabled=False), daemon.conversation()
    page.goto(f"{daemon.base}/conversations/{conversation}")
    page.set_input_files("#files", files)
    page.fill("#message", "emit 1")
    page.locator("#composer-key").evaluate("field => { field.value = 'bad'; }")
    page.click("#send")
    expect(page.locator("#composer-error")).to_contain_text("reload the page")
    expect(page.locator("#message")).to_have_value("emit 1")
    assert names(page) == ["dot.png", "notes.md"]
    page.get_by_label("notes.md goes with the message").uncheck()
    expect(page.locator("#composer .chip >> visible=true")).to_have_count(1)
    page.click("#send")

    expect(page.locator("#log .thumb")).to_have_count(1)
    assert attached(daemon, conversation) == [["dot.png"]]


def test_without_script_commands_are_links_that_fill_the_field(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(java_script_enabled=False), began(daemon)
    page.goto(f"{daemon.base}/conversations/{conversation}")
    page.click("#slash")
    page.locator("#commands").get_by_text("Think aloud").click()

    expect(page.locator("#message")).to_have_value("/think ")
    page.click("#send")
    expect(page.locator("#log .user .said").last).to_have_text("/think")


def test_without_script_a_refused_beginning_keeps_every_choice(
    daemon: Daemon, opened: Open, files: list[str], tmp_path: Path
) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0\1\2")
    page = opened(java_script_enabled=False)
    page.goto(f"{daemon.base}/new")
    page.fill("#folder", str(tmp_path))
    page.select_option("#agent", "demo")
    page.select_option("#mode", "plan")
    page.fill("#model", "big-one")
    page.fill("#first", "emit 1")
    page.set_input_files("#files", str(tmp_path / "a.bin"))
    page.click("#start")
    expect(page.get_by_role("alert").first).to_contain_text("a.bin is neither a picture nor a text")
    for field, value in {
        "#folder": str(tmp_path),
        "#agent": "demo",
        "#mode": "plan",
        "#model": "big-one",
        "#first": "emit 1",
    }.items():
        expect(page.locator(field)).to_have_value(value)

    page.fill("#folder", str(tmp_path / "nowhere"))
    page.set_input_files("#files", files)
    page.click("#start")
    expect(page.locator("#mode")).to_have_value("plan")
    expect(page.locator("#new .chip")).to_have_count(2)
    page.fill("#folder", str(tmp_path))
    page.click("#start")
    expect(page.locator("#log .thumb")).to_have_count(1)
