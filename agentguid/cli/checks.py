"""What `doctor` looks at of agentguid's own: versions, settings, sockets, hosts, agents."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from agentguid import __version__
from agentguid.cli.client import Client, connect
from agentguid.cli.errors import START, CliError
from agentguid.cli.output import counted
from agentguid.paths import Places, places

if TYPE_CHECKING:
    from agentguid.settings import Settings

PATIENCE = 5.0
"""Seconds that the daemon has for an answer."""


class Check(NamedTuple):
    """One line of the result."""

    name: str
    state: Literal["ok", "note", "broken"]
    text: str
    todo: str = ""
    """What to do about it; empty when it is well."""


class Patient(NamedTuple):
    """What is known before the checks."""

    places: Places
    settings: "Settings | None"
    bad_setting: str
    client: Client | None
    """None: no daemon answers."""
    status: dict[str, Any]
    refusal: str
    """Why no daemon answers."""


def meet(args: Namespace) -> Patient:
    """Reads the settings and asks the daemon."""
    from agentguid.settings import BadSetting, load

    settings, bad, refusal, own = None, "", "", places()
    client, status = None, {}
    try:
        settings = load()
        own = settings.places
    except BadSetting as error:
        bad = str(error)
    try:
        client = connect(args)
        client.quiet = PATIENCE
        status = client.get("/status")
    except CliError as error:
        client, refusal = None, str(error)
    return Patient(own, settings, bad, client, status, refusal)


def versions(_patient: Patient) -> Iterator[Check]:
    import apsw

    python = sys.version.split()[0]
    text = f"agentguictl {__version__}, Python {python}, SQLite {apsw.sqlite_lib_version()}"
    if (3, 11) <= sys.version_info < (3, 15):
        yield Check("versions", "ok", text)
    else:
        yield Check("versions", "note", text, "Python 3.11 to 3.14 is what it is tested with")


def settings(patient: Patient) -> Iterator[Check]:
    file = patient.places.config / "config.toml"
    if patient.bad_setting:
        yield Check("settings", "broken", patient.bad_setting, "mend it; the daemon does not start with it")
    else:
        yield Check("settings", "ok", f"{file}" if file.exists() else f"the defaults (there is no {file})")


def daemon(patient: Patient) -> Iterator[Check]:
    if patient.client is None:
        if "is not running" in patient.refusal:
            yield Check("daemon", "note", "is not running", START)
        else:
            yield Check(
                "daemon",
                "broken",
                patient.refusal,
                "agentguictl logs, or the terminal it runs in, may say why",
            )
        return
    running = str(patient.status.get("version"))
    text = f"{running}, pid {patient.status.get('pid')}, {patient.status.get('url')}"
    if running != __version__:
        yield Check(
            "daemon",
            "broken",
            f"{text}; this program is {__version__}",
            "restart the daemon: agents go on meanwhile",
        )
    else:
        yield Check("daemon", "ok", text)


def sockets(patient: Patient) -> Iterator[Check]:
    socket = patient.places.socket
    if patient.client is not None:
        yield Check("socket", "ok", str(socket))
    elif "another user" in patient.refusal:
        yield Check("socket", "broken", patient.refusal, "choose another AGENTGUID_RUNTIME_DIR")
    elif socket.exists():
        yield Check(
            "socket", "note", f"{socket} was left by a daemon that is gone", "the next start replaces it"
        )


def hosts(patient: Patient) -> Iterator[Check]:
    """Agents live in hosts of their own, which outlive the daemon."""
    from agentguid.hosts.orphans import held, left_group, members

    alive, left = 0, 0
    for own in (patient.places, patient.places.terminals):
        for tape in own.tapes.iterdir() if own.tapes.is_dir() else ():
            if held(own, tape.name):
                alive += 1
            elif (group := left_group(own, tape.name)) and members(group):
                left += 1
    if left:
        yield Check(
            "hosts",
            "note",
            f"{counted(left, 'agent runs', 'agents run')} without a host",
            "a start of the daemon ends them: " + START,
        )
    elif alive and patient.client is None:
        yield Check(
            "hosts",
            "note",
            f"{counted(alive, 'agent goes', 'agents go')} on without the daemon",
            "start it to see them: " + START,
        )
    else:
        yield Check("hosts", "ok", f"{counted(alive, 'agent', 'agents')} alive")


def agents(patient: Patient) -> Iterator[Check]:
    if patient.client is not None:
        found = patient.client.get("/agents")["agents"]
    else:
        import asyncio

        from agentguid.agents.catalogue import with_custom
        from agentguid.agents.discovery import Agents

        own = patient.settings.agents if patient.settings else {}
        scanned = asyncio.run(Agents(catalogue=with_custom(own)).rescan())
        found = [
            {
                "id": a.id,
                "installed": a.installed,
                "version": a.version,
                "path": a.path,
                "problem": a.problem,
                "install": a.install,
            }
            for a in scanned
        ]
    usable = [one for one in found if one["installed"] and one["id"] != "demo"]
    for one in usable:
        text = f"{one['id']} {one['version'] or ''} {one['path'] or ''}"
        yield Check(
            "agent", "broken" if one["problem"] else "ok", " ".join(text.split()), one["problem"] or ""
        )
    if not usable:
        way = next((f", for instance: {one['install']}" for one in found if one["install"]), "")
        yield Check(
            "agents",
            "note",
            "none is installed, only the demo agent",
            f"install one{way} (`agentguictl agents ls` has the others); then `agentguictl agents rescan`",
        )
