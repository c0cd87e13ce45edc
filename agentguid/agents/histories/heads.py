"""What a session is about, from the beginning of its file."""

from typing import Any

from msgspec.structs import replace

from agentguid.agents.histories.base import Session, State, micros, one_line
from agentguid.agents.histories.readers import READERS
from agentguid.agents.jsonl import NotUnderstoodError, mapping, plain, text_of
from agentguid.protocol.events import TurnStarted

HEAD = 64 * 1024
"""Bytes of a file that are looked at."""


def head(session: Session) -> Session:
    """The session with its folder, first prompt and beginning, as far as the first lines tell."""
    try:
        with open(session.path, "rb") as file:
            data = file.read(HEAD)
    except OSError:
        return session
    story = READERS[session.source](session.id, State())
    cwd, title, began = "", "", 0
    for line in data.split(b"\n")[: -1 if len(data) == HEAD else None]:
        try:
            known = plain(line)
        except NotUnderstoodError:
            continue
        began = began or micros(known.get("timestamp"))
        cwd = cwd or _cwd(known)
        story.feed(line, 0)
        prompt = next((one.event for one in story.take() if isinstance(one.event, TurnStarted)), None)
        title = title or (one_line(prompt.body.text) if prompt else "")
        if cwd and title:
            break
    return replace(session, cwd=cwd or story.state.cwd, title=title, began=began)


def _cwd(line: dict[str, Any]) -> str:
    return text_of(line.get("cwd")) or text_of(mapping(line.get("payload")).get("cwd"))
