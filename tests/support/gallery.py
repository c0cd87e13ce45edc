"""A conversation with an item of every kind, for tests and for looking at it.

python -m tests.support.gallery FOLDER [STATE …]     takes pictures of every page in every state into FOLDER
"""

import base64
import json
import os
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

from tests.render.sampled import sample
from tests.support import showagent
from tests.support.daemon import Daemon

Step = dict[str, Any]


def png(width: int, height: int) -> bytes:
    """A picture: a slope of grey with a frame."""
    rows = b"".join(
        b"\0"
        + bytes(
            (x * 200 // width + y * 55 // height) % 256 if 4 < x < width - 4 else 30 for x in range(width)
        )
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def picture(width: int = 640, height: int = 360) -> list[dict[str, Any]]:
    data = base64.b64encode(png(width, height)).decode()
    source = {"type": "base64", "media_type": "image/png", "data": data}
    return [{"type": "image", "source": source}]


def call(tool: str, given: dict[str, Any], output: Any = "ok", **more: Any) -> Step:
    return {"tool": tool, "input": given, "output": output, **more}


MARKDOWN = """\
## What changed

The retry window is now **bounded**: see [`retry.py`](src/retry.py#L40), https://example.org/docs/retry?x=1 and the note[^1].

1. read the header
2. wait, *at most* 30 s
   - [x] tests
   - [ ] docs
3. ~~try for ever~~

> A quote that says why.

> [!WARNING]
> The old setting is ignored.

| setting | before | now |
|:--------|:------:|----:|
| `retries` | ∞ | 3 |
| `window` | – | 30 s |

```python
def delay(attempt: int) -> float:
    \"\"\"Seconds to wait; never more than the window.\"\"\"
    return min(2.0 ** attempt, WINDOW)  # seconds
```

```
a block without a language, and a line that is long enough to need wrapping on every screen that a person may reasonably have
```

![chart](https://tracker.example/chart.png)

[^1]: Measured on the recorded traffic of last week.
"""
OLD = "def greet(name):\n    return f'hello {name}'\n\n\ndef main():\n    print(greet('world'))\n\n\nmain()\n"
NEW = (
    "import sys\n\n\ndef greet(name: str) -> str:\n    return f'hello {name}'\n\n\ndef main():\n"
    "    print(greet(sys.argv[1]))\n\n\nmain()\n"
)
PATCH = """\
*** Begin Patch
*** Update File: src/retry.py
@@ class Retry:
     def delay(self, attempt):
-        return 2 ** attempt
+        return min(2 ** attempt, self.window)
*** Add File: src/window.py
+WINDOW = 30
*** Delete File: src/forever.py
*** End Patch
"""
QUESTION = {
    "question": "Which store should it use?",
    "header": "Store",
    "options": [
        {"label": "SQLite", "description": "One file, nothing to run"},
        {"label": "Postgres", "description": "When several hosts write"},
    ],
    "multiSelect": False,
}
TODOS = [
    {"content": "Read how the greeting is built", "status": "completed"},
    {"content": "Take the name from the command line", "status": "in_progress"},
    {"content": "Push the branch", "status": "pending"},
]
COLOURS = "".join(
    f"\x1b[{code}m{code} \x1b[0m" for code in (30, 31, 32, 33, 34, 35, 36, 37, 91, 92, 94, 1, 2, 3, 4, 7, 9)
)
COLOURS += "\n\x1b[38;5;208m256\x1b[0m \x1b[38;2;40;180;220mtrue colour\x1b[0m \x1b]8;;http://evil.example\x07a link\x1b]8;;\x07\n"
COLOURS += " 10 %\r 50 %\r100 % done\n"
READ = "".join(f"{number:>6}→{line}\n" for number, line in enumerate(OLD.splitlines(), 40))
CHAPTERS: dict[str, list[Step]] = {
    "prose": [
        {"think": "The page has its own copy of the greeting, so changing the script alone would leave them apart.\n\n- first find every place\n- then change them"},
        {"text": MARKDOWN},
    ],
    "files": [
        call("Read", {"file_path": "/src/demo/hello.py", "offset": 40, "limit": 9}, READ),
        call("Write", {"file_path": "/src/demo/window.py", "content": NEW}, "File created"),
        call("Edit", {"file_path": "/src/demo/hello.py", "old_string": OLD, "new_string": NEW}, "updated"),
        call("MultiEdit", {"file_path": "/src/demo/a.ts", "edits": [
            {"old_string": "const a = 1;", "new_string": "const a = 2;"},
            {"old_string": "let b;", "new_string": "let b = a;"}]}, "updated"),
        call("NotebookEdit", {"notebook_path": "/src/demo/x.ipynb", "cell_id": "c4", "new_source": "import math\nmath.pi"}),
        call("apply_patch", {"input": PATCH}, "Success"),
        call("LS", {"path": "/src/demo"}, "- /src/demo/\n  - hello.py\n  - window.py\n"),
        call("Glob", {"pattern": "**/*.py"}, "/src/demo/hello.py\n/src/demo/window.py\n/src/demo/tests/test_greet.py"),
        call("Grep", {"pattern": "greet", "path": "/src/demo"},
             "/src/demo/hello.py:40:def greet(name):\n/src/demo/hello.py:45:    print(greet('world'))\n/src/demo/README.md:3:greet by name"),
    ],
    "shell": [
        call("Bash", {"command": "python3 hello.py && ls -la\necho done", "description": "Run it"}, "hello world\nhello.py\ndone"),
        call("Bash", {"command": "printf colours"}, COLOURS),
        call("Bash", {"command": "cat missing-file.txt"}, "Exit code 1\ncat: missing-file.txt: No such file or directory", failed=True),
        call("Bash", {"command": "python3 -m pytest --color=yes"}, "Exit code 1\n" + sample("pytest_color"), failed=True),
        call("Bash", {"command": "python3 -m pytest -q -k one"}, sample("pytest_ok")),
        call("Bash", {"command": "cargo test"}, sample("cargo")),
        call("Bash", {"command": "python3 tb.py"}, "Exit code 1\n" + sample("traceback"), failed=True),
        call("Bash", {"command": "git status"}, sample("git_status")),
        call("Bash", {"command": "git log"}, sample("git_log")),
        call("Bash", {"command": "git diff"}, sample("git_diff")),
        call("Bash", {"command": "npm run dev", "run_in_background": True}, "Command running in background with ID: bash_1"),
        call("BashOutput", {"bash_id": "bash_1"}, "<status>running</status>\nlistening on 3000"),
        call("Bash", {"command": "cat package.json"}, '{"name": "demo", "scripts": {"test": "pytest"}, "private": true}'),
    ],
    "others": [
        call("TodoWrite", {"todos": [{"content": one["content"], "status": "pending"} for one in TODOS]}),
        call("TodoWrite", {"todos": TODOS}),
        call("WebFetch", {"url": "https://docs.example.org/retry", "prompt": "What is the default?"}, "The default is **3** retries."),
        call("WebSearch", {"query": "retry-after header"}, 'Links: [{"title": "RFC 9110: Retry-After", "url": "https://www.rfc-editor.org/rfc/rfc9110"}]\n\nThe header gives seconds or a date.'),
        call("mcp__linear__create_issue", {"title": "Bound the retry window", "team": "core", "labels": ["bug", "p2"]}, '{"id": "CORE-41", "url": "https://linear.example/CORE-41"}'),
        call("AskUserQuestion", {"questions": [QUESTION]}, 'Your questions have been answered: "Which store should it use?"="SQLite". Go on.'),
        call("ExitPlanMode", {"plan": "# Bound the window\n\n1. read the header\n2. wait at most 30 s"}, "User has approved your plan."),
        call("Skill", {"skill": "release-notes", "args": "v2"}, "Launched."),
        call("ToolSearch", {"query": "calendar"}, "calendar_list\ncalendar_create"),
        call("Screenshot", {"url": "http://localhost:3000"}, picture()),
        call("SomethingNew", {"mode": "fast", "depth": 3, "options": {"a": [1, 2]}}, "done"),
        call("edit", {"kind": "edit", "title": "Edit hello.py", "locations": [{"path": "/src/demo/hello.py"}],
                      "content": [{"type": "diff", "path": "/src/demo/hello.py", "oldText": OLD, "newText": NEW}]}, ""),
    ],
    "agents": [
        call("Task", {"description": "Find every greeting", "prompt": "Look for the word *hello* in all files.", "subagent_type": "explorer"},
             "Three places: `hello.py:2`, `site/index.html:14` and the README.", inner=[
                 {"text": "I look at the folder."},
                 call("Grep", {"pattern": "hello"}, "hello.py:2:hello"),
                 call("Read", {"file_path": "/src/demo/hello.py"}, "     1→hello\n     2→there")]),
        {"line": {"type": "system", "subtype": "api_retry", "attempt": 2, "max_retries": 10, "retry_delay_ms": 45_000, "error_status": 529, "error": "overloaded_error"}},
        {"line": {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "rateLimitType": "five_hour", "resetsAt": 4_000_000_000}}},
        {"line": {"type": "system", "subtype": "compact_boundary", "compact_metadata": {"trigger": "auto", "pre_tokens": 154_000, "post_tokens": 12_000}}},
        {"end": {"is_error": True, "subtype": "error_during_execution", "api_error_status": 429, "result": "rate limit reached"}},
    ],
    "running": [
        call("Task", {"description": "Check the README", "prompt": "Does it show the new call?"}, inner=[
            call("Read", {"file_path": "/src/demo/README.md"}, "     1→# Demo\n     2→greet by name")]) | {"output": None},
        {"tool": "Bash", "input": {"command": "sleep 600"}},
    ],
}  # fmt: skip
del CHAPTERS["running"][0]["output"]


def daemon(root: Path, chapters: dict[str, list[Step]] = CHAPTERS) -> Daemon:
    """A daemon, not started yet, whose `claude` plays the chapters."""
    script = root / "script.json"
    script.write_text(json.dumps(chapters))
    programs = showagent.install(root / "programs", script)
    return Daemon(root, PATH=f"{programs}:{os.environ['PATH']}")


def tell(running: Daemon, *chapters: str) -> str:
    """A conversation in which these chapters were told."""
    conversation = running.conversation("claude-code", title="One item of every kind")
    for chapter in chapters:
        running.ended(conversation, running.send(conversation, chapter)["session"]["id"])
    return conversation


def main(folder: Path, wanted: list[str]) -> None:
    from tests.support.photos import take

    take(folder, wanted)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
