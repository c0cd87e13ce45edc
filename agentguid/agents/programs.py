"""The commands that sign an agent in, install it, or bring it up to date: as it lies on this machine. Nothing is run here."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from agentguid.agents.discovery import Found, find
from agentguid.agents.ways import NONE, WAYS, Command, Ways

MANAGERS = frozenset(("npm", "uv", "pip", "pipx"))
"""Who may be told to install something. What is piped into a shell is for the user to run."""
_OF_A_SHELL = frozenset("|&;<>()$`\\\"'*?[#~%{}\n")


class Plan(Struct, frozen=True):
    """A command that is about to be run, or why there is none."""

    argv: tuple[str, ...] = ()
    how: str = ""
    """Who does it: npm, uv, its own updater…"""
    problem: str = ""
    """Why it will not work, or cannot be done from here."""

    @property
    def line(self) -> str:
        """As one would type it."""
        return shlex.join(self.argv)


def ways(found: Found) -> Ways:
    return WAYS.get(found.id, NONE)


def login(found: Found, environ: Mapping[str, str], way: str = "") -> Plan:
    """`way`: empty for the usual one."""
    own = ways(found)
    command = own.others.get(way, ()) if way else found.entry.login_command or own.login
    if not found.path:
        return Plan(problem=found.problem or f"{found.name} needs no sign-in.")
    if not command:
        return Plan(problem=_no_way(found, way))
    program = _beside(command[0], found, environ)
    if program is None:
        return Plan(problem=f"{command[0]}, which signs {found.name} in, is not on the PATH of the daemon.")
    return Plan((program, *command[1:]), "its own sign-in")


def _no_way(found: Found, way: str) -> str:
    if not way:
        return f"How to sign in to {found.name} is not known here. {found.login}".strip()
    known = ", ".join(ways(found).others) or "none"
    return f"{found.name} has no such way to sign in ({way}); others than the usual one: {known}."


def status(found: Found, environ: Mapping[str, str]) -> Command:
    """Says whether it is signed in; empty when there is no such command."""
    command = ways(found).status
    program = _beside(command[0], found, environ) if command and found.path else None
    return (program, *command[1:]) if program else ()


def install(found: Found, environ: Mapping[str, str]) -> Plan:
    """For one that is not here."""
    text = found.install
    if found.path:
        return Plan(problem=f"{found.name} is installed already.")
    if not text or _OF_A_SHELL & set(text) or text.split()[0] not in MANAGERS:
        what = f"Run it yourself: {text}" if text else f"See {found.docs}."
        return Plan(problem=f"{found.name} is not installed by a package manager that is known here. {what}")
    manager, *rest = shlex.split(text)
    program = find((manager,), environ)
    if program is None:
        return Plan(
            problem=f"{manager} is not on the PATH of the daemon. Install it, then {found.name}: {text}"
        )
    return Plan((program, *rest), manager)


def update(found: Found, environ: Mapping[str, str]) -> Plan:
    """By whoever has put it where it lies; else by itself."""
    if not found.path:
        return Plan(problem=found.problem or f"{found.name} is part of agentguid.")
    if found.entry.update_command:
        command = found.entry.update_command
        program = _beside(command[0], found, environ)
        missing = f"{command[0]}, which updates {found.name}, is not on the PATH of the daemon."
        return Plan((program, *command[1:]), "your configuration") if program else Plan(problem=missing)
    real = Path(os.path.realpath(found.path))
    for manager in (_node, _python, _brew):
        if plan := manager(real, environ):
            return plan
    if own := ways(found).update:
        program = _beside(own[0], found, environ)
        if program:
            return Plan((program, *own[1:]), "its own updater")
    return Plan(
        problem=f"How {found.path} was installed cannot be seen from where it lies. {found.docs and f'See {found.docs}'}".strip()
    )


def _node(real: Path, environ: Mapping[str, str]) -> Plan | None:
    """Packages of npm and of those that are like it."""
    parts = real.parts
    if "node_modules" not in parts:
        return None
    place = parts.index("node_modules")
    prefix = Path(*parts[:place])
    package = "/".join(parts[place + 1 : place + (3 if parts[place + 1].startswith("@") else 2)]) + "@latest"
    if ".pnpm" in parts or "pnpm" in parts[:place]:
        inner = parts.index("node_modules", parts.index(".pnpm")) if ".pnpm" in parts else place
        name = "/".join(parts[inner + 1 : inner + (3 if parts[inner + 1].startswith("@") else 2)]) + "@latest"
        return _by("pnpm", ("add", "--global", name), environ)
    if ".bun" in parts:
        return _by("bun", ("add", "--global", package), environ)
    if ".volta" in parts:
        return _by("volta", ("install", package), environ)
    if "yarn" in parts[:place]:
        return _by("yarn", ("global", "add", package), environ)
    if prefix.name != "lib":
        return _by("npm", ("install", "--prefix", str(prefix), package), environ, prefix)
    own = prefix.parent / "bin" / "npm"
    npm = str(own) if os.access(own, os.X_OK) else "npm"
    arguments = ("install", "--global", "--prefix", str(prefix.parent), package)
    return _by(npm, arguments, environ, prefix / "node_modules")


def _python(real: Path, environ: Mapping[str, str]) -> Plan | None:
    """Tools of uv and pipx."""
    parts = real.parts
    for above, manager in ((("uv", "tools"), "uv"), (("pipx", "venvs"), "pipx")):
        for place in range(len(parts) - 2):
            if parts[place : place + 2] == above:
                verb = ("tool", "upgrade") if manager == "uv" else ("upgrade",)
                return _by(manager, (*verb, parts[place + 2]), environ)
    return None


def _brew(real: Path, environ: Mapping[str, str]) -> Plan | None:
    parts = real.parts
    if "Cellar" not in parts[:-1]:
        return None
    return _by("brew", ("upgrade", parts[parts.index("Cellar") + 1]), environ)


def _by(manager: str, arguments: Command, environ: Mapping[str, str], writes: Path | None = None) -> Plan:
    name = os.path.basename(manager)
    program = manager if os.path.isabs(manager) else find((manager,), environ)
    if program is None:
        return Plan(problem=f"{name}, which has installed it, is not on the PATH of the daemon.")
    if writes is not None and not os.access(writes, os.W_OK):
        line = shlex.join((name, *arguments))
        return Plan(problem=f"{writes} is not yours to write. Run it as who may: sudo {line}")
    return Plan((program, *arguments), name)


def _beside(name: str, found: Found, environ: Mapping[str, str]) -> str | None:
    """The program of this name: the agent's own, or one that lies where that does, or on the PATH."""
    if os.path.isabs(name):
        return name if os.access(name, os.X_OK) else None
    if found.path and name in found.entry.binaries:
        return found.path
    near = os.path.join(os.path.dirname(found.path or ""), name)
    return near if found.path and os.access(near, os.X_OK) else find((name,), environ)
