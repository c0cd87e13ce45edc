"""What a session is about, from the beginning of its file."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from agentguid.agents.histories.base import Session, State, micros, one_line
from agentguid.agents.histories.readers import READERS
from agentguid.agents.jsonl import NotUnderstoodError, mapping, plain, text_of
from agentguid.protocol.events import TurnStarted

HEAD = 512 * 1024
"""Bytes of a file that are looked at, at most: Codex tells the model much before the user comes to word."""


def head(session: Session) -> Session:
    """The session with its folder, first prompt and beginning, as far as the first lines tell."""
    if session.title:
        return session
    story = READERS[session.source](session.id, State())
    cwd, title, began = "", "", 0
    for line in _beginning(session.path):
        try:
            known = plain(line)
        except NotUnderstoodError:
            continue
        began = began or micros(known.get("timestamp") or known.get("startTime"))
        cwd = cwd or _cwd(known)
        story.feed(line, 0)
        prompt = next((one.event for one in story.take() if isinstance(one.event, TurnStarted)), None)
        title = title or (one_line(prompt.body.text) if prompt else "")
        if cwd and title:
            break
    cwd = cwd or story.state.cwd or session.cwd
    return replace(session, cwd=cwd, title=title, began=began or session.began)


def _beginning(path: str) -> Iterator[bytes]:
    left = HEAD
    try:
        with open(path, "rb") as file:
            while left > 0 and (line := file.readline(left)):
                left -= len(line)
                yield line
    except OSError:
        return


def _cwd(line: dict[str, Any]) -> str:
    return text_of(line.get("cwd")) or text_of(mapping(line.get("payload")).get("cwd"))
