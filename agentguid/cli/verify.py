"""Check that the log is whole: every event in its place, unchanged, and the chain over them unbroken.

Works with the daemon up or down. Exit code 1 names the first position that is wrong.
"""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from agentguid.cli.client import configured
from agentguid.cli.errors import NOT_FOUND, CliError
from agentguid.cli.output import print_json


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--after", type=int, default=0, metavar="N", help="begin after this position")


def run(args: Namespace) -> int:
    path = configured().log
    if not path.exists():
        raise CliError(f"there is no log at {path}", NOT_FOUND)
    broken = check(path, args.after)
    if args.json:
        print_json({"log": str(path), "whole": broken is None, "error": broken})
    else:
        print(broken or f"{path}: whole")
    return 0 if broken is None else 1


def check(path: Path, after: int) -> str | None:
    """What is wrong with the log first, or None. Counts along on a terminal."""
    import apsw

    from agentguid.append.chain import verify
    from agentguid.append.connection import DAMAGE, damaged, reader
    from agentguid.protocol.errors import LogBroken

    try:
        db = reader(path)
    except LogBroken as error:
        return str(error)
    try:
        for position in verify(db, after):
            if sys.stderr.isatty():
                print(f"\r{position} events", end="", file=sys.stderr, flush=True)
    except (LogBroken, *DAMAGE) as error:
        return str(damaged(path, error))
    except apsw.Error as error:
        return f"{path} cannot be read: {error}"
    finally:
        db.close()
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    return None
