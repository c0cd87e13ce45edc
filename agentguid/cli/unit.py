"""The unit file of this installation, and systemd's user manager by its programs."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from agentguid.cli.errors import FAILED, CliError
from agentguid.paths import bundled

NAME = "agentguid.service"
PATIENCE = 150
"""Seconds that systemctl may take: a start waits until the daemon answers."""
_KEPT = ("PATH", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
"""Agents are found by PATH, and the manager's own is short."""


def program() -> list[str]:
    """What starts the daemon of this installation."""
    script = Path(sys.executable).with_name("agentguid")
    return [str(script)] if os.access(script, os.X_OK) else [sys.executable, "-P", "-m", "agentguid"]


def made(environ: Mapping[str, str], argv: list[str]) -> str:
    """The packaged unit with the program of this installation, and the settings that the environment names."""
    if set(argv[0]) & set("\"'\\$"):  # systemd takes no such program, and any argument
        argv = ["/usr/bin/env", *argv]
    text = (bundled("systemd") / NAME).read_text(encoding="utf-8")
    named = {name: environ[name] for name in (*_KEPT, *_settings(environ)) if environ.get(name)}
    lines = [f"ExecStart={' '.join(quoted(one, command=True) for one in argv)}"]
    lines += [f"Environment={quoted(f'{name}={value}')}" for name, value in named.items()]
    return re.sub(r"^ExecStart=.*$", lambda _: "\n".join(lines), text, count=1, flags=re.MULTILINE)


def quoted(word: str, *, command: bool = False) -> str:
    """A word of a unit file: quotes, backslashes, specifiers, and in a command line variables, mean themselves."""
    if any(ord(one) < 32 for one in word):
        raise CliError(f"{word!r} cannot stand in a unit file", FAILED)
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped.replace("$", "$$") if command else escaped}"'


def _settings(environ: Mapping[str, str]) -> list[str]:
    """Settings, and where agents' programs are. Nothing else that begins with our name: one of them is a token."""
    from agentguid.settings import PREFIX, REFERENCE, Settings

    own = [PREFIX + name.upper() for name in Settings.model_fields if name != "hot_reload"]
    agents = [name for name in environ if re.fullmatch(r"AGENTGUID_AGENT_[A-Z0-9_]+_BINARY", name)]
    return [*own, *(name for name in REFERENCE if name != "HOT_RELOAD"), *sorted(agents)]


def path() -> Path:
    """Where the unit belongs."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "systemd" / "user" / NAME


class Manager:
    """The user manager. Its calls raise CliError with what systemd said."""

    def __init__(self) -> None:
        self._environ = dict(os.environ)
        own = f"/run/user/{os.getuid()}"
        if "XDG_RUNTIME_DIR" not in self._environ and os.path.isdir(own):  # as after su
            self._environ["XDG_RUNTIME_DIR"] = own
        self.missing = self._missing()
        """Why there is none; empty: it answers."""

    def ask(self, *words: str) -> str:
        """What `systemctl --user` says, however it ends."""
        return self._run("systemctl", "--user", *words).stdout.strip()

    def do(self, *words: str) -> None:
        done = self._run("systemctl", "--user", *words)
        if done.returncode:
            raise CliError(f"systemctl --user {' '.join(words)}: {done.stderr.strip() or 'failed'}", FAILED)

    def active(self) -> str:
        """active, inactive, failed, activating, …"""
        return self.ask("is-active", NAME) or "inactive"

    def lingers(self) -> bool:
        """The manager runs without a login."""
        done = self._run("loginctl", "show-user", user(), "--property=Linger", "--value")
        return done.stdout.strip() == "yes" or Path("/var/lib/systemd/linger", user()).exists()

    def linger(self) -> None:
        done = self._run("loginctl", "enable-linger", user())
        if done.returncode:
            raise CliError(f"loginctl enable-linger {user()}: {done.stderr.strip() or 'failed'}", FAILED)

    def _missing(self) -> str:
        if not shutil.which("systemctl"):
            return "there is no systemctl"
        done = self._run("systemctl", "--user", "show-environment")
        return (
            ""
            if done.returncode == 0
            else done.stderr.strip().splitlines()[0]
            if done.stderr.strip()
            else "no answer"
        )

    def _run(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(
                argv,
                env=self._environ,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return subprocess.CompletedProcess(argv, 1, "", str(error))


def user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name
