"""What `doctor` looks at of the machine: the port and who has it, the clock, and what happens at logout."""

import getpass
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from agentguid.cli.checks import Check, Patient

SYSTEMD = Path("/run/systemd/system")
LINGER = Path("/var/lib/systemd/linger")
PATIENCE = 5
"""Seconds that a program of the system has for an answer."""


def port(patient: Patient) -> Iterator[Check]:
    if patient.settings is None or patient.client is not None:
        return
    host, number = patient.settings.host, patient.settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, number), family=family).close()
    except OSError as error:
        other = number + 1 if number < 65535 else number - 1
        todo = f"end that program, or choose another port: agentguid --port {other}"
        yield Check(
            "port", "broken", f"{number} on {host}: {os.strerror(error.errno or 0)}{_holder(number)}", todo
        )
    else:
        yield Check("port", "ok", f"{number} on {host} is free")


def clock(_patient: Patient) -> Iterator[Check]:
    said = _ask("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if said == "no":
        yield Check("clock", "note", "is not synchronised", "timedatectl set-ntp true")
    elif said == "yes":
        yield Check("clock", "ok", "synchronised")


def linger(_patient: Patient) -> Iterator[Check]:
    """Whether programs of this user go on after logout."""
    user = getpass.getuser()
    if not SYSTEMD.is_dir():
        text = "there is no systemd here: whatever starts the daemon decides whether it outlives your session"
        yield Check("logout", "note", text, "start it from a supervisor, or inside tmux")
    elif (LINGER / user).exists():
        yield Check("logout", "ok", "the daemon and its agents go on")
    else:
        yield Check(
            "logout",
            "note",
            "systemd ends the daemon and its agents with your last session",
            f"loginctl enable-linger {user}",
        )


def _holder(number: int) -> str:
    """Who listens on a TCP port, as far as this user may know."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in _lines(table)[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == number:
                inodes.add(f"socket:[{fields[9]}]")
    for entry in os.scandir("/proc") if inodes else ():
        if entry.name.isdigit() and inodes & set(_links(f"/proc/{entry.name}/fd")):
            name = "".join(_lines(f"/proc/{entry.name}/comm")).strip()
            return f"; {name} (pid {entry.name}) has it"
    return "; a program of another user has it" if inodes else ""


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return []


def _links(folder: str) -> Iterator[str]:
    try:
        for entry in os.scandir(folder):
            yield os.readlink(entry.path)
    except OSError:
        return


def _ask(*argv: str) -> str | None:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
