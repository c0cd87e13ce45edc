"""Print the version of this program, and of the daemon when one answers."""

import sys
from argparse import ArgumentParser, Namespace

from agentguid import __version__
from agentguid.cli.output import print_json


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--daemon", action="store_true", help="the daemon's as well")


def run(args: Namespace) -> int:
    found = {"version": __version__, "python": sys.version.split()[0]}
    if args.daemon:
        from agentguid.cli.client import connect

        found["daemon"] = connect(args).get("/version")["version"]
    if args.json:
        print_json(found)
    else:
        print(f"agentguictl {__version__}")
        if args.daemon:
            from agentguid.cli.output import safe

            print(safe(f"agentguid   {found['daemon']}"))
    return 0
