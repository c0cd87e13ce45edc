"""The parser of a verb, made when it is needed; completion and the documents read the same ones."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module
from types import ModuleType

from agentguid.cli.options import common
from agentguid.cli.verbs import VERBS


def verb(name: str) -> tuple[ModuleType, ArgumentParser]:
    """A verb's module, and its parser."""
    module = import_module(f"agentguid.cli.{name}")
    parser = ArgumentParser(
        f"agentguictl {name}", description=module.__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    common(parser)
    module.arguments(parser)
    return module, parser


def top() -> ArgumentParser:
    """The parser of what stands before the verb."""
    from argparse import REMAINDER, SUPPRESS

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
