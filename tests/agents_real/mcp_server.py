"""An MCP server over stdin and stdout with one tool: `add` writes a note into the folder that it was started in."""

import json
import sys
from pathlib import Path
from typing import Any

NOTE = "added-by-mcp.txt"
TOOL = {
    "name": "add",
    "description": "Adds a note.",
    "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    match method:
        case "initialize":
            server = {"name": "notes", "version": "1"}
            return {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": server,
            }
        case "tools/list":
            return {"tools": [TOOL]}
        case "tools/call":
            Path(NOTE).write_text(params["arguments"]["text"])
            return {"content": [{"type": "text", "text": "It is noted."}]}
    return {}


if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" in asked:
            result = answer(asked["method"], asked.get("params") or {})
            print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
