"""An agent whose sign-in asks on a terminal, as those of real agents do: a program of its own. Standard library only.

    signin.py --version | auth login | setup-token | auth status | update | flood N | hold

`auth login` shows a link, reads a code without an echo and remembers it in $HOME/.signin; `setup-token` prints a long token over
several lines, as wide as the terminal; `auth status` says by its exit code whether it is signed in.
"""

import getpass
import json
import os
import sys
import time
from pathlib import Path

TOKEN = "sk-ant-oat01-" + "Zq7xW9_k-" * 10 + "AA"


def install(folder: Path, name: str = "claude") -> Path:
    """A program of this name in the folder, which is to be put on PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -I {__file__} "$@"\n')
    path.chmod(0o755)
    return path


def main() -> int:
    kept = Path(os.environ["HOME"]) / ".signin"
    match sys.argv[1:]:
        case ["--version"]:
            version = kept.with_name(".version")
            if kept.with_name(".slow").exists() and version.exists():
                time.sleep(1)  # the new version takes its time
            print(version.read_text() if version.exists() else "1.2.3")
        case ["auth", "login"]:
            print("Open https://example.org/login")
            code = getpass.getpass("Code: ")
            if code != "4711":
                print("That code is wrong.")
                return 1
            kept.write_text(json.dumps({"code": code}))
            print(f"Signed in. Your refresh token is {TOKEN}")
        case ["setup-token"]:
            getpass.getpass("Code: ")
            width = os.get_terminal_size().columns
            print("\x1b[1mYour token:\x1b[0m\n")
            for place in range(0, len(TOKEN), width):
                print("\x1b[33m" + TOKEN[place : place + width] + "\x1b[0m")
            print("\nStore it securely.")
        case ["auth", "status"]:
            print(json.dumps({"loggedIn": kept.exists(), "authMethod": "code"}))
            return 0 if kept.exists() else 1
        case ["update"]:
            print("Updating from 1.2.3…")
            kept.with_name(".version").write_text("1.3.0")
            print("\x1b[32mdone\x1b[0m")
        case ["flood", count]:
            for number in range(int(count)):
                sys.stdout.write(f"line {number} " + "x" * 60 + "\n")
            print("the end")
        case ["hold"]:
            print("holding", flush=True)
            time.sleep(1000)
    return 0


if __name__ == "__main__":
    sys.exit(main())
