"""What any tool may answer: text, JSON, pictures, nothing. Tools with an output of their own fall back on this."""

import re

import msgspec

from agentguid.render.diff import diff, with_words
from agentguid.render.panels import (
    LINES,
    Code,
    Diff,
    Fact,
    Folded,
    Listing,
    Outcome,
    Panel,
    Picture,
    Prose,
    Terminal,
)
from agentguid.render.pictures import pictures
from agentguid.render.tools.base import Call, Output, many

SHORT = 300
"""Characters of an answer that says that it worked, mostly to the model."""
_FENCE = re.compile(r"```\w*\n(.*?)\n?```", re.DOTALL)
_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>\n*", re.DOTALL)


def plain(_call: Call, output: Output) -> Outcome:
    """Text as it is, JSON laid out."""
    if not output.text:
        return Outcome()
    if output.json or output.text.lstrip()[:1] in ("{", "["):
        return _json(output)
    return Outcome((Terminal(output.text, output.failed),), size_of(output))


def unwrapped(output: Output) -> Output:
    """Of an output that is blocks of nothing but text, the text: without the fence that is put around it as a whole."""
    if not output.text.lstrip().startswith("[") or output.cut:
        return output
    try:
        value = msgspec.json.decode(output.text)
    except (msgspec.DecodeError, RecursionError):
        return output
    texts = _texts(value) if _blocks(value) else []
    if not texts or len(texts) != len(value):
        return output
    text = "\n".join(texts)
    fence = _FENCE.fullmatch(text.strip())
    return Output(fence.group(1) if fence and "\n```" not in fence.group(1) else text, output.failed)


def prose(_call: Call, output: Output) -> Outcome:
    """Markdown, such as what another model wrote."""
    return Outcome((Prose(output.text),) if output.text.strip() else ())


def quiet(call: Call, output: Output) -> Outcome:
    """What may say no more than that it worked: a short one is left out, a long one folded. A failure is shown."""
    if output.failed or output.json:
        return plain(call, output)
    if len(output.text) <= SHORT and "\n" not in output.text.strip():
        return Outcome()
    return Outcome((Folded("Answer", (Terminal(output.text),)),))


def listing(_call: Call, output: Output) -> Outcome:
    """Paths, one a line."""
    rows = [row for row in output.text.splitlines() if row.strip()]
    if output.failed or not rows:
        return plain(_call, output)
    said = [row for row in rows if re.match(r"(Found \d+|No files|\(?Results are|There are \d+)", row)]
    names = [row.strip() for row in rows if row not in said]
    more = "" if not output.cut else " at least"
    panels: list[Panel] = [Listing(tuple((name, "") for name in names[:LINES]))] if names else []
    if said or len(names) > LINES:
        panels.append(Folded("Output", (Terminal(output.text),)))
    return Outcome(tuple(panels), (Fact(many(len(names), "file") + more),))


def size_of(output: Output) -> tuple[Fact, ...]:
    count = len(output.text.splitlines())
    return (Fact(many(count, "line") + ("+" if output.cut else "")),) if count > 1 else ()


def without_reminders(text: str) -> tuple[str, str]:
    """A text and what the agent's program put into it for the model alone."""
    found = _REMINDER.findall(text)
    return (_REMINDER.sub("", text), "\n".join(one.strip() for one in found)) if found else (text, "")


def _json(output: Output) -> Outcome:
    found = pictures(output.text)
    drawn: list[Panel] = [
        Picture(number, one.width, one.height) for number, one in enumerate(found) if number < 20
    ]
    try:
        value = msgspec.json.decode(output.text)
    except (msgspec.DecodeError, RecursionError):
        if drawn:
            return Outcome(tuple(drawn), _picture_facts(drawn), open=True)
        return Outcome((Terminal(output.text, output.failed),), size_of(output))
    if drawn or _blocks(value):
        said = [Prose(text) for text in _texts(value)]
        return Outcome((*said, *_diffs(value), *drawn), _picture_facts(drawn), open=bool(drawn))
    laid_out = msgspec.json.format(msgspec.json.encode(value)).decode()
    return Outcome((Code(laid_out, "json"),), size_of(Output(laid_out)))


def _picture_facts(drawn: list[Panel]) -> tuple[Fact, ...]:
    one = drawn[0] if len(drawn) == 1 else None
    if isinstance(one, Picture) and one.width:
        return (Fact(f"{one.width} × {one.height}"),)
    return (Fact(many(len(drawn), "picture")),) if drawn else ()


def _blocks(value: object) -> bool:
    """Whether it is a list of content blocks, which is read and not shown as JSON."""
    known = ("text", "image", "content", "resource_link", "diff")
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and one.get("type") in known for one in value)
    )


def _diffs(value: object) -> list[Panel]:
    """Changes that the Agent Client Protocol tells when they are done."""
    found: list[Panel] = []
    for one in value if isinstance(value, list) else []:
        match one:
            case {"type": "diff", "path": str(path), "newText": str(new)}:
                old = one.get("oldText")
                rows = with_words(diff(old if isinstance(old, str) else "", new))
                found.append(Diff(path, tuple(rows), "" if old else "new", named=True))
    return found


def _texts(value: object) -> list[str]:
    found: list[str] = []
    for one in value if isinstance(value, list) else []:
        inner = one.get("content") if isinstance(one, dict) and one.get("type") == "content" else one
        if isinstance(inner, dict) and isinstance(inner.get("text"), str):
            found.append(inner["text"])
        elif isinstance(inner, dict) and inner.get("type") == "resource_link":
            found.append(str(inner.get("uri") or ""))
    return found
