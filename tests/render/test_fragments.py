"""Items are drawn once per change, and nothing that an agent or a user wrote can act."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentguid.project.transcript import Item
from agentguid.protocol import events, wire
from agentguid.protocol.events import Event, Recorded
from agentguid.protocol.items import Body, ItemKind, Option, Usage
from agentguid.render.environment import Site
from agentguid.render.fragments import Fragments
from agentguid.render.tools.table import ENTRIES
from tests.conftest import FULL
from tests.render.hostile import LONG, STRINGS, assert_inert
from tests.render.sampled import sample
from tests.stream.dom import Parser
from tests.support.gallery import PATCH, QUESTION, TODOS, picture

GOLDEN = Path(__file__).parent / "golden"
SITE = Site("/gm")
AT = 1_795_000_000_000_000


def recorded(event: Event, position: int = 1, at: int = AT) -> Recorded:
    name = wire.NAMES.get(type(event), "item.added") if hasattr(wire, "NAMES") else "x"
    return Recorded(position, "conversation-c1", position, name, at, "user", None, None, event)


def item(kind: str, opened: Event, id: str = "i1", parent: str | None = None, **later: Event) -> Item:
    """An item as the read model would load it."""
    log = {
        name: recorded(event, number, AT + 1_500_000) for number, (name, event) in enumerate(later.items(), 2)
    }
    return Item(
        id=id,
        conversation="c1",
        sequence=int(id[1:]) if id[1:].isdigit() else 1,
        turn="t1",
        kind=kind,  # type: ignore[arg-type]
        parent=parent,
        position=1,
        touched=1 + len(log),
        opened=recorded(opened),
        finished=log.get("finished"),
        approval=log.get("approval"),
        decision=log.get("decision"),
        at=AT,
    )


def tool(name: str = "Bash", given: str = '{"command":"ls"}', **more: Any) -> Item:
    started = events.ToolStarted(item="i1", turn="t1", name=name, input=Body(given, "application/json"))
    return item("tool", started, **more)


def asked(text: str = "Bash", options: list[Option] | None = None) -> events.ApprovalRequested:
    return events.ApprovalRequested(
        approval="a1",
        turn="t1",
        item=None,
        tool=text,
        input=Body('{"command":"git push"}'),
        options=options
        if options is not None
        else [Option("yes", "allow_once", "Yes"), Option("no", "reject_once", "No")],
        reason=text,
    )


TOOLS = [names.split()[0] for names, _ in ENTRIES]


def protocol(text: str) -> str:
    """A call as the Agent Client Protocol tells it."""
    content = [
        {"type": "diff", "path": text, "oldText": text, "newText": text + "y"},
        {"type": "content", "content": {"type": "text", "text": text}},
    ]
    places = [{"path": text, "line": 1}]
    return json.dumps(
        {"kind": text, "title": text, "locations": places, "content": content, "rawInput": {text: text}}
    )


def done(text: str, failed: bool = False) -> events.ToolFinished:
    return events.ToolFinished(item="i1", output=Body(text), failed=failed)


def arguments(text: str) -> str:
    """Arguments of any tool, with the text in each."""
    values: dict[str, Any] = {
        "command": text,
        "file_path": text,
        "content": text,
        "old_string": text,
        "new_string": "y",
        "pattern": text,
    }
    values |= {
        "input": text,
        "plan": text,
        "query": text,
        "prompt": text,
        "skill": text,
        "edits": [{"old_string": text, "new_string": "y"}, {"old_string": "y", "new_string": text}],
        "questions": [{"question": text, "header": text, "options": [{"label": text, "description": text}]}],
        "subagent_type": text,
        "url": text,
        "description": text,
        "todos": [{"content": text, "status": text}],
        text: text,
    }
    return json.dumps(values)


def everything(text: str) -> list[Item]:
    """Every kind of item, with the text in every field that an agent or a user controls."""
    body = Body(text)
    given = arguments(text)
    started = events.TurnStarted(
        turn="t1", message="m1", body=body, agent=text, cwd=text, model=text, mode="bypass"
    )
    ended = events.TurnEnded(
        turn="t1", outcome="error", error=text, usage=Usage(1, 2, 3, 4, 5, 6), cost=0.1, duration=5
    )
    found = [item("user", started, "m1"), item("result", ended, "t1-end")]
    for kind in get_args(ItemKind):
        for level in ("info", "warning", "error"):
            added = events.ItemAdded(item="i1", turn=None, kind=kind, body=body, level=level, incomplete=True)
            found.append(item(kind, added))
    output = events.ToolFinished(item="i1", output=body, failed=True)
    for name in TOOLS:
        found.append(tool(name, given, finished=output))
    for name in ("Bash", text, f"mcp__{text}__{text}"):
        found.append(tool(name, given, finished=events.ToolFinished(item="i1", output=body)))
        found.append(tool(name, text, approval=asked(text, [Option("o", "allow_once", text)])))
        found.append(tool(name, protocol(text), finished=output))
    found += [
        tool("Bash", json.dumps({"command": f"git {verb}"}), finished=output)
        for verb in ("status", "log", "diff")
    ]
    withdrawn = events.ApprovalWithdrawn(approval="a1", reason=text)
    decided = events.ApprovalDecided(approval="a1", decision="reject_once", message=text, option="o")
    for decision in (withdrawn, decided):
        ask = asked(text, [Option("o", "reject_once", text)])
        found.append(item("approval", ask, "a1", approval=ask, decision=decision))
    return found


@pytest.mark.parametrize("text", STRINGS)
def test_nothing_that_an_agent_wrote_can_act(text: str) -> None:
    for one in everything(text):
        assert_inert(Fragments(SITE).item(one))


def test_a_line_of_megabytes_is_shown_in_part_wherever_it_stands() -> None:
    """5 MB with the long numbers."""
    line = LONG if FULL else LONG[:1_000_000]
    for one in everything(line):
        drawn = Fragments(SITE).item(one)
        assert len(drawn) < 0.4 * len(line)
        assert_inert(drawn)


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_no_text_whatever_can_act(text: str) -> None:
    for one in everything(text):
        assert_inert(Fragments(SITE).item(one))


def test_an_item_is_drawn_once_per_change() -> None:
    fragments = Fragments(SITE)
    running = tool()
    asyncio.run(fragments.prepare([running]))
    done = tool(finished=events.ToolFinished(item="i1", output=Body("a.txt")))

    assert fragments.item(running) is fragments.item(running)
    assert "running" in fragments.item(running)
    assert "a.txt" in fragments.item(done)


def test_items_of_a_sub_agent_stand_inside_their_tool_call() -> None:
    outer = tool("Task", '{"description":"look","prompt":"p"}', id="i1")
    inner = item(
        "message", events.ItemAdded(item="i2", turn=None, kind="message", body=Body("found")), "i2", "i1"
    )
    orphan = item(
        "message", events.ItemAdded(item="i3", turn=None, kind="message", body=Body("lost")), "i3", "i0"
    )

    drawn = Parser.tree(f"<div>{Fragments(SITE).window([outer, inner, orphan])}</div>")

    nest = drawn.find("n-i1")
    assert nest is not None
    assert [node.id for node in nest.elements()] == ["i-i2"]
    assert [node.id for node in drawn.elements()[0].elements()] == ["i-i1", "i-i3"]


def test_what_was_redacted_says_so() -> None:
    gone = item("message", events.Unreadable(redacted=True))

    assert "The content of this was removed." in Fragments(SITE).item(gone)


def test_a_tool_call_whose_output_was_redacted_says_so() -> None:
    assert "its output was removed" in Fragments(SITE).item(tool(finished=events.Unreadable(redacted=True)))


def test_a_blob_shows_its_preview_and_leads_to_the_whole() -> None:
    body = Body("begin", "text/plain", "ab" * 32, 1_234_567)

    drawn = Fragments(SITE).item(tool(finished=events.ToolFinished(item="i1", output=body)))

    assert f'href="/gm/blobs/{"ab" * 32}"' in drawn
    assert "Show all 1.2 MB" in drawn


def test_the_answers_of_an_approval_are_the_agents_own_in_its_order() -> None:
    options = [Option("z", "reject_always", "Never"), Option("a", "allow_once", "Fine")]
    drawn = Parser.tree(Fragments(SITE).item(tool(approval=asked("Bash", options))))

    buttons = [node for node in drawn.walk() if node.tag == "button" and "value" in node.attributes]

    # The key of each stands behind it.
    assert [(node.attributes["value"], node.text()) for node in buttons] == [("z", "Never1"), ("a", "Fine2")]


def test_enter_in_the_field_of_an_approval_never_says_yes() -> None:
    """The first button of a form is the one that Enter presses: here it is disabled, so nothing is sent."""
    drawn = Parser.tree(Fragments(SITE).item(tool(approval=asked())))

    form = next(node for node in drawn.walk() if node.tag == "form")
    first = next(node for node in form.walk() if node.tag == "button")

    assert "disabled" in first.attributes


def test_code_is_coloured_once_it_is_prepared_and_the_colours_are_kept() -> None:
    fragments = Fragments(SITE)
    body = Body("```python\ndef f(): return 'x' # c\n```")
    message = item("message", events.ItemAdded(item="i1", turn=None, kind="message", body=body))

    asyncio.run(fragments.prepare([message]))

    drawn = fragments.item(message)
    assert '<span class="k">def</span>' in drawn
    assert fragments.item(message) is drawn


@pytest.mark.parametrize(
    ("name", "one"),
    [
        ("tool", tool(finished=events.ToolFinished(item="i1", output=Body("a.txt\nb.txt")))),
        ("approval", tool(approval=asked())),
        ("read", tool("Read", '{"file_path":"/a.py"}', finished=done("     1→a\n     2→b"))),
        ("write", tool("Write", '{"file_path":"/a.txt","content":"a\\nb"}', finished=done("ok"))),
        ("failed", tool(finished=done("Exit code 2\n\x1b[31mred\x1b[0m", failed=True))),
        ("tests", tool(finished=done("FAILED a::b - why\n== 1 failed, 2 passed in 0.1s =="))),
        ("git", tool("Bash", '{"command":"git status"}', finished=done(sample("git_status")))),
        ("trace", tool(finished=done(sample("traceback")))),
        ("grep", tool("Grep", '{"pattern":"x"}', finished=done("/a:1:x\n/b:2:x"))),
        ("glob", tool("Glob", '{"pattern":"x"}', finished=done("/a\n/b"))),
        ("picture", tool("Shot", "{}", finished=done(json.dumps(picture(8, 8))))),
        ("question", tool("AskUserQuestion", json.dumps({"questions": [QUESTION]}))),
        ("todo", tool("TodoWrite", json.dumps({"todos": TODOS}), finished=done("ok"))),
        ("mcp", tool("mcp__a__b", '{"x":1}', finished=done('{"y":2}'))),
        ("patch", tool("apply_patch", json.dumps({"input": PATCH}))),
        ("task", tool("Task", '{"description":"d","prompt":"p"}', finished=done("**found**"))),
        ("edit", tool("Edit", '{"file_path":"/a.py","old_string":"a\\nb","new_string":"a\\nc"}')),
        (
            "message",
            item(
                "message",
                events.ItemAdded(item="i1", turn=None, kind="message", body=Body("# A\n\n- **b** `c`")),
            ),
        ),
        (
            "result",
            item(
                "result", events.TurnEnded(turn="t1", outcome="complete", duration=2300, cost=0.11), "t1-end"
            ),
        ),
        (
            "notice",
            item(
                "notice",
                events.ItemAdded(item="i1", turn=None, kind="notice", level="warning", body=Body("w")),
            ),
        ),
    ],
)
def test_items_look_as_they_did(name: str, one: Item, monkeypatch: pytest.MonkeyPatch) -> None:
    """Golden files: a change of an item's HTML is seen. Remove the file to accept a new look."""
    site = Site("/gm")
    monkeypatch.setattr(site, "asset", lambda file: f"/gm/assets/{file}")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    file = GOLDEN / f"{name}.html"
    drawn = Fragments(site).item(one) + "\n"
    if not file.exists():
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(drawn)

    assert drawn == file.read_text()
