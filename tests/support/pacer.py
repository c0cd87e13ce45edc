#!/usr/bin/env python3
"""An agent that says lines at a pace and nothing else, in the protocol of whichever agent its name is. Standard library only.

`claude` speaks stream-json, `codex` app-server, `pi` its rpc mode, every other name ACP. The prompt says `emit N rate R`; each line holds
a token `@seq:K:NANOSECONDS@` as the demo agent's do.
"""

import itertools
import json
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

SIZE = 200
"""Characters of a line: a hundred of them are a message that is shown whole."""
Message = dict[str, Any]
NUMBERS = itertools.count()


def send(message: Message) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def lines(prompt: str) -> Iterator[str]:
    """The texts, each when it is due."""
    words = prompt.split()
    count, rate = int(words[1]), float(words[3])
    due = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, due - time.monotonic()))
        yield f"@seq:{number}:{time.monotonic_ns()}@".ljust(SIZE, ".")
        due += 1 / rate


def stream_json(message: Message) -> None:
    if message["type"] == "control_request":
        response = {"subtype": "success", "request_id": message["request_id"], "response": {}}
        send({"type": "control_response", "response": response})
    elif message["type"] == "user":
        send(
            {
                "type": "system",
                "subtype": "init",
                "session_id": "s",
                "model": "m",
                "permissionMode": "default",
            }
        )
        for text in lines(message["message"]["content"][0]["text"]):
            block = {"type": "text", "text": text}
            send(
                {
                    "type": "assistant",
                    "message": {"id": f"m{next(NUMBERS)}", "content": [block]},
                    "session_id": "s",
                }
            )
        send({"type": "result", "subtype": "success", "is_error": False, "result": "", "session_id": "s"})


def app_server(message: Message) -> None:
    method, identity = message.get("method"), message.get("id")
    turn = {"id": "tu", "items": [], "status": "inProgress", "error": None}
    if identity is None or method is None:
        return
    answers: dict[str, Message] = {"thread/start": {"thread": {"id": "th"}}, "turn/start": {"turn": turn}}
    send({"id": identity, "result": answers.get(method, {"data": []})})
    if method == "turn/start":
        where = {"threadId": "th", "turnId": "tu"}
        send({"method": "turn/started", "params": {"threadId": "th", "turn": turn}})
        for text in lines(message["params"]["input"][0]["text"]):
            item = {"type": "agentMessage", "id": f"m{next(NUMBERS)}", "text": text}
            send({"method": "item/completed", "params": {**where, "item": item}})
        done = {**turn, "status": "completed"}
        send({"method": "turn/completed", "params": {"threadId": "th", "turn": done}})


def acp(message: Message) -> None:
    method, identity = message.get("method"), message.get("id")
    if identity is None or method is None:
        return
    result: Message = {}
    if method == "initialize":
        result = {"protocolVersion": 1, "agentCapabilities": {}, "authMethods": []}
    elif method == "session/new":
        result = {"sessionId": "s"}
    elif method == "session/prompt":
        result = {"stopReason": "end_turn"}
        for text in lines(message["params"]["prompt"][0]["text"]):
            block = {"type": "text", "text": text}
            update = {"sessionUpdate": "agent_message_chunk", "content": block}
            send(
                {"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "s", "update": update}}
            )
    send({"jsonrpc": "2.0", "id": identity, "result": result})


def rpc(message: Message) -> None:
    kind, name = message["type"], message.get("id")
    state = {"sessionId": "s", "model": {"provider": "p", "id": "m"}, "isStreaming": False}
    answers: dict[str, Message] = {"get_state": state, "get_commands": {"commands": [{"name": "agentguid"}]}}
    send({"id": name, "type": "response", "command": kind, "success": True, "data": answers.get(kind, {})})
    if kind == "prompt" and not message["message"].startswith("/agentguid"):
        send({"type": "agent_start"})
        for text in lines(message["message"]):
            told = {"role": "assistant", "content": [], "stopReason": "stop"}
            send({"type": "message_start", "message": told})
            event = {"type": "text_end", "contentIndex": 0, "content": text}
            send({"type": "message_update", "assistantMessageEvent": event})
            send({"type": "message_end", "message": told})
        send({"type": "agent_end", "messages": []})


def install(folder: Path, names: Iterable[str]) -> Path:
    """Puts programs of these names into a folder for PATH."""
    folder.mkdir(parents=True)
    for name in names:
        shutil.copy(__file__, folder / name)
        (folder / name).chmod(0o755)
    return folder


def main() -> None:
    name = Path(sys.argv[0]).name
    if "--version" in sys.argv:
        print("1.0.0")
        return
    speak = {"claude": stream_json, "codex": app_server, "pi": rpc}.get(name, acp)
    for line in sys.stdin:
        speak(json.loads(line))


if __name__ == "__main__":
    main()
