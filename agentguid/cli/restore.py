"""Make a backup the log of this data directory, which must have none. The daemon must be stopped.

The backup is verified first. What ran when it was taken is found interrupted by the next start.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from agentguid.cli.backup import carried_out, said_missing
from agentguid.cli.client import configured
from agentguid.cli.output import print_json, say


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("source", metavar="DIR", help="what `agentguictl backup` has made")


def run(args: Namespace) -> int:
    data = configured().data
    from agentguid.append.backup import restore

    label = carried_out(args, lambda tell: restore(Path(args.source).absolute(), data, tell))
    if args.json:
        print_json({"restored": str(data), **label})
    else:
        say(
            f"restored {label['position']:,} events and {label['blobs']} files beside them to {data}; start the daemon"
        )
        said_missing(label)
    return 0
