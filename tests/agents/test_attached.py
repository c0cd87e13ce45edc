"""Files with a message: written as genuine agents have taken them, never left out, never carried."""

import base64
import json
from typing import Any

import pytest

from agentguid.agents.base import Attaching, File, Prompt, Steer
from agentguid.protocol.events import TurnEnded
from agentguid.protocol.items import Body
from tests.agents import acp_recordings, codex_recordings, recordings
from tests.agents.acp_byhand import Session as Acp
from tests.agents.byhand import Session as Claude
from tests.agents.byhand import written
from tests.agents.recordings import parsed
from tests.conformance.kinds import CODEX, KINDS, Kind
from tests.conformance.worker import Worker

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC"
)
PICTURE, TEXT = File("dot.png", "image/png", PNG), File('a "b".md', "text/plain", b"# Notes\none\n")
RECORDED = [("image", recordings), ("codex-app-server/image", codex_recordings)] + [
    (name, acp_recordings) for name in acp_recordings.NAMES if name.endswith("/image")
]


def prompt(*files: File, text: str = "Look", turn: str = "t1") -> Prompt:
    return Prompt(turn, Body(text), None, "ask", files)


def blocks(line: dict[str, Any]) -> list[dict[str, Any]]:
    """What a prompt's line says, of any protocol."""
    if "message" in line:
        found = line["message"]["content"]
    else:
        found = line["params"].get("prompt") or line["params"]["input"]
    return list(found)


# -- recordings of genuine agents -------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "recorded"), RECORDED, ids=[name for name, _ in RECORDED])
def test_a_picture_is_written_as_the_genuine_agent_was_given_it(name: str, recorded: Any) -> None:
    lines = [parsed(one["line"]) for one in recorded.processes(name)[0] if one["dir"] == "in"]
    [given] = [block for line in lines for block in _content(line) if block["type"] == "image"]
    adapter = _ready(name, recorded)
    [write] = [one for one in adapter.prompt(prompt(PICTURE)) if one.id == "prompt:t1"] or [None]
    assert write is not None
    ours = blocks(json.loads(write.data))

    assert given in ours
    assert [one["text"] for one in ours if one["type"] == "text"] == ["Look"]


@pytest.mark.parametrize(("name", "recorded"), RECORDED, ids=[name for name, _ in RECORDED])
def test_a_recorded_turn_with_a_picture_comes_to_its_end(name: str, recorded: Any) -> None:
    adapter = _adapter(name, recorded)
    outputs = [output for line in recorded.tape(recorded.processes(name)[0]) for output in adapter.feed(line)]
    ends = [one.event for one in outputs if isinstance(getattr(one, "event", None), TurnEnded)]

    assert [end.outcome for end in ends] == ["complete"]
    assert base64.b64encode(PNG) not in adapter.carry()


def _content(line: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        return blocks(line)
    except (KeyError, TypeError):
        return []


def _adapter(name: str, recorded: Any) -> Any:
    return Claude().adapter if recorded is recordings else recorded.adapter_of(name)


def _ready(name: str, recorded: Any) -> Any:
    """The adapter as it is when the recorded prompt is about to be written; what it would set first is set."""
    adapter = _adapter(name, recorded)
    for line in recorded.tape(recorded.processes(name)[0]):
        if line.id and line.id.startswith("prompt:"):
            break
        adapter.feed(line)
    for setting in getattr(adapter.state, "settings", {}).values():
        setting.choices = [setting.current]
    if recorded is acp_recordings:
        assert adapter.pictures
        adapter.entry = acp_recordings.CLAUDE
    return adapter


# -- each protocol ----------------------------------------------------------------------------------------------------
def test_claude_code_gets_the_words_last_because_it_looks_there_for_a_slash_command() -> None:
    [(_, line)] = written(Claude().adapter.prompt(prompt(PICTURE, TEXT, text="/review it")))

    assert line["message"]["content"] == [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PNG).decode()},
        },
        {"type": "text", "text": "<file name=\"a 'b'.md\">\n# Notes\none\n</file>"},
        {"type": "text", "text": "/review it"},
    ]


def test_a_picture_alone_has_no_empty_text_beside_it() -> None:
    [(_, claude)] = written(Claude().adapter.prompt(prompt(PICTURE, text="")))
    acp = Acp().begin(can={"promptCapabilities": {"image": True}})
    acp.write(acp.adapter.prompt(prompt(PICTURE, text="")))
    codex = Worker(CODEX).work()
    codex.end()
    codex.write(codex.adapter.prompt(prompt(PICTURE, text="", turn="t2")))

    for line in (claude, acp.written[-1], codex.written[-1]):
        assert [one["type"] for one in blocks(line)] == ["image"]


@pytest.mark.parametrize("embeds", [True, False])
def test_an_agent_of_acp_gets_a_text_as_a_resource_where_it_takes_those_else_in_words(embeds: bool) -> None:
    session = Acp().begin(can={"promptCapabilities": {"embeddedContext": embeds}})
    session.write(session.adapter.prompt(prompt(TEXT)))
    said, file = session.written[-1]["params"]["prompt"]

    assert said == {"type": "text", "text": "Look"}
    resource = {
        "uri": "agentguid:///attached/a%20%22b%22.md",
        "mimeType": "text/plain",
        "text": "# Notes\none\n",
    }
    quoted = {"type": "text", "text": "<file name=\"a 'b'.md\">\n# Notes\none\n</file>"}
    assert file == ({"type": "resource", "resource": resource} if embeds else quoted)


def test_beside_a_picture_a_text_is_no_resource() -> None:
    """Gemini CLI 0.61 leaves the picture out then, without a word."""
    session = Acp().begin(can={"promptCapabilities": {"image": True, "embeddedContext": True}})
    session.write(session.adapter.prompt(prompt(PICTURE, TEXT)))

    assert [one["type"] for one in blocks(session.written[-1])] == ["text", "image", "text"]


@pytest.mark.parametrize("takes", [True, False])
def test_an_agent_of_acp_says_whether_it_takes_pictures(takes: bool) -> None:
    session = Acp()
    assert session.adapter.pictures  # nobody knows yet
    session.begin(can={"promptCapabilities": {"image": takes}})

    assert session.adapter.pictures == takes
    again = type(session.adapter)(session.entry, "h", session.adapter.launch, session.adapter.carry())
    assert again.pictures == takes


def test_a_steered_message_brings_its_files() -> None:
    claude = Claude().begin()
    [(_, line)] = written(claude.adapter.steer(Steer("t1", "m2", Body("Also"), [PICTURE])))
    assert [one["type"] for one in blocks(line)] == ["image", "text"]

    codex = Worker(CODEX).work()
    codex.write(codex.adapter.steer(Steer("t1", "m2", Body("Also"), [PICTURE])))
    assert codex.written[-1]["method"] == "turn/steer"
    assert [one["type"] for one in blocks(codex.written[-1])] == ["text", "image"]


# -- every adapter ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_all_files_are_in_the_line_of_the_prompt_and_nothing_of_them_is_carried(kind: Kind) -> None:
    """A picture of two megabytes, so that a copy of it would be seen."""
    worker = Worker(kind).work()
    worker.end()
    if not isinstance(worker.adapter, Attaching):
        pytest.skip("it is never given files: the daemon refuses them for it")
    big = File("big.png", "image/png", PNG + bytes(2_000_000))
    for _ in range(20):
        if worker.adapter.turn == "t2":
            break
        worker.write(worker.adapter.prompt(prompt(big, TEXT, turn="t2")))
    line = worker.written[worker.ids.index("prompt:t2")]
    assert big.base64 in json.dumps(line)
    assert "# Notes" in json.dumps(line)

    assert len(worker.adapter.carry()) < 20_000
    worker.end()
    assert len(worker.adapter.carry()) < 20_000
    assert [end.outcome for end in worker.facts if isinstance(end, TurnEnded)] == ["complete", "complete"]
