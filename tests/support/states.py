"""Every page in every state that matters, to look at it and to check it: `STATES` says how each is reached."""

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support import corners, histories, showagent
from tests.support.daemon import Daemon, wait_for
from tests.support.pictures import attachment, png
from tests.support.stories import STORIES

SEEN = "The header wraps on phones, see the picture. The rules are in the other file."


class World:
    """A daemon that was in use this morning. `known`: conversations by the name of the story that was told in them."""

    def __init__(self, root: Path) -> None:
        script = root / "script.json"
        told = {one.prompt: one.steps for one in STORIES.values()}
        told[SEEN] = [{"text": "The title does not shrink: it needs `min-inline-size: 0` in `.head-t`."}]
        script.write_text(json.dumps(told))
        programs = showagent.install(root / "programs", script)
        corners.install(programs, root / "kimi")
        # It listens everywhere, so that another device could come in; it is asked over loopback only.
        reach = {"AGENTGUID_HOST": "0.0.0.0", "AGENTGUID_HOSTS": "studio.example"}
        self.daemon = Daemon(root, PATH=f"{programs}:{os.environ['PATH']}", **reach)
        self.known: dict[str, str] = {}

    def begin(self) -> None:
        """Starts it, and tells all stories."""
        daemon = self.daemon.start(first=corners.FULL)
        self.known = {name: self._told(name) for name in STORIES}
        self.known["empty"] = self._conversation("site", "")
        for text in ("Then add the call to the README, with its output.", "And open a pull request when CI is green."):  # fmt: skip
            daemon.send(self.known["push"], text)
        daemon.send(self.known["upgrade"], "Then run the migrations on a copy.")
        asked = daemon.api("GET", f"/approvals?conversation={self.known['upgrade']}")["approvals"][0]["id"]
        daemon.api("POST", f"/approvals/{asked}", {"decision": "allow_once"})
        daemon.ended(self.known["upgrade"])
        asked = daemon.api("GET", f"/approvals?conversation={self.known['chosen']}")["approvals"][0]["id"]
        answers = {
            "Which store should it use?": {"words": "Only what is there already, please"},
            "What should survive a restart?": ["Sessions", "Carts, open orders"],
        }
        daemon.api("POST", f"/approvals/{asked}", {"decision": "allow_once", "answers": answers})
        daemon.ended(self.known["chosen"])
        self.known["picture"] = self._conversation("site", "The header on phones")
        files = [
            attachment("header on a phone.png", png(360, 220)),
            attachment("layout.css", b"header {}\n" * 40),
        ]
        seen = daemon.send(self.known["picture"], SEEN, attachments=files)["session"]["id"]
        daemon.ended(self.known["picture"], seen)
        old = self._conversation("site", "Image sizes on the front page")
        daemon.api("PATCH", f"/conversations/{old}", {"archived": True})
        corners.stuck(daemon, self.known["receipts"])
        self.known["options"] = self._conversation("ledger", "Read bank statements", agent="kimi")
        corners.options(daemon, self.known["options"])
        self.known["form"] = self._conversation("ledger", "Cut the release", agent="kimi")
        corners.form(daemon, self.known["form"], self._folder("ledger"))

    def _told(self, name: str) -> str:
        story = STORIES[name]
        made = self._conversation(story.folder, story.title, mode=story.mode)
        turn = self.daemon.send(made, story.prompt)["session"]["id"]
        if story.open:
            tool = story.steps[-1].get("tool") or story.steps[-2]["tool"]
            wait_for(lambda: tool in json.dumps(self.daemon.items(made)), f"the call of {tool}")
        else:
            self.daemon.ended(made, turn)
        return made

    def _conversation(self, folder: str, title: str, agent: str = "claude-code", **more: str) -> str:
        return self.daemon.conversation(agent, title=title, workingDirectory=self._folder(folder), **more)

    def _folder(self, name: str) -> str:
        path = self.daemon.root / "home/src" / name
        path.mkdir(parents=True, exist_ok=True)
        return str(path)

    def show(self, page: Page, path: str) -> None:
        """A page of the frame, once it is live."""
        page.goto(self.daemon.base + path)
        expect(page.locator("#line")).to_have_attribute("data-state", "live")

    def talk(self, page: Page, story: str, more: str = "") -> None:
        self.show(page, f"/conversations/{self.known[story]}{more}")


@contextlib.contextmanager
def world(root: Path) -> Iterator[World]:
    made = World(root)
    try:
        made.begin()
        yield made
    finally:
        made.daemon.close()


def newcomer(root: Path) -> Daemon:
    """A daemon, not started yet, that nobody has used, on a machine where one agent is found."""
    binary = root / "home/.local/bin/claude"
    binary.parent.mkdir(parents=True)
    binary.write_text("#!/bin/sh\necho '9.8.7 (Claude Code)'\n")
    binary.chmod(0o755)
    return Daemon(root, PATH="/usr/bin:/bin")


# -- states that take more than an address ----------------------------------------------------------------------------
def picker(world: World, page: Page) -> None:
    world.show(page, "/new")
    page.fill("#folder", f"{world.daemon.root}/home/src/")
    expect(page.locator("#folders [role=option]").first).to_be_visible()


def stopping(world: World, page: Page) -> None:
    world.talk(page, "port")
    page.keyboard.press("Escape")
    expect(page.locator("#stop")).to_be_visible()


def not_sent(world: World, page: Page) -> None:
    world.talk(page, "balance")
    page.route("**/messages", lambda route: route.abort())
    page.fill("#message", "And how large is the index?")
    page.click("#send")
    expect(page.locator(".sending")).to_have_attribute("data-state", "failed")
    page.unroute("**/messages")


def attaching(world: World, page: Page) -> None:
    """What was sent with pictures stands above, what is to be sent in the field."""
    world.talk(page, "picture")
    buffers = [
        ("a button that is cut off.png", "image/png", png(200, 160, 40)),
        ("console output.txt", "text/plain", b"error\n" * 9),
    ]
    page.set_input_files(
        "#files", [{"name": name, "mimeType": kind, "buffer": data} for name, kind, data in buffers]
    )
    expect(page.locator("#composer .chip")).to_have_count(2)
    page.fill("#message", "And this button: its right half is missing. The console says this.")


def commanding(world: World, page: Page) -> None:
    world.talk(page, "greet")
    page.locator("#message").press_sequentially("/")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#commands [aria-selected=true]")).to_be_visible()


def denying(world: World, page: Page) -> None:
    world.talk(page, "retry")
    page.locator(".ask-reject").click()
    expect(page.locator(".ask-say")).to_be_focused()


def answering(world: World, page: Page) -> None:
    world.talk(page, "store")
    page.get_by_role("radio", name="Other").check()
    page.get_by_role("checkbox", name="Sessions").check()
    expect(page.locator(".ask-words").first).to_be_visible()


def filling_in(world: World, page: Page) -> None:
    """The form from its beginning, one of its answers chosen."""
    world.talk(page, "form")
    page.get_by_role("radio", name=re.compile("^Next")).check()
    page.locator(".ask-open").evaluate("card => card.scrollIntoView({block: 'start'})")


def new_with_models(world: World, page: Page) -> None:
    world.show(page, "/new")
    page.select_option("#agent", "kimi")
    page.click("[name=models]")
    expect(page.locator(".start > [role=status]")).to_be_visible()
    expect(page.locator("#line")).to_have_attribute("data-state", "live")


def pill(world: World, page: Page) -> None:
    world.talk(page, "long")
    page.locator(".log").evaluate("log => log.scrollTop = -2000")
    expect(page.locator("#pill")).to_be_visible()


def deep_link(world: World, page: Page) -> None:
    positions = [one["position"] for one in world.daemon.events(conversation=world.known["long"])]
    world.talk(page, "long", f"?at={positions[len(positions) // 3]}")
    expect(page.locator("[data-at]")).to_be_in_viewport()


def renaming(world: World, page: Page) -> None:
    world.talk(page, "greet")
    page.locator("#title > summary").click()
    expect(page.locator("#rename")).to_be_visible()


def menu(world: World, page: Page) -> None:
    world.talk(page, "greet")
    page.locator(".menu > summary").click()
    page.get_by_text("Delete…").click()


def drawer(world: World, page: Page) -> None:
    """On a desk the list stands there anyway."""
    world.show(page, "/")
    page.evaluate("document.querySelector('.tabbar [popovertarget=side]').click()")


def shortcuts(world: World, page: Page) -> None:
    world.show(page, "/")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()


def invitation(world: World, page: Page) -> None:
    world.show(page, "/devices")
    page.get_by_role("button", name="Show a code").click()
    expect(page.get_by_role("img", name="QR code of the link")).to_be_visible()


def shown_code(world: World, page: Page) -> None:
    """In a browser that is not signed in: the cookies come back, as others show more."""
    kept = page.context.cookies()
    page.context.clear_cookies()
    page.goto(f"{world.daemon.base}/login")
    page.get_by_role("button", name="Show a code").click()
    expect(page.locator("#code")).to_be_visible()
    page.context.add_cookies(kept)  # type: ignore[arg-type]


def admitting(world: World, page: Page) -> None:
    browser = page.context.browser
    assert browser
    stranger = browser.new_page()
    stranger.goto(f"{world.daemon.base}/login")
    stranger.get_by_role("button", name="Show a code").click()
    code = stranger.locator("#code").inner_text()
    stranger.close()
    world.show(page, f"/devices/approve?code={code}")
    expect(page.get_by_role("button", name="Sign it in")).to_be_visible()


def unfolded(world: World, page: Page) -> None:
    world.talk(page, "all")
    page.evaluate("for (const one of document.querySelectorAll('#log details')) one.open = true")


def refused(world: World, page: Page) -> None:
    world.show(page, "/new")
    page.fill("#folder", "/nowhere")
    page.fill("#first", "Look around.")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert").first).to_be_visible()


def lost(world: World, page: Page) -> None:
    world.talk(page, "balance")
    page.route("**/stream*", lambda route: route.abort())
    page.evaluate("document.getElementById('stream')._htmx.sse.reader.cancel()")
    expect(page.locator("#line-word")).to_have_text(re.compile("Reconnecting"))
    page.unroute("**/stream*")


def left_behind(world: World, page: Page) -> None:
    histories.unpack(world.daemon.root / "home", "claude-code", "codex")
    world.show(page, "/import")
    expect(page.get_by_role("button", name="Import")).to_be_visible()


State = Callable[[World, Page], None]
FRESH = {
    "first-run": "/",
    "nothing-waits": "/inbox",
    "no-conversations": "/conversations",
    "unreachable": "/devices",
    "no-histories": "/import",
}
"""What a newcomer's daemon shows, and where."""


def at(path: str) -> State:
    return lambda world, page: world.show(page, path)


def plain(path: str) -> State:
    def show(world: World, page: Page) -> None:
        page.goto(world.daemon.base + path)
        expect(page.locator(".plain-main h1")).to_be_visible()

    return show


def told(story: str) -> State:
    return lambda world, page: world.talk(page, story)


STATES: dict[str, State] = {
    "home": at("/"), "new": at("/new"), "picker": picker, "refused": refused, "settings": at("/settings"),
    "inbox": at("/inbox"), "list": at("/conversations"), "found": at("/conversations?q=greet"),
    "archived": at("/conversations?archived=1"), "devices": at("/devices"), "keys": at("/keys"), "agents": at("/agents"),
    "invitation": invitation, "drawer": drawer, "import": left_behind, "shortcuts": shortcuts, "empty": told("empty"),
    "idle": told("greet"), "running": told("port"), "asking": told("retry"), "denying": denying,
    "question": told("store"), "answering": answering, "answered": told("chosen"), "plan": told("outline"),
    "stuck": told("receipts"), "options": told("options"), "form": told("form"), "filling-in": filling_in,
    "new-with-models": new_with_models, "queue": told("push"), "held": told("upgrade"), "long": told("long"), "stop": stopping, "not-sent": not_sent,
    "attaching": attaching, "commands": commanding, "pill": pill, "deep-link": deep_link, "renaming": renaming, "menu": menu, "every-item": told("all"),
    "unfolded": unfolded, "lost": lost, "not-found": plain("/conversations/nobody"), "login": plain("/login"),
    "code": shown_code, "admitting": admitting, "no-code": at("/devices/approve"),
    "spent": plain("/login?ticket=spent"), "api": plain("/docs"),
}  # fmt: skip
"""By name. Each goes to the page itself and waits until it shows what the name says."""
