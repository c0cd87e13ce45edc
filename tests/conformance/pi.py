"""Pi, as the suite tries it."""

import json
from collections.abc import Sequence
from functools import cache

from agentguid.agents import pi
from agentguid.agents.base import Line
from agentguid.protocol.items import Mode
from tests.agents import pi_recordings
from tests.conformance.kind import Kind, Object


@cache
def _pi() -> dict[str, list[Line]]:
    return dict(pi_recordings.tapes())


def _pi_peer(line: Object) -> list[Object]:
    """It is asked how it stands when a turn has begun, and when it seems to be over."""
    model = {"id": "big", "provider": "p", "contextWindow": 100}
    works = line.get("id", "")[-1:] in ("1", "3", "5")
    state = {"sessionId": "s1", "model": model, "isStreaming": works, "pendingMessageCount": 0}
    answers: Object = {
        "get_state": state,
        "get_commands": {"commands": [{"name": "agentguid"}]},
        "get_available_models": {"models": [model]},
        "prompt": None,
    }
    if line.get("type") not in answers:
        return []
    done = {"id": line["id"], "type": "response", "command": line["type"], "success": True}
    answer = {**done, "data": answers[line["type"]]}
    begun = line["type"] == "prompt" and not line["message"].startswith("/agentguid ")
    return [answer, {"type": "agent_start"}] if begun else [answer]


def _pi_dialog(identity: str, call: Object) -> Object:
    asked = {"type": "extension_ui_request", "id": identity, "method": "input", "title": "agentguid"}
    return {**asked, "placeholder": json.dumps(call)}


def _pi_endless(number: int) -> list[Object]:
    begun = {"type": "toolcall_start", "contentIndex": number, "partial": {"content": []}}
    return [
        {"type": "message_update", "assistantMessageEvent": begun},
        {"type": "message_update", "assistantMessageEvent": {"type": "text_delta", "contentIndex": 5000 + number, "delta": "x" * 100}},
        {"type": "tool_execution_start", "toolCallId": f"c{number}", "toolName": "bash", "args": {}},
        _pi_dialog(f"d{number}", {"tool": "bash", "input": {}}),
    ]  # fmt: skip


def _pi_end(_prompt: str) -> list[Object]:
    usage = {"input": 5, "output": 7, "totalTokens": 12, "cost": {"total": 0.5}}
    message = {"role": "assistant", "content": [], "stopReason": "stop", "usage": usage}
    return [{"type": "message_end", "message": message}, {"type": "agent_end", "messages": []}]


def _pi_keeps(argv: Sequence[str], written: Sequence[Object], mode: Mode) -> bool:
    """Our extension is loaded, and it has been told the mode."""
    said = [line["message"] for line in written if line["type"] == "prompt"]
    gated = argv[argv.index("--extension") + 1].endswith("/pi_gate.js")
    return gated and said == [f"/agentguid {mode}", "Hello"]


PI = Kind(
    "pi",
    pi.dialect(pi_recordings.ENTRY),
    tuple(_pi()),
    lambda name: _pi()[name],
    resumes=lambda name: pi_recordings.resumed(name) if name else None,
    unknown={"type": "never_heard_of"},
    quiet={"type": "turn_start"},
    endless=_pi_endless,
    peer=_pi_peer,
    ask=_pi_dialog("d1", {"call": "c1", "tool": "bash", "input": {"command": "ls"}}),
    end=_pi_end,
    keeps_to=_pi_keeps,
    held=lambda adapter: len(adapter.items.blocks) + len(adapter.items.calls) + len(adapter.asks.open),
    steers=True,
)
