"""Our extension of Pi, by itself under Node: which calls of tools it holds back, in which mode."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agentguid.agents.pi import GATE

NODE = shutil.which("node")
PLAY = """
import gate from %s;
const [on, commands, out] = [{}, {}, []];
gate({ on: (name, act) => (on[name] = act), registerCommand: (name, command) => (commands[name] = command) });
for (const [mode, tool, input, said] of JSON.parse(process.argv[1])) {
  await commands.agentguid.handler(mode);
  let asked = null;
  const ui = { input: async (_, words) => ((asked = JSON.parse(words)), said && JSON.stringify(said)) };
  const verdict = await on.tool_call({ toolName: tool, toolCallId: "c", input }, { cwd: process.cwd(), ui });
  out.push({ asked: asked && asked.always, runs: !verdict?.block });
}
console.log(JSON.stringify(out));
"""
YES, NO = {"allow": True}, {"allow": False, "reason": "no"}
ALWAYS = {"allow": True, "always": True}
MAKE = {"command": "touch x"}
EXACT = "for exactly this command"

pytestmark = pytest.mark.skipif(NODE is None, reason="it runs in Node, which is not here")


def play(folder: Path, *steps: tuple[str, str, dict[str, Any], Any]) -> list[tuple[str | None, bool]]:
    """What it asked for each call (what *always* would mean; None: nothing), and whether the call ran."""
    script = PLAY % json.dumps(GATE.as_uri())
    command = [str(NODE), "--input-type=module", "--eval", script, json.dumps(steps)]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=120)
    return [(one["asked"], one["runs"]) for one in json.loads(done.stdout)]


def test_what_is_allowed_always_holds_where_it_asks_and_never_while_it_plans(tmp_path: Path) -> None:
    """Nor does what is said while it plans hold afterwards."""
    assert play(
        tmp_path,
        ("ask", "bash", MAKE, ALWAYS),
        ("ask", "bash", MAKE, NO),
        ("plan", "bash", MAKE, NO),
        ("plan", "bash", MAKE, YES),
        ("accept_edits", "bash", MAKE, NO),
        ("plan", "bash", {"command": "ls"}, ALWAYS),
        ("ask", "bash", {"command": "ls"}, NO),
    ) == [(EXACT, True), (None, True), ("", False), ("", True), (None, True), ("", True), (EXACT, False)]


def test_files_are_never_changed_while_it_plans(tmp_path: Path) -> None:
    file = {"path": "a.txt"}
    assert play(
        tmp_path, ("ask", "edit", file, ALWAYS), ("plan", "edit", file, YES), ("plan", "write", file, YES)
    ) == [
        ("for all edits of this file", True),
        (None, False),
        (None, False),
    ]


def test_what_only_reads_is_never_asked_for_and_in_bypass_nothing_is(tmp_path: Path) -> None:
    reads = [("ask", tool, {"path": "a"}, NO) for tool in ("read", "grep", "find", "ls")]
    assert play(tmp_path, *reads, ("bypass", "bash", MAKE, NO)) == [(None, True)] * 5


def test_in_accept_edits_only_what_lies_in_the_folder_is_edited_unasked(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/")
    paths = ("a.txt", "deep/b.txt", "../c.txt", "out/d.txt", "~/e.txt")
    steps = [("accept_edits", "write", {"path": path}, NO) for path in paths]

    assert [runs for _, runs in play(tmp_path, *steps)] == [True, True, False, False, False]


def test_what_was_not_answered_does_not_run(tmp_path: Path) -> None:
    assert play(tmp_path, ("ask", "bash", MAKE, None), ("ask", "bash", MAKE, {"allow": "yes"})) == [
        (EXACT, False),
        (EXACT, False),
    ]
