"""Install, start, stop and watch the daemon as a systemd user service.

Stopping the daemon leaves the agents at work; `stop --agents` ends them as well. Without systemd, `stop` and `status`
work all the same, and the others say how to keep the daemon running.
"""

import os
import shlex
import subprocess
import sys
import time
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from typing import Any

from agentguid.cli import logs, unit
from agentguid.cli.client import Client, configured
from agentguid.cli.errors import FAILED, UNREACHABLE, CliError, Unreachable
from agentguid.cli.options import common
from agentguid.cli.output import counted, print_fields, print_json, say

ENDING = 60.0
"""Seconds within which a daemon that was told to stop is gone."""


def arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="install|uninstall|start|stop|restart|status|logs"
    )
    install = common(
        actions.add_parser("install", help="write the unit and enable it; again after an upgrade")
    )
    install.add_argument("--now", action="store_true", help="and start it")
    install.add_argument(
        "--linger", action=BooleanOptionalAction, help="keep it running without a login (asked if not given)"
    )
    common(actions.add_parser("uninstall", help="stop the daemon and remove the unit; data and agents stay"))
    common(actions.add_parser("start", help="start the daemon"))
    stop = common(actions.add_parser("stop", help="stop the daemon; agents go on"))
    stop.add_argument("--agents", action="store_true", help="end the agents as well")
    common(actions.add_parser("restart", help="stop and start the daemon; agents go on"))
    common(actions.add_parser("status", help="how the service and the daemon are"))
    journal = common(actions.add_parser("logs", help="what systemd and the daemon say"))
    logs.arguments(journal)


def run(args: Namespace) -> int:
    if args.url or os.environ.get("AGENTGUID_URL"):
        raise CliError("a service is of this machine: run this where the daemon runs, without --url", FAILED)
    return _ACTIONS[args.action](args, unit.Manager())


# -- the unit ---------------------------------------------------------------------------------------------------------
def _install(args: Namespace, manager: unit.Manager) -> int:
    _need(manager)
    path, text = unit.path(), unit.made(os.environ, unit.program())
    same = path.exists() and path.read_text(encoding="utf-8") == text
    if not same:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    manager.do("daemon-reload")
    manager.do("enable", unit.NAME)
    say(f"{path} {'is as it should be' if same else 'written'}, and enabled")
    _offer_linger(args, manager)
    if args.now:
        return _start(args, manager)
    if not same and manager.active() == "active":
        say("The daemon still runs as it was started: agentguictl service restart")
    else:
        say("Start it with: agentguictl service start")
    return 0


def _offer_linger(args: Namespace, manager: unit.Manager) -> None:
    if manager.lingers():
        return
    wanted = args.linger
    if wanted is None and sys.stdin.isatty():
        say("Without linger the daemon and its agents end when you log out.")
        wanted = input("Keep them running (loginctl enable-linger)? [y/N] ").strip().lower() in ("y", "yes")
    if wanted:
        manager.linger()
        say("linger enabled: the daemon starts at boot and outlives a logout")
    elif args.linger is None:
        say(
            f"When you log out the daemon and its agents end, unless you: loginctl enable-linger {unit.user()}"
        )


def _uninstall(_: Namespace, manager: unit.Manager) -> int:
    path = unit.path()
    if not path.exists():
        say("it is not installed")
        return 0
    if not manager.missing:
        manager.do("disable", "--now", unit.NAME)
    path.unlink()
    if not manager.missing:
        manager.do("daemon-reload")
    say(
        f"{path} removed. Data and configuration stay, and so do agents that run (service stop --agents ends them)."
    )
    return 0


# -- running ----------------------------------------------------------------------------------------------------------
def _start(_: Namespace, manager: unit.Manager) -> int:
    _need(manager, installed=True)
    running = _status()
    if running and manager.active() != "active":
        raise CliError(
            f"a daemon runs already, started by hand (pid {running['pid']}): agentguictl service stop ends it",
            FAILED,
        )
    manager.do("start", unit.NAME)
    return _say_running()


def _restart(_: Namespace, manager: unit.Manager) -> int:
    _need(manager, installed=True)
    if manager.active() != "active" and _status():
        _shut_down(agents=False)
    manager.do("restart", unit.NAME)
    return _say_running()


def _stop(args: Namespace, manager: unit.Manager) -> int:
    ended = _shut_down(agents=True) if args.agents else None
    if not manager.missing and unit.path().exists():
        manager.do("stop", unit.NAME)
    if ended is None and not args.agents:
        ended = _shut_down(agents=False)  # one that was started by hand
    left = _hosts()
    if args.agents and left:
        raise CliError(
            f"{counted(left, 'agent still runs', 'agents still run')} and no daemon is there to end them: "
            "start it, then service stop --agents",
            UNREACHABLE,
        )
    if args.agents and ended:
        say(f"stopped; {counted(ended, 'agent ended', 'agents ended')}")
    else:
        say(f"stopped; {counted(left, 'agent goes on', 'agents go on')}" if left else "stopped")
    return 0


def _shut_down(*, agents: bool) -> int | None:
    """Tells the daemon to stop and waits until it has; how many agents it ended, None when none was there."""
    client = Client()
    try:
        answer = client.post("/shutdown", {"agents": agents})
    except Unreachable:
        return None
    finally:
        client.close()
    deadline = time.monotonic() + ENDING
    while _status():
        if time.monotonic() > deadline:
            raise CliError(f"the daemon has not stopped within {ENDING:.0f} s", FAILED)
        time.sleep(0.05)
    return int(answer["ended"])


def _hosts() -> int:
    """Live hosts, by their sockets."""
    folder = configured().hosts
    return sum(1 for one in folder.glob("*/sock")) if folder.is_dir() else 0


def _status() -> dict[str, Any] | None:
    client = Client()
    try:
        answer: dict[str, Any] = client.get("/status")
    except Unreachable:
        return None
    finally:
        client.close()
    return answer


def _say_running() -> int:
    status = _status()
    if status is None:
        raise CliError("systemd has started it and it does not answer: agentguictl service logs", FAILED)
    say(f"running at {status['url']} (pid {status['pid']}); agentguictl login signs a browser in")
    return 0


# -- telling ----------------------------------------------------------------------------------------------------------
def _show(args: Namespace, manager: unit.Manager) -> int:
    daemon = _status()
    installed = unit.path().exists()
    said: dict[str, Any] = {
        "service": manager.active() if installed and not manager.missing else "not installed",
        "unit": str(unit.path()) if installed else None,
        "enabled": installed and not manager.missing and manager.ask("is-enabled", unit.NAME) == "enabled",
        "linger": not manager.missing and manager.lingers(),
        "systemd": manager.missing or "yes",
        "running": daemon is not None,
        "agents": daemon["liveAgents"] if daemon else _hosts(),
    }
    said |= {name: daemon[name] for name in ("pid", "url", "version", "uptime")} if daemon else {}
    print_json(said) if args.json else print_fields({name: _word(value) for name, value in said.items()})
    return 0 if daemon else UNREACHABLE


def _word(value: Any) -> str:
    return "-" if value is None else ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _logs(args: Namespace, manager: unit.Manager) -> int:
    """The journal has systemd's words as well: why a start failed, which signal ended it."""
    if args.json or manager.missing or not unit.path().exists():
        return logs.run(args)
    words = [
        "journalctl",
        "--user",
        "--unit",
        unit.NAME,
        "--output",
        "cat",
        "--lines",
        str(args.lines or "all"),
    ]
    sys.stdout.flush()
    try:
        return subprocess.run(
            [*words, *(["--follow"] if args.follow else []), "--no-pager"], check=False
        ).returncode
    except OSError:
        return logs.run(args)


def _need(manager: unit.Manager, *, installed: bool = False) -> None:
    if manager.missing:
        raise CliError(_otherwise(manager.missing), FAILED)
    if installed and not unit.path().exists():
        raise CliError("it is not installed: agentguictl service install", FAILED)


def _otherwise(why: str) -> str:
    command = shlex.join(unit.program())
    return (
        f"systemd does not answer for this user ({why}). Without it the daemon is kept running like this,\n"
        f"until the next boot:\n    setsid nohup {command} >/dev/null 2>&1 </dev/null &\n"
        f"in a terminal of its own:\n    tmux new-session -d -s agentguid {shlex.quote(command)}\n"
        f"from each boot on, by a line for `crontab -e`:\n    @reboot {command}\n"
        "on macOS by a launch agent: docs/service.md has the file.\n"
        "agentguictl status says whether it runs, agentguictl logs what it says, agentguictl service stop ends it."
    )


_ACTIONS = {
    "install": _install,
    "uninstall": _uninstall,
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "status": _show,
    "logs": _logs,
}
