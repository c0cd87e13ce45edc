"""Create a conversation in the current directory, send a prompt and follow the answer.

Exit code 1 when the turn ends in error. Ctrl+C stops watching, not the agent.
"""

from argparse import ArgumentParser, Namespace

from agentguid.cli import new
from agentguid.cli.client import connect
from agentguid.cli.follow import watch
from agentguid.cli.output import say
from agentguid.cli.send import message, send
from agentguid.protocol.ids import turn_of


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("prompt", metavar="PROMPT", help="- reads it from standard input")
    new.arguments(parser)


def run(args: Namespace) -> int:
    client = connect(args)
    text = message(args.prompt)
    conversation = new.create(client, args)
    say(f"conversation: {conversation['id']}")
    answer = send(client, conversation["id"], text)
    turn = turn_of(answer["message"]["id"])
    return watch(client, conversation["id"], conversation["position"], turn, prompts=False, as_json=args.json)
