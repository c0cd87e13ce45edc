"""What an ACP agent asks by `terminal/*`, as far as it can be told without running anything: parameters, permission, answers."""

import hashlib
import json
import os.path
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from agentguid.agents.acp_calls import Call
from agentguid.agents.commands import Ran, Run, Wish, signal_name
from agentguid.agents.jsonl import count, mapping, objects, text_of
from agentguid.protocol.items import Option

CREATE = "terminal/create"
WISHES = {
    "terminal/output": "output",
    "terminal/wait_for_exit": "wait",
    "terminal/kill": "kill",
    "terminal/release": "release",
}
OPTIONS = [
    Option("allow_once", "allow_once", "Run it"),
    Option("allow_always", "allow_always", "Always run this command"),
    Option("reject_once", "reject_once", "Don't run it"),
]
"""What the user may say when nobody but us asks."""
LONGEST = 128 * 1024
"""Characters of a command with all that belongs to it."""
UNWRAPPED = 16 * 1024
"""Characters of a command that a shell around it is taken off: reading more would hold up everything else."""
SHELLS = ("sh", "bash", "zsh", "dash")
SYSTEM = frozenset({"", "/bin", "/usr/bin"})
"""Where a shell lies that is what its name says; nothing: wherever PATH finds it."""
FOLDERS = ("cwd", "workdir", "working_directory", "directory", "dir_path")
"""What agents call the folder of a command in their own arguments."""


def run_of(params: Mapping[str, Any], name: str, terminal: str) -> Run | None:
    """The errand that `terminal/create` is; None: its parameters are not understood."""
    command, args, cwd = text_of(params.get("command")), params.get("args"), params.get("cwd")
    args = [] if args is None else args
    env = _variables(params.get("env"))
    if not command.strip() or not isinstance(args, list) or env is None or not isinstance(cwd, str | None):
        return None
    if not all(isinstance(one, str) for one in args):
        return None
    words = [command, *args, cwd or "", *env, *env.values()]
    if any("\0" in one for one in words) or sum(map(len, words)) > LONGEST:
        return None
    limit = params.get("outputByteLimit")
    most = count(limit) if type(limit) in (int, float) else None
    return Run(name, terminal, command, tuple(args), env, cwd or "", most)


def _variables(told: Any) -> dict[str, str] | None:
    """None: not what the protocol calls variables."""
    if told is None:
        return {}
    found, variables = {}, objects(told)
    if not isinstance(told, list) or len(variables) != len(told):
        return None
    for one in variables:
        name, value = one.get("name"), one.get("value")
        if not isinstance(name, str) or not isinstance(value, str) or not name or "=" in name:
            return None
        found[name] = value
    return found


# -- permission -------------------------------------------------------------------------------------------------------
def line_of(command: str, args: Sequence[str]) -> str:
    """As one would type it. A shell of the system's that is only there to run a line is that line."""
    text = shlex.join([command, *args]) if args else command.strip()
    try:
        words = shlex.split(text) if len(text) <= UNWRAPPED else []
    except ValueError:
        return text
    folder, shell = os.path.split(words[0]) if words else ("", "")
    if len(words) == 3 and shell in SHELLS and folder in SYSTEM and words[1] in ("-c", "-lc"):
        return words[2].strip()
    return text


def mark(line: str, cwd: str, env: Mapping[str, str]) -> str:
    """Two commands with the same mark are the same: a permission for the one is one for the other."""
    parts = json.dumps([line, cwd, sorted(env.items())])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def mark_of(run: Run, root: str) -> str:
    return mark(line_of(run.command, run.args), whole(run.cwd, root), run.env)


def mark_of_call(call: Call | None, root: str) -> str:
    """Of the command that a permission request is about; empty when it is about something else."""
    if call is None or call.kind != "execute":
        return ""
    where = next((text for name in FOLDERS if (text := text_of(call.given.get(name)))), "")
    return mark(line_of(text_of(call.arguments().get("command")), ()), whole(where, root), {})


def whole(path: str, root: str) -> str:
    """As an absolute path without dots; links are followed by who runs it."""
    return os.path.normpath(os.path.join(root, path))


def reason(run: Run, root: str) -> str | None:
    """What the line itself does not say."""
    said = [] if whole(run.cwd, root) == whole("", root) else [f"In {whole(run.cwd, root)}."]
    if run.env:
        said.append("With " + shlex.join(f"{name}={value}" for name, value in run.env.items()) + ".")
    return " ".join(said) or None


# -- answers ----------------------------------------------------------------------------------------------------------
def answer(wish: Wish, ran: Ran) -> dict[str, Any]:
    if wish.what == "wait":
        return _status(ran)
    if wish.what != "output":
        return {}
    ended = {"exitStatus": _status(ran)} if ran.exited else {}
    return {"output": ran.output, "truncated": ran.truncated, **ended}


def _status(ran: Ran) -> dict[str, Any]:
    if ran.code is None or ran.code >= 0:
        return {"exitCode": ran.code, "signal": None}
    return {"exitCode": None, "signal": signal_name(-ran.code)}


def has_ended(result: Mapping[str, Any]) -> bool:
    """Whether an answer of ours told the end of its command."""
    return "exitCode" in result or bool(mapping(result.get("exitStatus")))
