"""What may stand at a place of a command line, read off the parsers themselves."""

import argparse
from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Callable, Iterator
from typing import NamedTuple

from agentguid.cli.cells import cut
from agentguid.cli.client import Client, connect, part
from agentguid.cli.errors import CliError
from agentguid.cli.output import safe
from agentguid.cli.parsers import top, verb
from agentguid.cli.verbs import VERBS

PATIENCE = 1.0
"""Seconds that the daemon has: a key press waits for it."""
DIRECTORIES, FILES = "<directories>", "<files>"
"""Stand for what the shell completes better itself."""


class Candidate(NamedTuple):
    word: str
    text: str = ""
    """What it stands for, in a few words."""


def complete(words: list[str]) -> list[Candidate]:
    """The candidates for the last of the words, which follow `agentguictl`."""
    *before, last = words or [""]
    place = _place(before)
    if place is None:
        return []
    parser, action, positionals = place
    if last.startswith("-") and not (action and action.option_strings):
        return [one for one in _options(parser) if one.word.startswith(last)]
    return _values(action, positionals, last) if action else []


def _place(before: list[str]) -> "tuple[ArgumentParser, Action | None, list[str]] | None":
    """The parser that is in force after some words, the argument that comes next, and the positional ones given."""
    parser, words = top(), list(before)
    waiting, positionals = _positionals(parser)[:1], list[str]()
    while words:
        word = words.pop(0)
        option = _option(parser, word)
        if option is not None:
            if option.nargs != 0 and "=" not in word:
                if not words:
                    return parser, option, positionals
                words.pop(0)
            continue
        action = waiting[0] if waiting else None
        if action is None:
            return None
        if action.dest == "verb":
            if word not in VERBS:
                return None
            parser = verb(word)[1]
            waiting = _positionals(parser)
        elif isinstance(action, argparse._SubParsersAction):
            if word not in action.choices:
                return None
            parser = action.choices[word]
            waiting = _positionals(parser)
        else:
            positionals.append(word)
            if action.nargs not in ("+", "*"):
                waiting = waiting[1:]
    return parser, waiting[0] if waiting else None, positionals


def _positionals(parser: ArgumentParser) -> list[Action]:
    return [one for one in parser._actions if not one.option_strings and one.dest != "rest"]


def _option(parser: ArgumentParser, word: str) -> Action | None:
    return parser._option_string_actions.get(word.partition("=")[0]) if word.startswith("-") else None


def _options(parser: ArgumentParser) -> list[Candidate]:
    return [
        Candidate(name, action.help or "")
        for action in parser._actions
        if action.help != SUPPRESS
        for name in action.option_strings
    ]


def _values(action: Action, positionals: list[str], last: str) -> list[Candidate]:
    """What an argument may be: its choices, or what its metavar stands for."""
    if action.dest == "verb":
        found = [Candidate(name, text) for name, text in VERBS.items()]
    elif isinstance(action, argparse._SubParsersAction):
        found = [Candidate(one.dest, one.help or "") for one in action._choices_actions]
    elif action.choices:
        found = [Candidate(str(one)) for one in action.choices]
    elif action.metavar in ("DIR", "FILE"):
        return [Candidate(DIRECTORIES if action.metavar == "DIR" else FILES)]
    elif source := SOURCES.get(str(action.metavar)):
        found = _asked(source, positionals)
    else:
        found = []
    return [one for one in found if one.word.startswith(last)]


def _asked(
    source: "Callable[[Client, list[str]], Iterator[Candidate]]", positionals: list[str]
) -> list[Candidate]:
    """What the daemon knows; nothing when it does not answer at once."""
    try:
        client = connect(argparse.Namespace(url=None, token=None))
        client.quiet = PATIENCE
        return [
            Candidate(safe(one.word), safe(" ".join(one.text.split()))) for one in source(client, positionals)
        ]
    except (CliError, KeyError, TypeError):
        return []


def _conversations(client: Client, given: list[str]) -> Iterator[Candidate]:
    for row in client.get("/conversations", limit=200)["conversations"]:
        if row["id"] not in given:
            yield Candidate(row["id"], f"{row['status']}: {cut(row['title'], 60)}")


def _approvals(client: Client, _given: list[str]) -> Iterator[Candidate]:
    for row in client.get("/approvals")["approvals"]:
        yield Candidate(row["id"], f"{row['tool']} in {row['conversationId'][:8]}")


def _agents(client: Client, _given: list[str]) -> Iterator[Candidate]:
    for row in client.get("/agents")["agents"]:
        yield Candidate(row["id"], row["name"] if row["installed"] else f"{row['name']}, not installed")


def _tokens(client: Client, _given: list[str]) -> Iterator[Candidate]:
    for row in client.get("/tokens")["tokens"]:
        yield Candidate(row["id"], row["name"])


def _devices(client: Client, _given: list[str]) -> Iterator[Candidate]:
    for row in client.get("/devices")["devices"]:
        yield Candidate(row["id"], row["name"])


def _messages(client: Client, given: list[str]) -> Iterator[Candidate]:
    for row in client.get(f"/conversations/{part(given[0])}/queue")["queue"] if given else []:
        yield Candidate(row["messageId"], cut(row["content"], 60))


SOURCES: dict[str, Callable[[Client, list[str]], Iterator[Candidate]]] = {
    "CONV": _conversations,
    "APPROVAL": _approvals,
    "AGENT": _agents,
    "TOKEN": _tokens,
    "DEVICE": _devices,
    "MESSAGE": _messages,
}
"""By what an argument is called in the help."""


def shown(candidates: list[Candidate], shell: str) -> list[str]:
    """One line for each, as the shell's script reads it: the word, a tab, and what it stands for."""
    if shell == "bash":
        return [one.word for one in candidates]
    return [f"{one.word}\t{one.text}" if one.text else one.word for one in candidates]
