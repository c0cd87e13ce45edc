"""Change how a conversation goes on: its agent, model, mode or other options: at once where the agent can, else from the next turn on."""

from argparse import ArgumentParser, Namespace

from agentguid.cli.client import connect, part
from agentguid.cli.errors import USAGE, CliError
from agentguid.cli.new import MODES
from agentguid.cli.output import print_json, safe, say


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversation", metavar="CONV")
    parser.add_argument("--agent", metavar="AGENT", help="another agent")
    parser.add_argument("--model", metavar="NAME", help="another model; '' for the agent's own choice")
    parser.add_argument("--mode", choices=MODES, help="what the agent may do without asking")
    parser.add_argument(
        "--option",
        metavar="NAME=VALUE",
        action="append",
        help="something else that the agent offers, such as effort=high ('agentguictl agents models' lists them); may be repeated; an empty VALUE is its own choice",
    )


def run(args: Namespace) -> int:
    named = {"agentId": args.agent, "model": args.model, "mode": args.mode, "options": _options(args.option)}
    body = {name: value for name, value in named.items() if value is not None}
    if not body:
        raise CliError("say what to change: --agent, --model, --mode or --option", USAGE)
    row = connect(args).post(f"/conversations/{part(args.conversation)}", body)["conversation"]
    if args.json:
        print_json(row)
    else:
        more = "".join(f", {name} {value}" for name, value in row["options"].items())
        now = f"{row['agentId']}, model {row['model'] or 'default'}, mode {row['mode']}{more}"
        say(safe(f"{now}: at once where the agent can, else from the next turn on"))
    return 0


def _options(given: list[str] | None) -> dict[str, str] | None:
    if given is None:
        return None
    for one in given:
        if not one.partition("=")[1]:
            raise CliError(f"--option {one}: write NAME=VALUE, such as effort=high", USAGE)
    return dict(one.split("=", 1) for one in given)
