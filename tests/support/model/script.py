"""The scenarios, and which turn of which scenario answers a request.

A request picks its scenario by a marker `[[name]]` in the newest user text that has one, so that one server serves
many conversations at once and a sub-agent's prompt can carry its own. The turn is the number of assistant turns
after that text: nothing is remembered between requests, so that retries and resumed sessions just work. The one
thing that is counted are the failures of a turn that fails only a few times.

A scenario is a list of turns. A turn is {"blocks": [...], ...options}, a block one of
    {"thinking": "..."}   {"text": "..."}   {"tool": "write", "args": {...}}   (a canonical name, see `tools`)
Options: "delay_ms" between pieces, "chunk" characters in a piece, "cut": drop the connection in mid-stream,
"error": {"status", "type", "message", "times"?, "headers"?} (times: only the first so many requests fail).
Placeholders in any string: $CWD (the agent's working directory, as its own prompt tells it), $LAST (the newest tool
result, cut), $EARLIER (what the user said before this prompt), $PLAN (the file that a planning agent is told to write).
"""

import json
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.support.model.tools import Call, Tools

Kind = Literal["system", "user", "assistant", "result"]

SCENARIOS = Path(__file__).with_name("scenarios.json")
SIDE = "Demo session"
"""The answer to a request that offers no tools: a title, a summary."""
MARK = re.compile(r"\[\[([A-Za-z0-9_.-]+)\]\]")
FOLDER = re.compile(r"(?:[Ww]orking (?:in the )?director(?:y|ies)(?: is)?: *`?|<cwd>)(/[^\s`<\]]+)")
PLAN = re.compile(r"/\S+/plans/[\w-]+\.md")


@dataclass
class Ask:
    """One request, whatever its protocol."""

    model: str = "fake-model"
    stream: bool = False
    thinks: bool = True
    messages: list[tuple[Kind, str]] = field(default_factory=list)
    tools: Tools = field(default_factory=Tools)
    raw: bytes = b""
    """As it came."""
    key: str = ""
    """Who it says that it is from."""

    def texts(self, kind: Kind) -> list[str]:
        return [text for which, text in self.messages if which == kind]

    @property
    def size(self) -> int:
        """Tokens, roughly."""
        return sum(len(text) for _, text in self.messages) // 4 + 1


@dataclass(frozen=True)
class Place:
    """Where a request stands: in which scenario, at which turn of it, for which prompt."""

    scenario: str
    turn: int
    prompt: str
    earlier: str


Block = dict[str, str] | Call
"""{"thinking": text}, {"text": text} or a call."""


@dataclass(frozen=True)
class Turn:
    blocks: list[Block]
    error: dict[str, Any] | None = None
    delay: float = 0.002
    """Seconds between two pieces."""
    chunk: int = 24
    cut: bool = False

    @property
    def calls(self) -> bool:
        return any(isinstance(block, Call) for block in self.blocks)

    @property
    def size(self) -> int:
        """Tokens, roughly."""
        return sum(len(str(block)) for block in self.blocks) // 4 + 1


class Script:
    """Scenarios as data."""

    def __init__(self, scenarios: dict[str, list[dict[str, Any]]] | None = None) -> None:
        self._scenarios = scenarios or json.loads(SCENARIOS.read_text())
        self._failures: dict[tuple[str, int, str], int] = {}
        self._lock = threading.Lock()

    def answer(self, ask: Ask) -> tuple[Place, Turn]:
        """What the model says to a request."""
        place = locate(ask)
        if not ask.tools:
            return Place("side", 0, place.prompt, place.earlier), Turn([{"text": SIDE}])
        turns = self._scenarios.get(place.scenario) or self._scenarios["default"]
        done: dict[str, Any] = {"blocks": [{"text": "Done."}]}
        raw = turns[place.turn] if place.turn < len(turns) else done
        error = raw.get("error")
        if error and self._over(place, error):
            error = None
        blocks = [block for one in raw.get("blocks", []) for block in self._block(one, ask, place)]
        options = {"delay": raw["delay_ms"] / 1000} if "delay_ms" in raw else {}
        return place, Turn(blocks, error, chunk=raw.get("chunk", 24), cut=raw.get("cut", False), **options)

    def _over(self, place: Place, error: dict[str, Any]) -> bool:
        """Whether a turn that fails a few times has done so for this prompt."""
        key = (place.scenario, place.turn, place.prompt)
        with self._lock:
            self._failures[key] = self._failures.get(key, 0) + 1
            return "times" in error and self._failures[key] > int(error["times"])

    def _block(self, raw: dict[str, Any], ask: Ask, place: Place) -> list[Block]:
        block = fill(raw, _placeholders(ask, place))
        if "tool" in block:
            return [ask.tools.call(block["tool"], block["args"])]
        if "thinking" in block and not ask.thinks:
            return []
        return [block]


def locate(ask: Ask) -> Place:
    """The newest user text with a marker, and how far the conversation has gone since."""
    said = [number for number, (kind, _) in enumerate(ask.messages) if kind == "user"]
    marked = [number for number in said if MARK.search(ask.messages[number][1])]
    start = (marked or said or [0])[-1]
    prompt = ask.messages[start][1] if ask.messages else ""
    names = MARK.findall(prompt)
    kinds = [kind for kind, _ in ask.messages[start + 1 :] if kind != "system"]
    before = ["user", *kinds]
    turn = sum(now == "assistant" != past for past, now in zip(before, kinds, strict=False))
    earlier = " ".join(text for kind, text in ask.messages[:start] if kind == "user" and MARK.search(text))
    return Place(names[-1] if names else "default", turn, prompt, earlier)


def _placeholders(ask: Ask, place: Place) -> dict[str, str]:
    said = "\n".join(text for _, text in ask.messages)
    found, plan = FOLDER.search(said), PLAN.search(said)
    last = (ask.texts("result") or [""])[-1]
    return {
        "$CWD": found[1].rstrip(".,;") if found else ".",
        "$PLAN": plan[0] if plan else "plan.md",
        "$LAST": last[:200].strip(),
        "$EARLIER": MARK.sub("", place.earlier).strip(),
    }


def fill(value: Any, words: dict[str, str]) -> Any:
    """`value` with the placeholders in its strings replaced."""
    match value:
        case str():
            for word, text in words.items():
                value = value.replace(word, text)
            return value
        case list():
            return [fill(one, words) for one in value]
        case dict():
            return {key: fill(one, words) for key, one in value.items()}
    return value
