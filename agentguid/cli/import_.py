"""Take in what agents have written down of their work on this machine: in terminals, before agentguid, or beside it.

Claude Code deletes its transcripts after 30 days; what was taken in stays. Nothing of the agents' own files is changed,
and what is here already is not taken in twice. The daemon does it in the background: it goes on when this is
interrupted.

What is done elsewhere in a conversation of agentguid comes by itself, within half a minute; with --watch on everything
does, with --watch off nothing.
"""

import time
from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.client import Client, connect
from agentguid.cli.errors import FAILED, USAGE, CliError
from agentguid.cli.output import complain, one_line, print_json, print_table, say
from agentguid.cli.progress import Progress

PAUSE = 0.2
"""Seconds between two looks at how far it is."""
WATCH = {"on": "all", "ours": "ours", "off": "off"}
COMES = {
    "all": "what agents do elsewhere on this machine comes by itself",
    "ours": "what is done elsewhere in conversations of agentguid comes by itself; the rest waits for agentguictl import",
    "off": "nothing comes by itself",
}


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "session", metavar="SESSION", nargs="*", help="only these sessions, by the agents' own ids"
    )
    parser.add_argument(
        "--source", metavar="AGENT", action="append", default=[], help="only of this agent; may be repeated"
    )
    parser.add_argument("--list", action="store_true", help="say what there is, and take nothing in")
    parser.add_argument(
        "--watch",
        choices=WATCH,
        help="from now on take in by itself: everything (on), what is done elsewhere in conversations of agentguid (ours), or nothing (off)",
    )
    parser.add_argument("--detach", action="store_true", help="do not wait until it is done")


def run(args: Namespace) -> int:
    client = connect(args)
    if args.watch:
        return _watch(client, args)
    if args.list:
        return _list(client, args)
    asked = client.post("/import", {"sources": args.source, "ids": args.session})
    if args.detach:
        print_json(asked) if args.json else say(
            "the daemon takes them in; agentguictl import --list says how far it is"
        )
        return 0
    progress = _wait(client, asked["request"])
    print_json(progress) if args.json else _print(progress)
    return FAILED if progress["failed"] else 0


def _watch(client: Client, args: Namespace) -> int:
    if args.list or args.session or args.source or args.detach:
        raise CliError("--watch stands alone: it is about all agents, from now on", USAGE)
    chosen = client.put("/import/watch", {"watch": WATCH[args.watch]})
    print_json(chosen) if args.json else say(COMES[chosen["watch"]])
    return 0


def _wait(client: Client, request: str) -> dict[str, Any]:
    """Until this request is done, after those that were asked for before it."""
    bar = Progress()
    try:
        met = False
        while True:
            progress: dict[str, Any] = client.get("/import/progress")
            met = met or progress["request"] == request
            if met and (progress["request"] != request or not progress["running"]):
                return progress
            bar(f"{progress['done']} of {progress['total']} sessions", progress["done"], progress["total"])
            time.sleep(PAUSE)
    finally:
        bar.end()


def _print(progress: dict[str, Any]) -> None:
    taken = progress["taken"]
    if not (taken or progress["waiting"] or progress["failed"]):
        say("nothing new: all that agents have written down here is in agentguid already")
        return
    say(f"{taken} session{'s' * (taken != 1)} with {progress['items']:,} items taken in")
    if progress["waiting"]:
        say(f"{progress['waiting']} not yet: an agent is at work in them. Try again when it is done.")
    if progress["failed"]:
        complain("\n".join([f"{progress['failed']} could not be read:", *progress["problems"]]))


def _list(client: Client, args: Namespace) -> int:
    found = client.get("/import", limit=10_000 if args.json else 0)
    if args.source:
        found["sources"] = [one for one in found["sources"] if one["id"] in args.source]
        found["sessions"] = [one for one in found["sessions"] if one["source"] in args.source]
    if args.json:
        print_json(found)
        return 0
    rows = [
        (
            one["id"],
            str(folder["sessions"]),
            str(folder["new"]),
            _size(folder["bytes"]),
            one_line(folder["folder"], 500),
        )
        for one in found["sources"]
        for folder in one["folders"]
    ]
    if not rows:
        say("no sessions of agents were found on this machine")
        return 0
    print_table(("AGENT", "SESSIONS", "NOT HERE", "SIZE", "FOLDER"), rows, spare=("SIZE", "SESSIONS"))
    say(f"\n{COMES[found['watch']]}")
    if found["progress"]["running"]:
        say(f"an import runs: {found['progress']['done']} of {found['progress']['total']} sessions")
    return 0


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{count / 1000:.0f} kB"
