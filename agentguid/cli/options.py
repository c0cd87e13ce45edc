"""The options that every verb has."""

from argparse import SUPPRESS, ArgumentParser


def common(parser: ArgumentParser, default: str | None = SUPPRESS) -> ArgumentParser:
    """Adds them. By default one that is not given leaves what a parser further out has found."""
    parser.add_argument("--json", action="store_true", default=default or False, help="print JSON")
    parser.add_argument(
        "--url", default=default, help="a daemon elsewhere (or $AGENTGUID_URL): https://host:3000/gm"
    )
    parser.add_argument(
        "--token", default=default, help="its token (better in $AGENTGUID_TOKEN: others see arguments)"
    )
    return parser
