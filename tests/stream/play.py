"""One page, its reader, and everything that may happen to them."""

import asyncio
import random

from agentguid.entropy import now
from agentguid.protocol import events
from agentguid.protocol.items import Body
from agentguid.stream.page import Page
from agentguid.stream.presence import Liveness
from tests.stream.dom import Dom, squeezed
from tests.stream.story import HERE, NEAR, THERE, Story

WORLD = [
    "start",
    "end",
    "fail",
    "say",
    "think",
    "notice",
    "nested",
    "subtool",
    "tool",
    "finish",
    "early",
    "early",
    "ask",
    "alone",
    "answer",
    "withdraw",
    "write",
    "write",
    "written",
    "untold",
    "told",
    "queue",
    "unqueue",
    "rename",
    "pin",
    "elsewhere",
    "elsewhere_ends",
    "archive",
    "phase",
    "phase",
]
READER = [
    "deliver",
    "deliver",
    "deliver",
    "deliver",
    "one",
    "lose",
    "again",
    "reconnect",
    "reconnect",
    "reopen",
]


def messages(page: Page) -> list[bytes]:
    """All that the page lacks."""

    async def collect() -> list[bytes]:
        found: list[bytes] = []
        while True:
            message = await page.message()
            if message is not None:
                found.append(message)
            elif page.complete:
                return found

    return asyncio.run(collect())


def assert_same_as_drawn_anew(dom: Dom, story: Story) -> None:
    """The transcript from its first shown item on, the live text, the list and all around them."""
    fresh = Dom(story.html()[0])
    shown = [node for node in dom["log"].elements() if node.number is not None]
    first = shown[0].number if shown else 1
    transcript = "".join(squeezed(node.html()) for node in shown)
    anew = Dom(f"<div>{story.since(first or 1)}</div>").root.elements()[0]
    assert transcript == "".join(squeezed(node.html()) for node in anew.elements())
    assert [(node.id, node.text()) for node in dom["live"].elements()] == [
        (node.id, node.text()) for node in fresh["live"].elements()
    ]
    for part in ("convs", "needs", "title", "facts", "status", "strip", "queue", "actions"):
        assert squeezed(dom[part].html()) == squeezed(fresh[part].html()), part


class Play:
    """One page and what happens to it."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.queued: list[str] = []
        self.kept: list[str] = []
        self.elsewhere: str | None = None
        self.early: dict[str, str] = {}
        self.reopen(0)

    def pick(self, what: list[str], number: int) -> str | None:
        return what[number % len(what)] if what else None

    # -- the reader ---------------------------------------------------------------------------------------------------
    def reopen(self, _: int) -> None:
        html, self.position = self.story.html()
        self.dom = Dom(html)
        self.page = self.story.connect(self.position)

    def reconnect(self, _: int) -> None:
        """The line is cut: the browser comes back with the id of the last message that it has."""
        self.page = self.story.connect(self.dom.last_id or self.position)

    def lose(self, number: int) -> None:
        """A message is made and lost with the line."""
        asyncio.run(self.page.message())
        self.reconnect(number)

    def one(self, _: int) -> None:
        message = asyncio.run(self.page.message())
        if message is not None:
            self.dom.receive(message)

    def again(self, _: int) -> None:
        """The page's connection is made anew from where the page was drawn: everything comes a second time."""
        self.page = self.story.connect(self.position)
        self.deliver(0)

    def deliver(self, _: int) -> None:
        for message in messages(self.page):
            self.dom.receive(message)
        assert_same_as_drawn_anew(self.dom, self.story)

    # -- the world ----------------------------------------------------------------------------------------------------
    def step(self, what: str, number: int) -> None:
        own = getattr(self, what, None)
        if own is not None:
            own(number)
            return
        story = self.story
        tool = self.pick(story.tools, number)
        match what:
            case "start":
                story.start(f"**hello** {number}")
            case "end" | "fail":
                story.end("complete" if what == "end" else "error")
            case "say" | "think" | "notice":
                kinds = {"say": "message", "think": "thought", "notice": "notice"}
                story.say(kinds[what], f"# t{number}\n\n```python\nx = {number}\n```\n")
            case "tool":
                story.tool()
            case "finish" if tool:
                story.finish(tool, failed=number % 2 == 0)

    def nested(self, number: int) -> None:
        """Something of a sub-agent; its tool call may be known, unknown or no tool call at all."""
        self.story.say("message", f"inner {number}", self.pick([*self.story.tools, "i1", "nobody"], number))

    def subtool(self, number: int) -> None:
        self.story.tool(self.pick([*self.story.tools, "nobody"], number))

    def ask(self, number: int) -> None:
        tool = self.pick(self.story.tools, number)
        self.story.ask(tool)

    def alone(self, _: int) -> None:
        self.story.ask(None)

    def answer(self, number: int) -> None:
        if self.story.asks:
            self.story.answer(self.story.asks.pop(number % len(self.story.asks)))

    def withdraw(self, number: int) -> None:
        if self.story.asks:
            self.story.answer(self.story.asks.pop(number % len(self.story.asks)), withdraw=True)

    def write(self, number: int) -> None:
        """Three messages that grow; one has blocks, one has code, one has HTML and is never cut."""
        piece = (f"p{number}\n\n**b{number}** ", f"t{number}\n```py\n{number}=0\n", f" <b>\n\n{number}&")[
            number % 3
        ]
        self.story.write(f"l{number % 3}-{len(self.kept)}-{self.story.turn or 'x'}", piece)

    def written(self, number: int) -> None:
        item = self.pick(
            [one.item for one in self.story.live.items(HERE) if one.item not in self.kept], number
        )
        if item:
            self.story.written(item)

    def untold(self, number: int) -> None:
        """It is in the log, and the daemon has not let go of its live text yet."""
        item = self.pick(
            [one.item for one in self.story.live.items(HERE) if one.item not in self.kept], number
        )
        if item:
            self.story.written(item, told=False)
            self.kept.append(item)

    def told(self, _: int) -> None:
        for item in self.kept:
            self.story.live.finish(HERE, item)
        self.kept = []

    def queue(self, number: int) -> None:
        message = self.story.new("q")
        self.queued.append(message)
        self.story.add(events.MessageQueued(message=message, body=Body(f"later {number}\r\n<i>")))

    def unqueue(self, number: int) -> None:
        if self.queued:
            self.story.add(events.MessageRemoved(message=self.queued.pop(number % len(self.queued))))

    def rename(self, number: int) -> None:
        self.story.add(events.ConversationRenamed(title=f"name {number} \r\n data: x"))

    def pin(self, number: int) -> None:
        done = events.ConversationPinned() if number % 2 else events.ConversationUnpinned()
        self.story.add(done, to=self.other(number))

    def archive(self, number: int) -> None:
        done = events.ConversationArchived() if number % 2 else events.ConversationUnarchived()
        self.story.add(done, to=self.other(number))

    def other(self, number: int) -> str:
        """One in a folder of its own, or one in the same folder as the page's."""
        return THERE if number % 4 < 2 else NEAR

    def phase(self, number: int) -> None:
        phase = ("starting", "running", "catching_up")[number % 3]
        self.story.presence.set(HERE, Liveness("h", phase, 1, now()))  # type: ignore[arg-type]


def elsewhere(play: Play, ends: bool) -> None:
    if play.elsewhere is None and not ends:
        play.elsewhere = play.story.new("t")
        message = play.story.new("m")
        started = events.TurnStarted(
            turn=play.elsewhere, message=message, body=Body("other"), agent="demo", cwd="/"
        )
        play.story.add(started, to=THERE)
    elif play.elsewhere is not None and ends:
        play.story.add(events.TurnEnded(turn=play.elsewhere, outcome="complete"), to=THERE)
        play.elsewhere = None


def early(play: Play, number: int) -> None:
    waiting = play.early.pop("item", None)
    if waiting is None:
        play.early["item"] = play.story.new("i")
        play.story.say("message", f"before {number}", play.early["item"])
    else:
        play.story.tool(item=waiting)


def go_on(play: Play, chance: random.Random, steps: int) -> None:
    """A long story: so many steps by chance, then everything is delivered."""
    for _ in range(steps):
        what, number = chance.choice(chance.choice([WORLD, READER])), chance.randrange(10)
        if what != "reopen" or chance.random() < 0.02:
            take(play, what, number)
    play.deliver(0)


def take(play: Play, what: str, number: int) -> None:
    """One step."""
    if what in ("elsewhere", "elsewhere_ends"):
        elsewhere(play, what == "elsewhere_ends")
    elif what == "early":
        early(play, number)
    else:
        play.step(what, number)
