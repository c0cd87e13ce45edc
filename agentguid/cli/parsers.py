"""The parser of a verb, made when it is needed; completion and the documents read the same ones."""

from argparse import REMAINDER, SUPPRESS, ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module
from keyword import iskeyword
from types import ModuleType

from agentguid.cli.cells import fold
from agentguid.cli.options import common
from agentguid.cli.verbs import VERBS

BEGIN = """\
begin with:
  agentguictl run "what is to be done"
  agentguictl doctor

agentguictl VERB --help says more.
Ids may be shortened to a unique prefix."""


def verb(name: str) -> tuple[ModuleType, ArgumentParser]:
    """A verb's module, and its parser."""
    module = import_module(f"agentguid.cli.{name}_" if iskeyword(name) else f"agentguid.cli.{name}")
    parser = ArgumentParser(
        f"agentguictl {name}", description=module.__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    common(parser)
    module.arguments(parser)
    return module, parser


def top() -> ArgumentParser:
    """The parser of what stands before the verb."""
    parser = _Top(
        "agentguictl",
        description="The control CLI of agentguid, which runs your coding agents.",
        formatter_class=RawDescriptionHelpFormatter,
    )
    common(parser, default=None)
    parser.add_argument("verb", nargs="?", metavar="VERB")
    parser.add_argument("rest", nargs=REMAINDER, help=SUPPRESS)
    return parser


class _Top(ArgumentParser):
    def format_help(self) -> str:
        self.epilog = f"{_listing()}\n\n{BEGIN}"
        return super().format_help()


def _listing() -> str:
    """The verbs; what they do stands beside them, or below where the terminal is narrow."""
    from shutil import get_terminal_size

    room = get_terminal_size().columns - 2
    width = max(map(len, VERBS)) + 2
    lines = ["verbs:"]
    for name, text in VERBS.items():
        if room >= 60:
            first, *rest = fold(text, room - width - 2)
            lines += [f"  {name:<{width}}{first}", *(" " * (width + 2) + line for line in rest)]
        else:
            lines += [f"  {name}", *(f"    {line}" for line in fold(text, room - 4))]
    return "\n".join(lines)
