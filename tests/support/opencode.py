"""A stand-in for `opencode`, as far as its sign-in goes: a menu on the terminal, then a key. Standard library only.

    opencode.py --version | auth login

As the genuine one (1.18) does: the menu is narrowed by typing, Enter chooses, the key is shown as bars; then the program itself
writes `opencode/auth.json` below its data home, for its user's eyes only, beside what is in it. Ctrl+C changes nothing.
"""

import json
import os
import sys
import termios
import tty
from pathlib import Path

PROVIDERS = {"opencode": "OpenCode Zen", "anthropic": "Anthropic", "openai": "OpenAI", "google": "Google"}
MENU, ASKS, DONE = "Select provider", "Enter your API key", "Done"
"""What it says first, then, and last."""


def install(folder: Path) -> Path:
    """A program `opencode` in the folder, which is to be put on PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "opencode"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -I {__file__} "$@"\n')
    path.chmod(0o755)
    return path


def keys() -> str:
    """What is typed next: one character, or a whole sequence of an arrow."""
    key = os.read(0, 1)
    if key == b"\x03":
        print("\r\n■  Cancelled\r", flush=True)
        raise SystemExit(1)
    return (key + os.read(0, 2) if key == b"\x1b" else key).decode()


def choose() -> str:
    """The id of a provider."""
    typed, place = "", 0
    while True:
        found = [name for name, words in PROVIDERS.items() if typed in f"{name} {words}".lower()]
        lines = [f"◆  {MENU}", f"│  Search: {typed}"]
        lines += [f"│  {'●' if name == found[place] else '○'} {PROVIDERS[name]}" for name in found]
        print("\x1b[2J\x1b[H" + "\r\n".join(["┌  Add credential", *lines]), end="\r\n", flush=True)
        match keys():
            case "\r" if found:
                return found[place]
            case "\x1b[B":
                place = min(place + 1, len(found) - 1)
            case "\x1b[A":
                place = max(place - 1, 0)
            case "\x7f":
                typed, place = typed[:-1], 0
            case key if key.isprintable():
                typed, place = typed + key, 0


def ask() -> str:
    print(f"◆  {ASKS}\r\n│  ", end="", flush=True)
    typed = ""
    while (key := keys()) != "\r" or not typed:
        if key.isprintable():
            typed += key
            print("▪", end="", flush=True)
    return typed


def main() -> int:
    if sys.argv[1:] == ["--version"]:
        print("1.18.33")
        return 0
    if sys.argv[1:] != ["auth", "login"] or not os.isatty(0):
        return 2
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        provider, key = choose(), ask()
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    home = Path(os.environ.get("XDG_DATA_HOME") or Path(os.environ["HOME"], ".local/share"))
    file = home / "opencode" / "auth.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**kept, provider: {"type": "api", "key": key}}, indent=2))
    file.chmod(0o600)
    print(f"\n└  {DONE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
