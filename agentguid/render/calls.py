"""What an item is drawn from: everything that takes time is made here, in a thread, before it is drawn on the loop."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup
from msgspec import Struct
from msgspec.structs import replace

from agentguid.project.transcript import Item
from agentguid.protocol.events import ItemAdded, MessageSteered, ToolFinished, ToolStarted, TurnStarted
from agentguid.render import code, tools
from agentguid.render.markdown import blocks, markdown
from agentguid.render.panels import Diff, Outcome, Plan

MARKED = ("message", "thought", "plan")
"""Kinds whose text is Markdown."""
OPEN_DIFF = 60
"""Rows of a diff up to which an edit is shown opened."""
BUDGET = 64 * 1024
"""Characters of code that are coloured before a window is shown; what is older than that stays plain until next time."""

QUICK = 1500
"""Characters of a text that is drawn within half a millisecond."""
FEW = 2
"""Such texts that are drawn without a thread."""


def whole(item: Item, text: str) -> Item:
    """An item as if all of its text had been in its event. Of a tool call it is the item itself."""
    event = item.opened.event
    if not isinstance(event, ItemAdded | MessageSteered | TurnStarted):
        return item
    told = replace(event, body=replace(event.body, text=text, blob=None, size=None))
    return replace(item, opened=replace(item.opened, event=told))


class Made(Struct, frozen=True):
    """The parts of one item."""

    view: tools.ToolView | None = None
    outcome: Outcome = Outcome()
    html: Markup = Markup()
    """Of a text."""
    blocks: tuple[tuple[str, str], ...] = ()
    """Code that is coloured by itself: a piece that is still plain is drawn again another time."""

    @property
    def coloured(self) -> bool:
        return all(code.prepared(*block) for block in self.blocks)


class Phase(Struct, frozen=True):
    """How far a tool call is."""

    style: str = ""
    open: bool = False
    icon: str = ""
    word: str = ""
    duration: int | None = None


def takes_time(item: Item) -> bool:
    """Whether it is worth a thread."""
    event = item.opened.event
    return isinstance(event, ToolStarted) or (isinstance(event, ItemAdded) and event.kind in MARKED)


def is_quick(item: Item) -> bool:
    """A short text without code, alone, takes less time than to hand it to a thread."""
    event = item.opened.event
    if not isinstance(event, ItemAdded):
        return False
    text = event.body.text
    return len(text) <= QUICK and "```" not in text and "~~~" not in text and "    " not in text


def make(item: Item, budget: int = 0) -> tuple[Made, int]:
    """The parts of an item, with so many characters of code coloured; and what is left of the budget."""
    event = item.opened.event
    if isinstance(event, ToolStarted):
        view, outcome = tools.view(event.name, event.input), _outcome(item, event)
        found = [block for panel in (*view.panels, *outcome.panels) for block in panel.blocks()]
        budget = colour(found, budget)
        return Made(view, outcome, blocks=tuple(found)), budget
    if isinstance(event, ItemAdded) and event.kind in MARKED:
        found = blocks(event.body.text)
        budget = colour(found, budget)
        return Made(html=markdown(event.body.text, item.id), blocks=tuple(found)), budget
    return Made(), budget


def _outcome(item: Item, started: ToolStarted) -> Outcome:
    event = item.finished.event if item.finished else None
    if not isinstance(event, ToolFinished):
        return Outcome()
    return tools.outcome(started.name, started.input, event.output, event.failed)


def colour(found: Iterable[tuple[str, str]], budget: int) -> int:
    """Colours blocks as far as the budget goes; gives what is left."""
    for source, language in found:
        if not code.prepared(source, language):
            if len(source) > budget:
                return 0
            budget -= len(source)
            code.prepare(source, language)
    return budget


def make_all(items: Sequence[Item]) -> list[Made]:
    """The parts of a window's items. The newest get their colours first."""
    made: list[Made] = []
    budget = BUDGET
    for item in reversed(items):
        one, budget = make(item, budget)
        made.append(one)
    return made[::-1]


def phase(item: Item, made: Made, *, asks: bool) -> Phase:
    """What stands at the end of a call's line, and whether it is open by itself."""
    view = made.view
    assert view is not None
    if asks:
        return Phase(" tool-ask", open=True, icon="s-ask", word="waiting for you")
    if item.finished is None:
        return Phase(" tool-run", open=_begun(view) or view.icon == "fork", icon="s-run", word="running")
    took = max(0, item.finished.at - item.at) // 1000
    event = item.finished.event
    if not isinstance(event, ToolFinished):
        return Phase(word="its output was removed", duration=took)
    if event.incomplete:
        return Phase(word="cut short", open=event.failed)
    if event.failed:
        return Phase(" tool-fail", open=True, word="failed", duration=took)
    rows = sum(len(panel.rows) for panel in view.panels if isinstance(panel, Diff))
    return Phase(open=_begun(view) or 0 < rows <= OPEN_DIFF or made.outcome.open, duration=took)


def _begun(view: tools.ToolView) -> bool:
    """Whether it states a plan of which nothing is done yet: what comes later is one line each."""
    return any(isinstance(panel, Plan) and panel.begins for panel in view.panels)
