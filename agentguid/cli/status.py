"""How the daemon is: what runs, what waits for you, which agents are there, and how much room is left."""

from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid import __version__
from agentguid.cli.client import connect
from agentguid.cli.output import counted, print_fields, print_json, safe, say, size, span


def arguments(parser: ArgumentParser) -> None:
    pass


def run(args: Namespace) -> int:
    status = connect(args).get("/status")
    if args.json:
        print_json(status)
        return 0
    print_fields(fields(status))
    for line in hints(status):
        say(line)
    return 0


def fields(status: dict[str, Any]) -> dict[str, str]:
    """What is shown, one line each."""
    doing = [
        f"{status['running']} running",
        f"{status['waiting']} waiting for you",
        *([f"{status['retrying']} waiting to retry"] if status.get("retrying") else []),
        f"{status['conversations']} in all",
    ]
    agents = [f"{one['id']} {one['version'] or ''}".strip() for one in status["agents"]]
    state = "catching up with its agents" if status["catchingUp"] else "running"
    return {
        "daemon": f"{status['version']}, {state}, pid {status['pid']}, up for {span(status['uptime'])}",
        "url": status["url"],
        "conversations": ", ".join(doing),
        "agents": ", ".join(agents) or "none",
        "processes": counted(status["liveAgents"], "agent alive", "agents alive"),
        "log": f"{status['position']:,} events, {size(status['logBytes'])}"
        + (", reading views being made anew" if status["rebuilding"] else ""),
        "disk": f"{size(status['diskFree'])} free of {size(status['diskTotal'])}",
        "data": status["data"],
    }


def hints(status: dict[str, Any]) -> list[str]:
    """What keeps it from going on, and what could be done next."""
    found = [f"\n{safe(trouble)}" for trouble in status.get("trouble", ())]
    if status["waiting"]:
        found.append("\nagentguictl approvals ls   shows what waits for you")
    if status["version"] != __version__:
        found.append(f"\nthis agentguictl is version {__version__}: restart the daemon to run the same")
    if not [one for one in status["agents"] if one["id"] != "demo"]:
        found.append("\nagentguictl agents ls   says how to install a coding agent")
    return found
