"""Watch a conversation: its text as it streams, until the turn ends (or for good with --keep)."""

import json
from argparse import ArgumentParser, Namespace

from agentguid.cli.client import Client, connect, part
from agentguid.cli.errors import FAILED, INTERRUPTED
from agentguid.cli.output import print_json, say
from agentguid.cli.transcript import Transcript


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversation", metavar="CONV")
    parser.add_argument("--keep", action="store_true", help="go on after the turn has ended")
    parser.add_argument("--after", type=int, metavar="N", help="begin after this position of the log")


def run(args: Namespace) -> int:
    client = connect(args)
    answer = client.get(f"/conversations/{part(args.conversation)}")
    conversation, session = answer["conversation"], answer.get("latestSession") or {}
    active = session.get("status") in ("active", "pending")
    if not active and not args.keep:
        say(f"nothing is running; agentguictl show {conversation['id']} prints what was")
        return 0
    after = args.after
    if after is None:
        after = _beginning(client, session["id"]) if active else conversation["position"]
    turn = None if args.keep else session["id"]
    return watch(client, conversation["id"], after, turn, as_json=args.json)


def watch(
    client: Client,
    conversation: str,
    after: int,
    turn: str | None,
    *,
    prompts: bool = True,
    as_json: bool = False,
) -> int:
    """Draws what happens after a position until `turn` ends (None: without end). Exit code 1 when it ends in error."""
    drawing = Transcript(prompts=prompts)
    query = {"conversation": conversation, "follow": 1, "live": None if as_json else 1}
    try:
        for message in client.follow("/events", after, **query):
            if message.event == "live":
                drawing.live(json.loads(message.data))
            if message.id is None or message.event in ("live", "caught-up"):
                continue
            envelope = json.loads(message.data)
            print_json(envelope) if as_json else drawing.event(envelope)
            data = envelope.get("data") or {}
            if envelope.get("type") == "turn.ended" and data.get("turn") == turn:
                return FAILED if data.get("outcome") == "error" else 0
            if envelope.get("type") == "conversation.deleted":
                say("the conversation was deleted")
                return FAILED
    except KeyboardInterrupt:
        say(
            f"\nleft running: agentguictl follow {conversation} goes on watching, agentguictl stop {conversation} ends it"
        )
        return INTERRUPTED
    return 0


def _beginning(client: Client, session: str) -> int:
    """The position just before the turn began."""
    chunks = client.get(f"/sessions/{part(session)}/chunks", sinceSeq=0, limit=1)["chunks"]
    return chunks[0]["position"] - 1 if chunks else 0
