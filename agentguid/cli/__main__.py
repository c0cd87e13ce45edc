"""`agentguictl`: finds the verb, lets it parse and run, turns what goes wrong into an exit code."""

import os
import sys
from argparse import REMAINDER, SUPPRESS, ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module

from agentguid.cli.errors import INTERRUPTED, USAGE, CliError
from agentguid.cli.options import common
from agentguid.cli.output import safe, say
from agentguid.cli.verbs import VERBS


def main(argv: list[str] | None = None) -> int:
    """Runs one command line and returns its exit code: 0, 1, 2, 3, 4, 69, 77 (`errors`), 130 after Ctrl+C."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except CliError as error:
        say(f"agentguictl: {safe(str(error))}")
        return error.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(argv: list[str]) -> int:
    top = _parser()
    args = top.parse_args(argv)
    if args.verb is None:
        top.print_help()
        return USAGE
    if args.verb not in VERBS:
        top.error(f"there is no verb `{args.verb}`; agentguictl --help lists them")
    verb = import_module(f"agentguid.cli.{args.verb}")
    parser = ArgumentParser(f"agentguictl {args.verb}", description=verb.__doc__)
    common(parser)
    verb.arguments(parser)
    parser.parse_args(args.rest, args)
    code: int = verb.run(args)
    sys.stdout.flush()
    return code


def _parser() -> ArgumentParser:
    width = max(map(len, VERBS)) + 2
    listing = "\n".join(f"  {name:<{width}}{text}" for name, text in VERBS.items())
    parser = ArgumentParser(
        "agentguictl",
        description="The control CLI of agentguid.",
        epilog=f"verbs:\n{listing}\n\nagentguictl VERB --help says more. Ids may be shortened to a unique prefix.",
        formatter_class=RawDescriptionHelpFormatter,
    )
    common(parser, default=None)
    parser.add_argument("verb", nargs="?", metavar="VERB")
    parser.add_argument("rest", nargs=REMAINDER, help=SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
