"""A conversation as a Markdown document."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from agentguid.cli.attaching import listed
from agentguid.cli.calls import body, call, steps
from agentguid.cli.quiz import told
from agentguid.cli.transcript import took


def document(conversation: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Piece by piece."""
    yield f"# {_line(conversation['title'] or conversation['id'])}\n\n"
    facts = [conversation["agentId"], conversation.get("model") or "", conversation["workingDirectory"]]
    yield " · ".join(f"`{_line(one)}`" for one in facts if one) + f" · {_day(conversation['created_at'])}\n"
    tools: dict[str, Mapping[str, Any]] = {}
    for event in events:
        data = event["data"]
        if data is None:
            yield f"\n*{event['type']}: redacted*\n"
        elif event["type"] == "tool.started":
            tools[data["item"]] = data
        elif event["type"] == "tool.finished":
            yield _tool(tools.pop(data["item"], {}), data)
        else:
            yield _said(event["type"], data)
    for begun in tools.values():
        yield _tool(begun, {"incomplete": True})


def _said(kind: str, data: Mapping[str, Any]) -> str:
    match kind:
        case "turn.started":
            return f"\n## You\n\n{_prompt(data)}\n\n## {_line(data['agent'])}\n"
        case "message.steered":
            return f"\n## You, meanwhile\n\n{_prompt(data)}\n"
        case "item.added":
            return _item(data)
        case "approval.requested":
            return f"\n**Asked to run** {_code(call(data.get('tool'), data.get('input')))}\n"
        case "approval.decided":
            message = f": {_line(data['message'])}" if data.get("message") else ""
            said = "".join(f"- {line.strip()}\n" for line, _ in told(data.get("answers") or {}))
            return f"\n**You answered** {data['decision'].replace('_', ' ')}{message}\n" + (
                said and f"\n{said}"
            )
        case "turn.ended":
            lasted = f", {took(data['duration'])}" if data.get("duration") is not None else ""
            error = f": {_line(data['error'])}" if data.get("error") else ""
            return f"\n*{data['outcome']}{error}{lasted}*\n"
    return ""


def _prompt(data: Mapping[str, Any]) -> str:
    """What the user said, and the names of the files that went with it."""
    files = listed((data.get("body") or {}).get("attached") or [])
    return _quoted("\n\n".join(one for one in (body(data), *map(_code, files)) if one))


def _item(data: Mapping[str, Any]) -> str:
    text = body(data).rstrip()
    match data["kind"]:
        case "message":
            return f"\n{_quoted(text) if data.get('parent') else text}\n"
        case "plan" if found := steps(text):
            return "\n" + "".join(f"- {line.strip()}\n" for line, _ in found)
        case "thought":
            return _folded("Thinking", text, "")
    return f"\n*{data['kind']}: {_line(text)}*\n"


def _tool(begun: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    end = "failed" if data.get("failed") else "cut off" if data.get("incomplete") else ""
    title = call(begun.get("name", "tool"), begun.get("input")) + (f" ({end})" if end else "")
    return _folded(title, body(begun, "input"), body(data, "output").rstrip())


def _folded(title: str, first: str, second: str) -> str:
    blocks = "".join(f"\n{_block(text)}\n" for text in (first, second) if text)
    return f"\n<details><summary>{_escaped(title)}</summary>\n{blocks}\n</details>\n"


def _block(text: str) -> str:
    """A fence that is longer than any in the text."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}"


def _code(text: str) -> str:
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{ticks} {text} {ticks}" if len(ticks) > 1 else f"`{text}`"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.rstrip().splitlines())


def _line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000).astimezone().strftime("%Y-%m-%d")
