"""Why an agent's process is gone, in one sentence that also says what to do."""

import signal
from collections.abc import Callable

LAST = 300
"""Characters of its last words that are told."""
AGAIN = "Send the message again to start it anew"
NO_PROGRAM = "the program cannot be started: "
"""How the host begins its reason; the sentence says the same."""
OTHER_FOLDER = "Create the folder or choose another one, then send the message again"
MEND = "Put that right, then send the message again"


def sentence(name: str, code: int | None, words: str, unstarted: str, advice: Callable[[str], str]) -> str:
    """`words` are its last ones, `advice` says from them what to do. `unstarted` is the host's reason, if it has one."""
    if unstarted:
        return _never_started(name, unstarted)
    if code is None:
        return f"The process that held {name} vanished. {AGAIN}."
    how = f"was ended by {_signal(-code)}" if code < 0 else f"ended with exit status {code}"
    words = " ".join(words.split())
    if len(words) > LAST:
        words = "…" + words[-LAST:].partition(" ")[2]
    said = f": {words.rstrip('.')}" if words else ""
    return f"{name} {how}{said}. {advice(words)}."


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
