"""A hostile stand-in for `claude`: shakes hands as it should, and then does what agents do on their worst days.

    badagent.py HABIT [what claude is started with]

`install` puts it on a PATH of its own. With the habits that leave it alive it ends its turn properly after the
mischief, so that a test can see that what came behind it was read too.
"""

import json
import os
import random
import shlex
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MIB = 1 << 20
AFTER = "Said after the mischief."
"""The text of the proper message behind it."""
STDERR = "cannot find my configuration; run: claude setup"


def install(folder: Path, habit: str) -> Path:
    """A folder with a `claude` in it that has this habit; to be put first on PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "claude"
    command = shlex.join([sys.executable, "-I", __file__, habit])
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    program.chmod(0o755)
    return folder


def write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data[:MIB]) :]


def say(**line: object) -> None:
    write(json.dumps(line).encode() + b"\n")


def message(text: str) -> bytes:
    """An `assistant` line with one block of text, without its end."""
    content = [{"type": "text", "text": text}]
    inner = {
        "id": f"msg_{len(text)}",
        "type": "message",
        "role": "assistant",
        "model": "bad",
        "content": content,
    }
    return json.dumps(
        {"type": "assistant", "message": inner, "parent_tool_use_id": None, "session_id": "s"}
    ).encode()


def result() -> bytes:
    usage = {"input_tokens": 1, "output_tokens": 1}
    return json.dumps({
        "type": "result", "subtype": "success", "is_error": False, "result": AFTER, "session_id": "s",
        "duration_ms": 1, "num_turns": 1, "total_cost_usd": 0, "usage": usage, "terminal_reason": "completed",
    }).encode()  # fmt: skip


def properly() -> None:
    """What a turn ends with."""
    write(message(AFTER) + b"\n" + result() + b"\n")


# -- the habits: what is done with a prompt ---------------------------------------------------------------------------
MALFORMED = [
    b'{"type": "assistant", "message": ',
    b"this is not JSON at all",
    b"[1, 2, 3]",
    b"42",
    b"null",
    b"{}",
    b'{"type": "novelty", "what": "a kind of line from the future"}',
    b'{"type": "assistant"}',
    b'{"type": "assistant", "message": {"content": [{"type": "hologram"}]}}',
    b'{"type": "stream_event", "event": 7}',
    b'{"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": "never", "content": "x"}]}}',
    b'{"type": "control_request", "request_id": "r9", "request": {"subtype": "juggle"}}',
    b'{"type": "result"',
    b'{"a":' * 20_000,
]


def malformed() -> None:
    for line in MALFORMED:
        write(line + b"\n")
    properly()


def long_line() -> None:
    """10 MB of text in one valid line."""
    write(message("0123456789" * 1_000_000) + b"\n")
    properly()


def huge_line() -> None:
    """100 MB of text in one valid line, never whole in memory here."""
    head, tail = message("@").split(b"@")
    write(head)
    for _ in range(100):
        write(b"0123456789" * 100_000)
    write(tail + b"\n")
    properly()


def not_utf8() -> None:
    write(message("before @ after").replace(b"@", b"\xff\xfe\x80\xc3\x28") + b"\n")
    properly()


def noise() -> None:
    """Binary noise with ends of lines in it, and with zero bytes and terminal codes."""
    chance = random.Random(7)
    write(chance.randbytes(200_000) + b"\n\x1b[31m\x1b]0;title\x07\x00\r\r\n")
    properly()


def no_newline() -> None:
    """All is well but the very last line's end."""
    write(message(AFTER) + b"\n" + result())
    raise SystemExit(0)


def half_line() -> None:
    """Ends in the middle of a line."""
    write(message(AFTER) + b"\n" + message("never finished")[:60])
    raise SystemExit(0)


def begin_message() -> None:
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for event in ({"type": "message_start", "message": {"id": "m", "content": []}}, block):
        say(type="stream_event", event=event, parent_tool_use_id=None, session_id="s")


def half_message() -> None:
    """Ends while a message streams."""
    begin_message()
    delta = {"type": "text_delta", "text": "half a sent"}
    event = {"type": "content_block_delta", "index": 0, "delta": delta}
    say(type="stream_event", event=event, parent_tool_use_id=None, session_id="s")
    sys.stderr.write(STDERR)
    sys.stderr.flush()
    raise SystemExit(3)


def dull() -> None:
    """Never speaks, and hears nothing but signals."""
    time.sleep(600)


def silent() -> None:
    """Never speaks, and will not be asked to stop."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)


def listens() -> None:
    """Does nothing with its first prompt but wait to be interrupted, and obeys; with the next it is deaf and dumb."""
    for raw in sys.stdin.buffer:
        line = json.loads(raw)
        if line["type"] == "control_request" and line["request"]["subtype"] == "interrupt":
            obey(line["request_id"])
            break
    HABITS["listens"] = silent


def obey(request_id: str) -> None:
    """Answers an interrupt, and ends the turn as `claude` does then."""
    say(type="control_response", response={"subtype": "success", "request_id": request_id, "response": {}})
    over = {"subtype": "error_during_execution", "is_error": True, "terminal_reason": "aborted_streaming"}
    write(json.dumps({**json.loads(result()), **over}).encode() + b"\n")


def leaves_a_server() -> None:
    """Starts something that leaves its group, its session and its parent, and writes its number to `server`."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            null = os.open(os.devnull, os.O_RDWR)
            for fd in range(3):
                os.dup2(null, fd)
            Path("server").write_text(str(os.getpid()))
            silent()
        os._exit(0)
    os.wait()
    while not Path("server").exists() or not Path("server").read_text():
        time.sleep(0.01)
    HABITS["leaves_a_server"] = properly
    properly()


def leaves_a_server_and_goes() -> None:
    """As `leaves_a_server`, and ends when its turn has."""
    leaves_a_server()
    os._exit(0)


FAMILY = 5
"""Processes of a stubborn one, with itself."""


def stubborn() -> None:
    """Deaf to all but SIGKILL, as are those that it starts: a child, one in a session of its own, one without a parent, and
    one with neither that nor an environment. All hold its pipes. The numbers of all are lines of `family`."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    join_family()
    for own_session, orphan, bare in ((0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1)):
        if os.fork() == 0:
            if own_session:
                os.setsid()
            if orphan and os.fork():
                os._exit(0)
            join_family()
            if bare:
                os.execve(sys.executable, [sys.executable, "-IS", "-c", "import time; time.sleep(600)"], {})
            silent()
    silent()


def join_family() -> None:
    with open("family", "a") as file:
        file.write(f"{os.getpid()}\n")


def limited() -> None:
    """Has used up its account as often as the file `limits` has lines: each is what it says then.

    In its result; or, with a stream's name before it, there, and then it dies with a long trace. `event> 60`: as an
    event that says when, 60 seconds from now, and then it dies without a word.
    """
    limits = Path("limits").read_text().splitlines()
    if not limits:
        properly()
        return
    Path("limits").write_text("".join(line + "\n" for line in limits[1:]))
    said, working, _ = limits[0].partition(" after work")
    if working:
        write(message(AFTER) + b"\n")
    stream, named, words = said.partition("> ")
    if stream == "event":
        until = {"status": "rejected", "rateLimitType": "five_hour", "resetsAt": time.time() + int(words)}
        say(type="rate_limit_event", rate_limit_info=until, session_id="s")
        raise SystemExit(1)
    if named:
        os.write(2, b"a stray remark\n")
        os.write({"stdout": 1, "stderr": 2}[stream], words.encode() + b"\n")
        os.write(
            2, b"".join(b"    at frame %d of the trace (file:///agent.js:%d)\n" % (n, n) for n in range(200))
        )
        raise SystemExit(1)
    failed = {"is_error": True, "terminal_reason": "api_error", "result": said}
    write(json.dumps({**json.loads(result()), **failed}).encode() + b"\n")


def asks_later() -> None:
    """Ends its first turn, and asks behind it, for a task in the background. Each answer becomes a line of `answers`."""
    HABITS["asks_later"] = properly
    say(type="system", subtype="background_tasks_changed", tasks=[{"task_id": "t1"}], session_id="s")
    properly()
    request = {
        "subtype": "can_use_tool",
        "tool_name": "Write",
        "input": {"file_path": "later", "content": "x"},
        "agent_id": "t1",
    }
    say(type="control_request", request_id=f"later-{os.getpid()}", request=request)


def two_tools() -> None:
    """Calls two tools at once. The first has its result when there is a file `go`; for the second it asks. Then all is
    well."""
    if Path("go").exists():
        return properly()
    for name in ("first", "second"):
        use = {"type": "tool_use", "id": name, "name": "Bash", "input": {"command": name}}
        inner = {"id": f"msg_{name}", "role": "assistant", "model": "bad", "content": [use]}
        say(type="assistant", message=inner, parent_tool_use_id=None, session_id="s")
    request = {"subtype": "can_use_tool", "tool_name": "Bash", "tool_use_id": "second", "input": {}}
    say(type="control_request", request_id="r1", request=request)
    while not Path("go").exists():
        time.sleep(0.01)
    done = {"type": "tool_result", "tool_use_id": "first", "content": AFTER, "is_error": False}
    say(type="user", message={"role": "user", "content": [done]}, parent_tool_use_id=None, session_id="s")
    return silent()


def tends() -> None:
    """Its first turn leaves a task in the background, its second one finds that over."""
    say(type="system", subtype="background_tasks_changed", tasks=[{"task_id": "t1"}], session_id="s")
    HABITS["tends"] = tended
    properly()


def tended() -> None:
    say(type="system", subtype="background_tasks_changed", tasks=[], session_id="s")
    properly()


def answered(response: dict[str, Any]) -> None:
    with open("answers", "a") as file:
        file.write(f"{response['request_id']} {response['response']['behavior']}\n")


def endless() -> None:
    """Pieces of one message at full speed for ever; deaf to all but SIGKILL, and so is the process that it started."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        silent()
    begin_message()
    piece = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "and on and "},
    }
    line = json.dumps({"type": "stream_event", "event": piece, "parent_tool_use_id": None, "session_id": "s"})
    while True:
        write((line + "\n").encode() * 1000)


def loud_stderr() -> None:
    """20 MB of complaints."""
    for number in range(20_000):
        os.write(2, f"warning {number} ".encode() + b"x" * 990 + b"\n")
    properly()


def flood() -> None:
    """50,000 lines that mean nothing."""
    for start in range(0, 50_000, 1000):
        write(b"".join(b"nonsense %d\n" % number for number in range(start, start + 1000)))
    properly()


def blank() -> None:
    """8 million lines with nothing in them."""
    for _ in range(8):
        write(b"\n" * MIB)
    properly()


def quit_at_once() -> None:
    """Answers the prompt by ending."""
    sys.stderr.write(STDERR)
    raise SystemExit(1)


HABITS: dict[str, Callable[[], None]] = {
    made.__name__: made
    for made in (
        malformed, long_line, huge_line, not_utf8, noise, no_newline, half_line, half_message, silent, loud_stderr,
        flood, blank, quit_at_once, properly, listens, asks_later, endless,
        leaves_a_server, leaves_a_server_and_goes, limited, dull, stubborn, tends, two_tools,
    )
}  # fmt: skip


def main() -> None:
    habit, *given = sys.argv[1:]
    if "--version" in given:
        print("2.1.330 (Claude Code)")
        return
    if "--input-format" not in given:  # `claude auth status` and its kin
        raise SystemExit(1)
    if habit == "quit_before_all":
        quit_at_once()
    for raw in sys.stdin.buffer:
        line = json.loads(raw)
        if line["type"] == "control_request":
            if habit == "quit_at_handshake":
                quit_at_once()
            answer = {
                "subtype": "success",
                "request_id": line["request_id"],
                "response": {"commands": [], "models": []},
            }
            say(type="control_response", response=answer)
        elif line["type"] == "control_response":
            answered(line["response"])
        elif line["type"] == "user":
            if HABITS[habit] is not silent:
                say(type="system", subtype="init", session_id="s", model="bad", cwd=os.getcwd(), tools=[])
            HABITS[habit]()


if __name__ == "__main__":
    main()
