"""`agents login` and `agents update`: an agent's own programs on the user's terminal, and what came of it."""

import re
import sys
from argparse import Namespace
from typing import Any

from agentguid.cli.attach import Outcome, attach, needed, plain, terminal, watch
from agentguid.cli.cells import cells
from agentguid.cli.client import Client, part
from agentguid.cli.errors import FAILED, NOT_FOUND, USAGE, CliError
from agentguid.cli.output import complain, print_json, safe, say

_OF_TOKENS = re.compile(r"[A-Za-z0-9_.-]+")
SHORT, LONG = 40, 1000
"""Characters that a token has at least and at most."""


def login(client: Client, args: Namespace) -> int:
    agent = chosen(client, args.agent)
    if args.end:
        return _end(client, agent)
    ways = client.get(f"/agents/{part(agent['id'])}/programs")
    way = "device" if args.device else "token" if args.keep_token else ""
    todo = _way(agent, ways, way)
    needed("a sign-in")
    begun = client.post(f"/agents/{part(agent['id'])}/auth", {"way": way})
    _begin(agent, begun, todo)
    outcome = attach(client, begun["terminal"])
    if outcome.how == "left":
        again = f"agentguictl agents login {agent['id']}"
        complain(f"The sign-in goes on.\n  {again}         comes back to it\n  {again} --end   ends it")
        return 0
    if way == "token" and outcome.code == 0:
        _offer(client, agent, ways["token"], outcome)
    return _told(client, agent, outcome, as_json=args.json)


def chosen(client: Client, given: str) -> dict[str, Any]:
    """The agent of this id, or the only one whose id begins so."""
    agents = client.get("/agents")["agents"]
    exact = [one for one in agents if one["id"] == given]
    near = exact or [one for one in agents if one["id"].startswith(given)]
    if len(near) == 1:
        found: dict[str, Any] = near[0]
        return found
    which = ": " + ", ".join(one["id"] for one in near) if near else "; agentguictl agents ls lists them"
    raise CliError(
        f"{'more than one agent begins' if near else 'no agent begins'} with {given}{which}", NOT_FOUND
    )


def _way(agent: dict[str, Any], ways: dict[str, Any], way: str) -> dict[str, Any]:
    """What is to be run. Raises CliError: it cannot be."""
    todo: dict[str, Any] | None = ways["ways"].get(way) if way else ways["login"]
    if todo is None:
        others = "".join(f" --{'keep-token' if one == 'token' else one}" for one in ways["ways"])
        raise CliError(f"{agent['name']} cannot sign in that way" + (f"; it can:{others}" if others else ""))
    if todo["problem"]:
        raise CliError(todo["problem"])
    return todo


def _begin(agent: dict[str, Any], begun: dict[str, Any], todo: dict[str, Any]) -> None:
    if begun["begun"]:
        say(f"Signing in to {agent['name']}, where the daemon runs:\n  {safe(todo['command'])}")
    else:
        say(f"{agent['name']} is being signed in already; this is that terminal.")
    say("Ctrl+] leaves it; it goes on then.\n")


def _end(client: Client, agent: dict[str, Any]) -> int:
    running = [
        one
        for one in client.get("/terminals")["terminals"]
        if (one["kind"], one["about"], one["ended"]) == ("login", agent["id"], False)
    ]
    for one in running:
        client.delete(f"/terminals/{part(one['id'])}")
    say(
        f"The sign-in of {agent['name']} was ended." if running else f"No sign-in of {agent['name']} goes on."
    )
    return 0


def _told(client: Client, agent: dict[str, Any], outcome: Outcome, *, as_json: bool) -> int:
    """Whether it is signed in now."""
    status = next(one for one in client.get("/agents/auth-status")["agents"] if one["id"] == agent["id"])
    if as_json:
        print_json({**status, "code": outcome.code})
    else:
        words = {"yes": "is signed in", "no": "is not signed in"}
        said = words.get(status["auth"], "may be signed in or not")
        complain(f"\n{_ended(outcome)}{agent['name']} {said}: {status['detail']}.")
    return 0 if status["auth"] == "yes" or (status["auth"] == "unknown" and outcome.code == 0) else FAILED


def _ended(outcome: Outcome) -> str:
    if outcome.note:
        return f"{outcome.note}. "
    if outcome.how == "lost":
        return "Its terminal is gone. "
    return "" if outcome.code == 0 else f"It ended with {outcome.code}. "


def _offer(client: Client, agent: dict[str, Any], token: dict[str, Any] | None, outcome: Outcome) -> None:
    """Keeps the token that was printed, if the user wants that."""
    if token is None:
        return
    value = found(outcome.words, token["begins"], outcome.columns)
    name = token["name"]
    if not value:
        complain(f"No token was found in what it printed. `agentguictl keys set {name}` asks for it.")
        return
    complain(
        f"\nIt printed a token. Kept here, {agent['name']} gets it as {name} from its next start on; it lies in the daemon's "
        "key file, which only you can read, and is never shown again."
    )
    if _asked("Keep it? [Y/n] ", default=True):
        client.put(f"/keys/{name}", {"value": value, "agents": [agent["id"]]})
        say("Kept.")


def found(words: bytes, begins: str, columns: int) -> str:
    """The last token in what a terminal of so many columns has shown, even where it was broken at the end of lines."""
    lines = [line.strip() for line in plain(words).decode("utf-8", "replace").splitlines()]
    token = ""
    for number, line in enumerate(lines):
        place = line.find(begins)
        if place < 0 or not (match := _OF_TOKENS.match(line, place)):
            continue
        value, above = match[0], line
        for below in lines[number + 1 :] if match.end() == len(line) else ():
            # The rest of it: a line of nothing else, under one that was as full as it could be.
            if cells(above) < columns - 8 or not _OF_TOKENS.fullmatch(below) or len(value) > LONG:
                break
            value, above = value + below, below
        token = value if len(value) >= SHORT else token
    return token


def update(client: Client, args: Namespace) -> int:
    agent = chosen(client, args.agent)
    programs = client.get(f"/agents/{part(agent['id'])}/programs")
    missing = not agent["path"] and not agent["installed"]
    todo = programs["install"] if missing else programs["update"]
    if todo["problem"]:
        raise CliError(todo["problem"])
    what = "Installing" if missing else "Updating"
    said = agent["version"] or "of an unknown version"
    say(f"{what} {agent['name']}" + ("" if missing else f" ({safe(said)})") + f", by {todo['how']}:")
    say(f"  {safe(todo['command'])}")
    if not args.yes:
        if not terminal():
            raise CliError("give --yes to run it without being asked", USAGE)
        if not _asked("Run it? [y/N] ", default=False):
            return 0
    begun = client.post(f"/agents/{part(agent['id'])}/update", {"install": missing})
    outcome = (
        attach(client, begun["terminal"])
        if terminal() and not args.json
        else watch(client, begun["terminal"])
    )
    if outcome.how == "left":
        complain(f"It goes on. `agentguictl agents update {agent['id']}` comes back to it.")
        return 0
    after = _after(client, agent["id"])
    if args.json:
        print_json({"id": agent["id"], "before": agent["version"], "after": after, "code": outcome.code})
    else:
        _compare(agent, after, outcome)
    return 0 if outcome.code == 0 else FAILED


def _after(client: Client, id: str) -> str | None:  # noqa: A002
    agents = client.post("/agents/rescan")["agents"]
    version: str | None = next((one["version"] for one in agents if one["id"] == id), None)
    return version


def _compare(agent: dict[str, Any], after: str | None, outcome: Outcome) -> None:
    before, name = agent["version"], agent["name"]
    if after is None:
        complain(f"\n{_ended(outcome)}{name} is not found.")
    elif before == after:
        complain(f"\n{_ended(outcome)}{name} is {after}, as before.")
    else:
        complain(f"\n{_ended(outcome)}{name}: {before or 'not installed'} → {after}")


def _asked(question: str, *, default: bool) -> bool:
    sys.stderr.write(question)
    sys.stderr.flush()
    answer = sys.stdin.readline().strip().lower()
    return default if not answer else answer in ("y", "yes")
