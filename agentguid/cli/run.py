"""Create a conversation in the current directory, send a prompt and follow the answer.

On a terminal, questions of the agent are answered by a key. Exit code 0 when the turn is done, 1 when it failed or was
interrupted. Ctrl+C stops watching, not the agent.
"""

from argparse import ArgumentParser, Namespace

from agentguid.cli import attaching, new
from agentguid.cli.attaching import attachments
from agentguid.cli.client import connect
from agentguid.cli.follow import watch
from agentguid.cli.output import print_json, say
from agentguid.cli.send import message, send
from agentguid.protocol.ids import turn_of


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("prompt", metavar="PROMPT", help="- reads it from standard input")
    new.arguments(parser)
    attaching.arguments(parser)
    parser.add_argument(
        "-d",
        "--detach",
        "--no-follow",
        action="store_true",
        help="print the conversation's id and leave it at work",
    )


def run(args: Namespace) -> int:
    client, files = connect(args), attachments(args.attach)
    text = message(args.prompt, alone=not files)
    conversation = new.create(client, args)
    if not args.detach:
        say(f"conversation: {conversation['id']}")
    answer = send(client, conversation["id"], text, files)
    if args.detach:
        print_json(answer) if args.json else print(conversation["id"])
        return 0
    turn = turn_of(answer["message"]["id"])
    return watch(client, conversation["id"], conversation["position"], turn, prompts=False, as_json=args.json)
