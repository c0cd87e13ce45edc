"""Change how a conversation goes on: its agent, model or mode: at once where the agent can, else from the next turn on."""

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


def run(args: Namespace) -> int:
    named = {"agentId": args.agent, "model": args.model, "mode": args.mode}
    body = {name: value for name, value in named.items() if value is not None}
    if not body:
        raise CliError("say what to change: --agent, --model or --mode", USAGE)
    row = connect(args).post(f"/conversations/{part(args.conversation)}", body)["conversation"]
    if args.json:
        print_json(row)
    else:
        now = f"{row['agentId']}, model {row['model'] or 'default'}, mode {row['mode']}"
        say(safe(f"{now}: at once where the agent can, else from the next turn on"))
    return 0
