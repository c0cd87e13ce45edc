"""A log of a few conversations to which anything may happen, with the pages that show it."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from agentguid.agents.base import Live
from agentguid.append import read
from agentguid.append.api import Append
from agentguid.append.log import Log
from agentguid.entropy import now
from agentguid.project import conversations, transcript
from agentguid.project.all import INLINE
from agentguid.protocol import events
from agentguid.protocol.events import Event
from agentguid.protocol.ids import stream_of
from agentguid.protocol.items import Body, Option
from agentguid.render import live as drawn_live
from agentguid.render.environment import Site
from agentguid.render.fragments import Fragments
from agentguid.render.pages import LISTED, Rows, older, parts, shown
from agentguid.render.status import Status, at_hand, status
from agentguid.stream.feed import Feed
from agentguid.stream.live import LiveText
from agentguid.stream.page import Page, Sources, Start
from agentguid.stream.presence import Presence

HERE, THERE, NEAR = "aaaa", "bbbb", "cccc"
SITE = Site("/gm")
WINDOW = 20
"""Items of a page here; the product's has more."""


class Story:
    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.log = Log(Path(self._folder.name) / "log.db", INLINE)
        self.log.open()
        self.db = self.log.reader()
        self.feed = Feed()
        self.live = LiveText(self.feed)
        self.presence = Presence(self.feed)
        self.fragments, self.rows = Fragments(SITE), Rows(SITE)
        self._versions: dict[str, int] = {}
        self._count = 0
        self.tools: list[str] = []
        self.asks: list[str] = []
        self.turn: str | None = None
        for name, folder in ((HERE, "/work"), (THERE, "/work/other"), (NEAR, "/work")):
            self.add(events.ConversationCreated(title=name, agent="demo", cwd=folder), to=name)

    def close(self) -> None:
        self.db.close()
        self.log.close()
        self._folder.cleanup()

    def new(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def add(self, *these: Event, to: str = HERE) -> int:
        """Appends events and wakes the pages."""
        stream = stream_of(to)
        expected = self._versions.get(stream, 0)
        receipt = self.log.submit(Append(stream, expected, these, now(), "user")).result(30)
        self._versions[stream] = receipt.version
        self.feed.wake(receipt.last, (stream,))
        return receipt.last

    # -- what may happen ----------------------------------------------------------------------------------------------
    def start(self, text: str = "Do it") -> None:
        if self.turn is None:
            message = self.new("m")
            self.turn = f"t{message}"
            self.add(
                events.TurnStarted(
                    turn=self.turn, message=message, body=Body(text), agent="demo", cwd="/work"
                )
            )

    def end(self, outcome: str = "complete") -> None:
        if self.turn is not None:
            error = "It went wrong." if outcome == "error" else None
            self.add(events.TurnEnded(turn=self.turn, outcome=outcome, error=error, duration=1200))  # type: ignore[arg-type]
            self.turn = None

    def say(self, kind: str, text: str, parent: str | None = None) -> str:
        item = self.new("i")
        body = Body(text)
        self.add(events.ItemAdded(item=item, turn=self.turn, kind=kind, body=body, parent=parent))  # type: ignore[arg-type]
        return item

    def tool(self, parent: str | None = None, item: str | None = None) -> str:
        item = item or self.new("i")
        given = Body('{"command":"ls"}', "application/json")
        self.add(events.ToolStarted(item=item, turn=self.turn, name="Bash", input=given, parent=parent))
        self.tools.append(item)
        return item

    def finish(self, item: str, failed: bool = False) -> None:
        self.add(events.ToolFinished(item=item, output=Body("out\nput"), failed=failed))

    def ask(self, item: str | None) -> str:
        approval = self.new("a")
        options = [Option("y", "allow_once", "Yes"), Option("n", "reject_once", "No")]
        given = Body('{"command":"rm -r ."}')
        self.add(
            events.ApprovalRequested(
                approval=approval, turn=self.turn, item=item, tool="Bash", input=given, options=options
            )
        )
        self.asks.append(approval)
        return approval

    def answer(self, approval: str, withdraw: bool = False) -> None:
        if withdraw:
            self.add(events.ApprovalWithdrawn(approval=approval, reason="the turn ended"))
        else:
            self.add(events.ApprovalDecided(approval=approval, decision="allow_once", option="y"))

    def write(self, item: str, text: str) -> None:
        self.live.append(HERE, Live(item, "message", text))

    def written(self, item: str, *, told: bool = True) -> None:
        """The item is finished. The daemon lets go of the live text after the commit: later, when not `told` yet."""
        text = next((one for one in self.live.items(HERE) if one.item == item), None)
        whole = "".join(text.pieces) if text else "nothing"
        self.add(events.ItemAdded(item=item, turn=self.turn, kind="message", body=Body(whole or "-")))
        if told:
            self.live.finish(HERE, item)

    # -- pages --------------------------------------------------------------------------------------------------------
    def html(self) -> tuple[str, int]:
        """The page as the server draws it, and its position."""
        with self.db:
            items = transcript.load(self.db, transcript.newest(self.db, HERE, WINDOW))
            asyncio.run(self.fragments.prepare(items))
            position = read.last(self.db)
            page = self._page(self.window(items))
        return page, position

    def window(self, items: Sequence[transcript.Item]) -> str:
        way = older(SITE, HERE, items[0].sequence) if items else ""
        return f'<div id="log">{way}{self.fragments.window(items)}</div>'

    def since(self, first: int) -> str:
        """The transcript from an item on, drawn anew."""
        fresh = Fragments(SITE)
        items = transcript.load(self.db, transcript.after(self.db, HERE, first - 1, 100_000))
        asyncio.run(fresh.prepare(items))
        return fresh.window(items)

    def _page(self, log: str) -> str:
        given = shown(self.db, HERE)
        assert given is not None
        around = parts(SITE, given, at_hand(self.status(given.row)))
        rows = conversations.page(self.db, limit=LISTED)[0]
        drawn = self.rows.groups([(row, self.status(row)) for row in rows], HERE)
        unfinished = [item for item in self.live.items(HERE) if transcript.get(self.db, item.item) is None]
        live = "".join(drawn_live.opened(SITE, item) for item in unfinished)
        needs = self.rows.needs(conversations.waiting_total(self.db))
        return (
            f'{log}<div id="live">{live}</div><div id="convs">{"".join(drawn)}</div>{needs}{"".join(around)}'
            '<div id="stream"></div>'
        )

    def status(self, row: conversations.Conversation) -> Status:
        return status(row, self.presence.of(row.id), now())

    def connect(self, after: int, conversation: str | None = HERE) -> Page:
        sources = Sources(self.db, self.feed, self.live, self.presence, self.log.id, self.log.signature)
        return Page(sources, self.fragments, self.rows, Start(after, self.log.id, conversation))
