"""Why an agent's process is gone, in one sentence that also says what to do."""

import re
import signal
from collections.abc import Callable, Sequence
from typing import Protocol

from agentguid.agents import limits
from agentguid.agents.base import Fact, Line, Output
from agentguid.protocol.events import ToolStarted, TurnEnded

STDERR, SAID = 4096, 300
"""Characters of stderr, and of a line on stdout that is no message, that are kept."""
LAST = 300
"""Characters of its last words on either that are told."""
BARE = 20
"""What is shorter, such as the `status: 429` at the end of a trace, says less than what was said before."""
AGAIN = "Send the message again to start it anew"
WAIT = {
    "account": "Wait until the limit is lifted, or choose another model, then send the message again",
    "provider": "Try again in a minute",
}
COMPLAINT = "wrote {size} bytes on its error output. The last of it:\n"
GONE = re.compile(r" (?:ended with exit status \d+|was ended by (?:SIG\w+|signal \d+))[:.] ")
NO_PROGRAM = "the program cannot be started: "
"""How the host begins its reason; the sentence says the same."""
OTHER_FOLDER = "Create the folder or choose another one, then send the message again"
MEND = "Put that right, then send the message again"


class LastWords(Protocol):
    """What an adapter's state keeps of what was said beside the protocol."""

    stderr: str
    older: int
    """Characters of that from before the end of the last turn."""
    stderr_size: int
    """Characters of stderr since the turn began."""
    said: str
    """The last line on stdout that was no message."""
    limit: str
    """The last that was said of a limit on either, however much came after it."""
    unstarted: str
    """Why the host could not start the agent."""


# -- what is said beside the protocol ---------------------------------------------------------------------------------
def complained(state: LastWords, line: Line) -> None:
    """A line on stderr."""
    text = line.data[-STDERR:].decode("utf-8", "replace")
    grown = f"{state.stderr}{text}\n"
    state.stderr = grown[-STDERR:]
    state.older = max(state.older - len(grown) + len(state.stderr), 0)
    state.stderr_size += len(line.data) + 1
    _mentioned(state, text, line.at)


def complaint(name: str, state: LastWords) -> str:
    """Much on stderr is told at the end of a turn; a little is kept in case that the agent fails."""
    if state.stderr_size <= STDERR:
        return ""
    return f"{name} {COMPLAINT}".format(size=state.stderr_size) + state.stderr


def is_complaint(text: str) -> bool:
    return COMPLAINT.partition("{size}")[2] in text


def strayed(state: LastWords, line: Line) -> None:
    """A line on stdout that was not understood. One that is meant for people may be its last."""
    if line.piece or line.data.lstrip().startswith(b"{"):
        return
    state.said = line.data[:SAID].decode("utf-8", "replace")
    _mentioned(state, line.data[:STDERR].decode("utf-8", "replace"), line.at)


def _mentioned(state: LastWords, text: str, at: int) -> None:
    found = limits.mentioned(text, at)
    if len(found) >= BARE or not state.limit:
        state.limit = found or state.limit


def went_on(state: LastWords, line: Line, out: Sequence[Output]) -> None:
    """A limit is overcome when the agent begins another call; and what was said in one turn is not why it ends in the next."""
    if not (state.limit or state.said or state.stderr):
        return
    facts = [one.event for one in out if isinstance(one, Fact)]
    over = any(isinstance(fact, TurnEnded) for fact in facts)
    if over or (line.id or "").startswith("prompt:") or any(isinstance(fact, ToolStarted) for fact in facts):
        state.limit = ""
    if over:
        state.said, state.older = "", len(state.stderr)


# -- the sentence -----------------------------------------------------------------------------------------------------
def sentence(name: str, code: int | None, state: LastWords, advice: Callable[[str], str]) -> str:
    """`advice` says from its last words what to do."""
    if state.unstarted:
        return _never_started(name, state.unstarted)
    if code is None:
        return f"The process that held {name} vanished. {AGAIN}."
    how = f"was ended by {_signal(-code)}" if code < 0 else f"ended with exit status {code}"
    words = _words(state)
    said = f": {words}" if words else ""
    limit = limits.read(words, 0)
    return f"{name} {how}{said}. {WAIT[limit.kind] if limit else advice(words)}."


def is_gone(sentence: str) -> bool:
    """Whether it says that a process has ended, and not what an agent says itself of its turn."""
    return bool(GONE.search(sentence))


def _words(state: LastWords) -> str:
    """The limit first; the last on stdout and on stderr, because nobody knows which of them says why."""
    last = [_last(text) for text in (state.said, state.stderr[state.older :])]
    told = any(state.limit in text for text in last)
    return "; ".join(text.rstrip(".") for text in ("" if told else state.limit, *last) if text)


def _last(text: str) -> str:
    text = " ".join(text.split())
    return "…" + text[-LAST:].partition(" ")[2] if len(text) > LAST else text


def _never_started(name: str, why: str) -> str:
    what = why.removeprefix(NO_PROGRAM)[:500].rstrip(".")
    end = "" if what.endswith("?") else "."
    folder = "working directory" in why or "change to directory" in why
    return f"{name} cannot be started: {what}{end} {OTHER_FOLDER if folder else MEND}."


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
