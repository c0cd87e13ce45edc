"""A stand-in for `claude` that says what a script tells it to: one chapter of it for each prompt.

    showagent.py SCRIPT [what claude is started with]

A script is JSON: {chapter: [step, …]}. A step is {"text": …}, {"think": …}, {"line": {…}} (verbatim),
{"tool": name, "input": {…}, "output": text or blocks, "failed": bool, "inner": [step, …], "asks": bool} or {"end": {…}},
which goes into the result. A tool without an output stays open, and the turn with it; one that asks waits for the
answer first, whatever that is.
"""

import json
import os
import shlex
import sys
from itertools import count
from pathlib import Path
from typing import Any

NUMBERS = count(1)
COMMANDS = [
    {"name": name, "description": about, "argumentHint": hint}
    for name, about, hint in (
        ("compact", "Free up context by summarizing the conversation so far", "<optional instructions>"),
        ("context", "Show current context usage", ""),
        ("code-review", "Review the current diff, or a PR number/branch/path target, for correctness bugs and reuse",
         "[low|medium|high|xhigh|max] [--fix] [<pr#>]"),
        ("debug", "Enable debug logging for this session and help diagnose issues", "[issue description]"),
        ("init", "Initialize a new CLAUDE.md file with codebase documentation", ""),
        ("loop", "Run a prompt or slash command on a recurring interval", "[interval] [prompt]"),
        ("mcp", "Manage MCP servers", "[reconnect|enable|disable]"),
        ("model", "Set the AI model", "<model>"),
        ("fewer-permission-prompts", "Scan your transcripts for common read-only calls, then add a prioritized list", ""),
        ("rename", "Rename the current conversation", "[name]"),
        ("security-review", "Complete a security review of the pending changes on the current branch", ""),
        ("usage", "Show session cost, plan usage, and what is contributing to your limits", ""),
    )
]  # fmt: skip


def install(folder: Path, script: Path) -> Path:
    """A folder with a `claude` in it that plays this script; to be put first on PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "claude"
    command = shlex.join([sys.executable, "-I", __file__, str(script)])
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    program.chmod(0o755)
    return folder


def say(line: dict[str, Any]) -> None:
    data = json.dumps({**line, "session_id": "s"}).encode() + b"\n"
    while data:
        data = data[os.write(1, data) :]


def block(content: dict[str, Any], parent: str | None) -> None:
    message = {"id": f"msg_{next(NUMBERS)}", "role": "assistant", "model": "show-1", "content": [content]}
    say({"type": "assistant", "message": message, "parent_tool_use_id": parent})


def play(steps: list[dict[str, Any]], parent: str | None = None) -> dict[str, Any] | None:
    """Says the steps; what the result shall have, or None when it is left open."""
    end: dict[str, Any] | None = {}
    for step in steps:
        match step:
            case {"text": text}:
                block({"type": "text", "text": text}, parent)
            case {"think": text}:
                block({"type": "thinking", "thinking": text}, parent)
            case {"line": line}:
                say(line)
            case {"end": more}:
                end = more
            case {"tool": name, "input": given}:
                end = end if tool(name, given, step, parent) else None
    return end


def tool(name: str, given: Any, step: dict[str, Any], parent: str | None) -> bool:
    """Whether it was finished."""
    call = f"toolu_{next(NUMBERS)}"
    block({"type": "tool_use", "id": call, "name": name, "input": given}, parent)
    play(step.get("inner", []), call)
    if step.get("asks"):
        wait_for_answer(call, name, given)
    if "output" not in step:
        return False
    failed = bool(step.get("failed"))
    result = {"type": "tool_result", "tool_use_id": call, "content": step["output"], "is_error": failed}
    say({"type": "user", "message": {"role": "user", "content": [result]}, "parent_tool_use_id": parent})
    return True


def wait_for_answer(call: str, tool: str, given: Any) -> None:
    request = {"subtype": "can_use_tool", "tool_name": tool, "tool_use_id": call, "input": given}
    mode = {"type": "setMode", "mode": "acceptEdits", "destination": "session"}
    say({
        "type": "control_request", "request_id": f"ask_{call}",
        "request": {**request, "permission_suggestions": [mode] if tool != "Bash" else []},
    })  # fmt: skip
    while (
        json.loads(sys.stdin.buffer.readline() or b'{"type": "control_response"}')["type"]
        != "control_response"
    ):
        pass


def main(script: dict[str, Any]) -> None:
    for raw in iter(sys.stdin.buffer.readline, b""):
        line = json.loads(raw)
        match line:
            case {"type": "control_request", "request_id": request}:
                answer = {"subtype": "success", "request_id": request, "response": {"commands": COMMANDS}}
                say({"type": "control_response", "response": answer})
            case {"type": "user", "message": {"content": content}}:
                prompt = content if isinstance(content, str) else content[-1]["text"]
                say({"type": "system", "subtype": "init", "model": "show-1", "permissionMode": "default"})
                end = play(script.get(prompt) or [{"text": f"There is no chapter {prompt!r}."}])
                if end is not None:
                    usage = {"input_tokens": 1200, "output_tokens": 340, "cache_read_input_tokens": 25_600}
                    say({
                        "type": "result", "subtype": "success", "is_error": False, "duration_ms": 83_000,
                        "num_turns": 3, "total_cost_usd": 0.11, "usage": usage, "terminal_reason": "completed",
                        "modelUsage": {"show-1": {"contextWindow": 200_000}}, **end,
                    })  # fmt: skip


if __name__ == "__main__":
    if "--version" in sys.argv:
        print("1.0.0 (stand-in)")
        sys.exit()
    main(json.loads(Path(sys.argv[1]).read_text()))
