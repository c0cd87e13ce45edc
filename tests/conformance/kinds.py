"""Every adapter with what the suite needs to try it: recordings, and the few lines in which its protocol says certain things.

A new protocol is one more of these; an agent that speaks one of them already is one entry of the catalogue (`MADE_UP`).
"""

import asyncio
import json
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from agentguid.agents import acp, claude, codex, demo, stream_json
from agentguid.agents.base import Dialect, Line
from agentguid.agents.catalogue import CATALOGUE
from agentguid.agents.entry import Entry
from agentguid.protocol.items import Mode
from tests.agents import acp_recordings, codex_recordings, qwen_recordings, recordings
from tests.agents.driver import Run
from tests.conformance.kind import CWD, Kind, Object
from tests.conformance.pi import PI

# -- Claude Code, and what speaks as it does --------------------------------------------------------------------------
CLAUDE_MODES = {
    "ask": "default",
    "accept_edits": "acceptEdits",
    "plan": "plan",
    "bypass": "bypassPermissions",
}


@cache
def _claude() -> dict[str, list[Line]]:
    return dict(recordings.tapes())


@cache
def _qwen() -> dict[str, list[Line]]:
    return dict(qwen_recordings.tapes())


@cache
def _demo(prompt: str) -> list[Line]:
    """What the demo agent, a genuine program, says to a prompt."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(Run(demo, Path(folder)).go([prompt])).lines


def _claude_peer(line: Object) -> list[Object]:
    if line.get("type") != "control_request":
        return []
    response = {"subtype": "success", "request_id": line["request_id"], "response": {}}
    return [{"type": "control_response", "response": response}]


def _claude_endless(number: int) -> list[Object]:
    block = {"type": "tool_use", "id": f"call{number}", "name": "Agent", "input": {}}
    begun = {"type": "content_block_start", "index": number, "content_block": {**block, "id": f"s{number}"}}
    return [
        {"type": "assistant", "message": {"id": f"m{number}", "content": [block]}},
        {"type": "stream_event", "event": begun},
        {"type": "control_request", "request_id": f"r{number}", "request": {"subtype": "can_use_tool"}},
    ]


def _claude_end(_prompt: str) -> list[Object]:
    usage = {"input_tokens": 5, "output_tokens": 7}
    return [
        {"type": "result", "subtype": "success", "is_error": False, "usage": usage, "total_cost_usd": 0.5}
    ]


def _claude_keeps(argv: Sequence[str], _written: Sequence[Object], mode: Mode) -> bool:
    return argv[argv.index("--permission-mode") + 1] == CLAUDE_MODES[mode]


def _like_claude(name: str, dialect: Dialect, recorded: Sequence[str], tape: Any, **more: Any) -> Kind:
    can_use = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": "ls"}}
    return Kind(
        name,
        dialect,
        tuple(recorded),
        tape,
        resumes=lambda _: None,
        unknown={"type": "system", "subtype": "never_heard_of"},
        quiet={"type": "keep_alive"},
        endless=_claude_endless,
        peer=_claude_peer,
        ask={"type": "control_request", "request_id": "r1", "request": can_use},
        end=_claude_end,
        keeps_to=_claude_keeps,
        held=lambda adapter: len(adapter.blocks.open) + len(adapter.asks.open),
        steers=True,
        **more,
    )


OWN = Entry(
    id="own", name="Own", icon="custom", protocol="stream-json", dialect="stream_json", args=("--mine",)
)
DEMO = ("hello", "emit 5", "think", "tool", "ask", "fail")
CLAUDE = _like_claude("claude", claude, list(_claude()), lambda name: _claude()[name])
STREAM_JSON = _like_claude(
    "stream_json",
    stream_json.dialect(OWN),
    ("multi", "permission-allow"),
    lambda name: _claude()[name],
    golden=False,
)
QWEN = _like_claude(
    "qwen-code", stream_json.dialect(qwen_recordings.ENTRY), list(_qwen()), lambda name: _qwen()[name]
)
DEMO_AGENT = _like_claude("demo", demo, DEMO, _demo, golden=False)


# -- the Agent Client Protocol ----------------------------------------------------------------------------------------
MADE_UP = Entry(id="x", name="X", icon="custom", protocol="acp", dialect="acp", args=("--acp",))
"""An agent that speaks ACP is this, and nothing else."""
ACP_MODES = {"ask": "default", "accept_edits": "acceptEdits", "plan": "plan", "bypass": "yolo"}


@cache
def _acp() -> dict[str, list[Line]]:
    return dict(acp_recordings.tapes())


def _acp_update(variant: str, **fields: Any) -> Object:
    params = {"sessionId": "", "update": {"sessionUpdate": variant, **fields}}
    return {"jsonrpc": "2.0", "method": "session/update", "params": params}


def _acp_peer(line: Object) -> list[Object]:
    modes = [{"id": mode, "name": mode} for mode in ("auto", *ACP_MODES.values())]
    results = {
        "initialize": {"protocolVersion": 1, "agentCapabilities": {}},
        "session/new": {"sessionId": "s", "modes": {"currentModeId": "auto", "availableModes": modes}},
        "session/set_mode": {},
    }
    if line.get("method") not in results:
        return []
    return [{"jsonrpc": "2.0", "id": line["id"], "result": results[line["method"]]}]


def _acp_reverts(line: Object) -> list[Object]:
    """Goes back to its own mode behind each setting."""
    back = _acp_update("current_mode_update", currentModeId="auto")
    return [*_acp_peer(line), *([back] if line.get("method") == "session/set_mode" else [])]


def _acp_ignores(line: Object) -> list[Object]:
    """The same with options, whose whole state stands in each answer."""
    values = [{"value": mode, "name": mode} for mode in ("auto", *ACP_MODES.values())]
    option = {"id": "m", "category": "mode", "currentValue": "auto", "options": values}
    if line.get("method") not in ("session/new", "session/set_config_option"):
        return _acp_peer(line)
    return [{"jsonrpc": "2.0", "id": line["id"], "result": {"sessionId": "s", "configOptions": [option]}}]


def _acp_ask(call: Object) -> Object:
    options = [{"optionId": kind, "name": kind, "kind": kind} for kind in ("allow_once", "reject_once")]
    return {"sessionId": "", "toolCall": call, "options": options}


def _acp_endless(number: int) -> list[Object]:
    call = {"toolCallId": f"call{number}", "title": "x", "kind": "other"}
    return [
        _acp_update("tool_call", **call),
        {"id": number, "method": "session/request_permission", "params": _acp_ask(call)},
        {"id": f"f{number}", "method": "fs/read_text_file", "params": {"path": "x"}},
    ]


def _acp_end(prompt: str) -> list[Object]:
    usage = {"inputTokens": 5, "outputTokens": 7}
    return [
        {"jsonrpc": "2.0", "id": json.loads(prompt), "result": {"stopReason": "end_turn", "usage": usage}}
    ]


def _acp_keeps(_argv: Sequence[str], written: Sequence[Object], mode: Mode) -> bool:
    set_ = [line["params"]["modeId"] for line in written if line.get("method") == "session/set_mode"]
    return set_ == [ACP_MODES[mode]] and written[-1]["method"] == "session/prompt"


def _acp_kind(name: str, dialect: Dialect, recorded: Sequence[str], **more: Any) -> Kind:
    call = {"toolCallId": "c1", "title": "ls", "kind": "execute"}
    return Kind(
        name,
        dialect,
        tuple(recorded),
        lambda name: _acp()[name],
        resumes=lambda name: acp_recordings.adapter_of(name).launch.resume if name else None,
        unknown=_acp_update("never_heard_of"),
        quiet=_acp_update("available_commands_update"),
        endless=_acp_endless,
        peer=_acp_peer,
        ask={"jsonrpc": "2.0", "id": 0, "method": "session/request_permission", "params": _acp_ask(call)},
        end=_acp_end,
        keeps_to=_acp_keeps,
        disobedient=(_acp_reverts, _acp_ignores),
        held=lambda adapter: len(adapter.calls.open) + len(adapter.asks.open) + len(adapter.errands),
        **more,
    )


def _acp_entries() -> list[Kind]:
    """One for each program that was recorded."""
    found: dict[str, list[str]] = {}
    for name in _acp():
        found.setdefault(name.partition("/")[0], []).append(name)
    return [
        _acp_kind(
            folder,
            acp.dialect(acp_recordings.entry_of(names[0])),
            names,
            foreign=frozenset({"kimi-acp/simple"}),
        )
        for folder, names in found.items()
    ]


ACP = _acp_kind(
    "acp", acp.dialect(MADE_UP), ("gemini-acp/multi", "copilot-acp/permission-allow"), golden=False
)


# -- Codex ------------------------------------------------------------------------------------------------------------
@cache
def _codex() -> dict[str, list[Line]]:
    return dict(codex_recordings.tapes())


CODEX_EFFORTS = [{"reasoningEffort": effort} for effort in ("low", "medium", "high")]


def _codex_peer(line: Object) -> list[Object]:
    results: Object = {
        "initialize": {"userAgent": "x"},
        "account/read": {"account": None, "requiresOpenaiAuth": False},
        "model/list": {
            "data": [
                {"model": "big", "supportedReasoningEfforts": CODEX_EFFORTS, "defaultReasoningEffort": "low"}
            ]
        },
        "thread/start": {"thread": {"id": "th"}, "model": "big", "reasoningEffort": "medium"},
        "thread/resume": {"thread": {"id": "th"}, "model": "other", "reasoningEffort": "high"},
        "turn/start": {"turn": {"id": "tu"}},
    }
    if line.get("method") not in results:
        return []
    return [{"id": line["id"], "result": results[line["method"]]}]


def _codex_item(method: str, **item: Any) -> Object:
    return {"method": method, "params": {"threadId": "th", "turnId": "tu", "item": item}}


def _codex_ask(identity: Any, item: str) -> Object:
    params = {"threadId": "th", "turnId": "tu", "itemId": item, "command": "ls", "cwd": CWD, "reason": "why"}
    return {"id": identity, "method": "item/commandExecution/requestApproval", "params": params}


def _codex_endless(number: int) -> list[Object]:
    text = _codex_item("item/started", type="agentMessage", id=f"m{number}")
    piece = {"threadId": "th", "itemId": f"m{number}", "delta": "x" * 100}
    return [
        _codex_item("item/started", type="commandExecution", id=f"c{number}", command="ls"),
        text,
        {"method": "item/agentMessage/delta", "params": piece},
        _codex_ask(number, f"c{number}"),
        _codex_item("item/completed", type="collabAgentToolCall", id=f"a{number}", tool="spawnAgent", receiverThreadIds=[f"t{number}"]),
        {"method": "turn/started", "params": {"threadId": f"t{number}", "turn": {"id": "x"}}},
    ]  # fmt: skip


def _codex_end(_prompt: str) -> list[Object]:
    last = {"totalTokens": 12, "inputTokens": 5, "outputTokens": 7}
    usage = {"threadId": "th", "turnId": "tu", "tokenUsage": {"last": last, "modelContextWindow": 100}}
    turn = {"id": "tu", "status": "completed", "error": None}
    return [
        {"method": "thread/tokenUsage/updated", "params": usage},
        {"method": "turn/completed", "params": {"threadId": "th", "turn": turn}},
    ]


def _codex_keeps(_argv: Sequence[str], written: Sequence[Object], mode: Mode) -> bool:
    """Only `bypass` is free; only `plan` plans."""
    [start] = [line["params"] for line in written if line.get("method") == "thread/start"]
    turn = written[-1]["params"]
    free = (turn["approvalPolicy"], turn["sandboxPolicy"]["type"]) == ("never", "dangerFullAccess")
    asks = (turn["approvalPolicy"], turn["sandboxPolicy"]["type"]) == ("on-request", "readOnly")
    plans = turn.get("collaborationMode", {}).get("mode") == "plan"
    by_user = start["approvalsReviewer"] == turn["approvalsReviewer"] == "user"
    return by_user and (free if mode == "bypass" else asks) and plans == (mode == "plan")


CODEX = Kind(
    "codex",
    codex.dialect(codex_recordings.ENTRY),
    tuple(_codex()),
    lambda name: _codex()[name],
    resumes=lambda name: codex_recordings.adapter_of(name).launch.resume if name else None,
    unknown={"method": "never/heardOf", "params": {}},
    quiet={"method": "skills/changed", "params": {}},
    endless=_codex_endless,
    peer=_codex_peer,
    ask=_codex_ask(0, "c1"),
    end=_codex_end,
    keeps_to=_codex_keeps,
    held=lambda adapter: len(adapter.items.open) + len(adapter.asks.open),
    steers=True,
)

KINDS = (CLAUDE, STREAM_JSON, QWEN, DEMO_AGENT, ACP, *_acp_entries(), CODEX, PI)
SPOKEN = {entry.dialect for entry in CATALOGUE if entry.dialect} | {"stream_json"}
