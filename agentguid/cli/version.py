"""Print the version of this program."""

import sys
from argparse import ArgumentParser, Namespace

from agentguid import __version__
from agentguid.cli.output import print_json


def arguments(parser: ArgumentParser) -> None:
    pass


def run(args: Namespace) -> int:
    if args.json:
        print_json({"version": __version__, "python": sys.version.split()[0]})
    else:
        print(f"agentguictl {__version__}")
    return 0
