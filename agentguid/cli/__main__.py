"""`agentguictl`: finds the verb, lets it parse and run, turns what goes wrong into an exit code."""

import os
import sys

from agentguid.cli.errors import FAILED, INTERRUPTED, USAGE, CliError
from agentguid.cli.output import complain
from agentguid.cli.parsers import top, verb
from agentguid.cli.verbs import VERBS


def main(argv: list[str] | None = None) -> int:
    """Runs one command line and returns its exit code: 0, 1, 2, 3, 4, 69, 77 (`errors`), 130 after Ctrl+C."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except CliError as error:
        complain(f"agentguictl: {error}")
        return error.code
    except KeyError as error:  # every answer is read by name
        complain(f"agentguictl: the daemon's answer has no {error}: `agentguictl doctor` compares versions")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(argv: list[str]) -> int:
    parser = top()
    args = parser.parse_args(argv)
    if args.verb is None:
        parser.print_help()
        return USAGE
    if args.verb not in VERBS:
        parser.error(f"there is no verb `{args.verb}`{_meant(args.verb)}; agentguictl --help lists them")
    module, parser = verb(args.verb)
    parser.parse_args(args.rest, args)
    code: int = module.run(args)
    sys.stdout.flush()
    return code


def _meant(given: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(given, VERBS, 1)
    return f" (did you mean `{near[0]}`?)" if near else ""


if __name__ == "__main__":
    sys.exit(main())
