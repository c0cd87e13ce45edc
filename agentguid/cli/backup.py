"""Copy the log and all that it names into a new directory, and verify the copy. The daemon may go on meanwhile.

What agents wrote word for word (tapes) stays out: the log has what it came to. `agentguictl restore` is the way back.
"""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentguid.cli.client import configured
from agentguid.cli.errors import FAILED, NOT_FOUND, REFUSED, USAGE, CliError
from agentguid.cli.output import print_json, say, size
from agentguid.cli.progress import Progress

NAMED = 5
"""Missing files that are named; `--json` names all."""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "target", metavar="DIR", nargs="?", help="default: a new one in `backups` of the data directory"
    )


def run(args: Namespace) -> int:
    data = configured().data
    target = (
        Path(args.target).absolute() if args.target else data / "backups" / time.strftime("%Y-%m-%d-%H%M%S")
    )
    from agentguid.append.backup import backup

    label = carried_out(args, lambda tell: backup(data, target, tell))
    if args.json:
        print_json({"backup": str(target), **label})
    else:
        print(target)
        said_missing(label)
        say(
            f"{label['position']:,} events and {label['blobs']} files beside them, {size(label['bytes'])}, verified"
        )
    return 0


def said_missing(label: dict[str, Any]) -> None:
    """Names what a backup is without."""
    if missing := label["missing"]:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        say(f"not in it, because they are missing or damaged in `blobs`: {', '.join(missing[:NAMED])}{more}")


def carried_out(args: Namespace, work: Callable[[Progress], Any]) -> dict[str, Any]:
    """Does the work and shows how far it is; its refusals become exit codes."""
    if args.url:
        raise CliError("this works on the files of this machine; leave --url out", USAGE)
    from msgspec.structs import asdict

    from agentguid.protocol.errors import AgentguidError, NotFound, Refused

    progress = Progress()
    try:
        return dict(asdict(work(progress)))
    except AgentguidError as error:
        code = NOT_FOUND if isinstance(error, NotFound) else REFUSED if isinstance(error, Refused) else FAILED
        raise CliError(str(error), code) from None
    except OSError as error:
        raise CliError(f"{error.filename or 'the disk'}: {error.strerror}") from None
    finally:
        progress.end()
