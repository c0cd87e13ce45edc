"""Tools that run commands. What they print is looked at for what it is: tests, a traceback, git."""

import re

import msgspec

from agentguid.render import ansi
from agentguid.render.diff import counts
from agentguid.render.panels import (
    Checks,
    Command,
    Commits,
    Diff,
    Fact,
    Folded,
    Outcome,
    Panel,
    Status,
    Terminal,
)
from agentguid.render.recognise.git import recognise_git
from agentguid.render.recognise.tests import recognise_tests
from agentguid.render.recognise.traces import recognise_trace
from agentguid.render.text import one_line
from agentguid.render.tools import results
from agentguid.render.tools.base import Call, Output, ToolView, command, many, maybe

_EXIT = re.compile(r"(?:Exit code|Exit Code|exit code|Process exited with code)[ :]+(-?\d+)\n?")
_CODEX = re.compile(r"Exit code: (-?\d+)\nWall time: [^\n]*\n(?:Total output lines: \d+\n)?Output:\n")


def bash(call: Call) -> ToolView:
    """A command line."""
    line = command(call.given)
    note = f"· {said}" if (said := maybe(call.given, "description")) else ""
    if call.given.get("run_in_background") is True or call.given.get("is_background") is True:
        note = f"{note or '·'} in the background"
    return ToolView("terminal", call.name, one_line(line), note, (Command(line),))


def task(call: Call) -> ToolView:
    """A command that runs in the background: its output, or its end."""
    which = maybe(call.given, "bash_id", "shell_id", "task_id", "session_id", "process_id")
    return ToolView("terminal", call.name, which, maybe(call.given, "filter"))


def printed(call: Call, output: Output) -> Outcome:
    """What a command printed, and what can be seen in it."""
    text, code = exit_code(output)
    if not text:
        return Outcome(facts=_exit(code))
    try:
        line = command(call.given)
    except (KeyError, TypeError):
        line = ""
    seen = seen_in(ansi.plain(text), line)
    raw = Terminal(text, output.failed)
    if not seen:
        said = results.plain(call, Output(text, output.failed, output.cut))
        return Outcome(said.panels, said.facts + _exit(code), said.open)
    facts = _facts(seen)
    whole = Folded(f"Output, {many(len(text.splitlines()), 'line')}", (raw,))
    return Outcome((*seen, whole), facts + _exit(code), open=any(_failed(panel) for panel in seen))


def seen_in(text: str, line: str) -> tuple[Panel, ...]:
    """What the output of a command is, as far as it is known."""
    if tests := recognise_tests(text):
        return (tests,)
    if git := recognise_git(text, line):
        return git
    if trace := recognise_trace(text):
        return (trace,)
    return ()


def exit_code(output: Output) -> tuple[str, int | None]:
    """The output without the frame that agents put around it, and the exit code if that is said there."""
    text = output.text
    if output.json or text.startswith('{"'):
        return _of_json(text)
    if found := _CODEX.match(text) or _EXIT.match(text):
        return text[found.end() :], int(found.group(1))
    return text, None


def _of_json(text: str) -> tuple[str, int | None]:
    """Codex: `{"output": …, "metadata": {"exit_code": …}}`."""
    try:
        value = msgspec.json.decode(text)
        said = value["output"] if "output" in value else value["stdout"] + value.get("stderr", "")
        code = (value.get("metadata") or value).get("exit_code")
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError, RecursionError):
        return text, None
    return (said, code if isinstance(code, int) else None) if isinstance(said, str) else (text, None)


def _exit(code: int | None) -> tuple[Fact, ...]:
    return () if code is None else (Fact(f"exit {code}", "exit"),)


def _failed(panel: Panel) -> bool:
    return isinstance(panel, Checks) and panel.failed > 0


def _facts(seen: tuple[Panel, ...]) -> tuple[Fact, ...]:
    match seen[0]:
        case Checks(failed=failed) if failed:
            return (Fact(f"{failed:,} failed", "m"),)
        case Checks(passed=passed):
            return (Fact(f"{passed:,} passed", "p"),)
        case Diff():
            added, removed = counts([row for one in seen if isinstance(one, Diff) for row in one.rows])
            return (Fact(f"+{added:,}", "p"), Fact(f"−{removed:,}", "m"))
        case Status(groups=groups):
            return (Fact(many(sum(len(files) for _, files in groups), "change")),)
        case Commits(rows=rows):
            return (Fact(many(len(rows), "commit")),)
    return ()
