"""Watch a conversation: its text as it streams, until the turn ends (or for good with --keep).

On a terminal, questions of the agent are answered by a key. Exit code 0 when the turn is done, 1 when it failed or was
interrupted. Ctrl+C stops watching, not the agent.
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from agentguid.cli.client import Client, connect, part
from agentguid.cli.errors import FAILED, INTERRUPTED, NOT_FOUND, CliError, Unreachable
from agentguid.cli.keyboard import interactive
from agentguid.cli.output import clock, print_json, say
from agentguid.cli.plain import Plain
from agentguid.cli.transcript import Transcript
from agentguid.protocol.ids import turn_of

RUNNING = ("running", "starting", "stopping", "silent", "stuck", "catching_up", "waiting", "lost")


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("conversation", metavar="CONV", nargs="?", help="default: the one that runs")
    parser.add_argument("--keep", action="store_true", help="go on after the turn has ended")
    parser.add_argument("--after", type=int, metavar="N", help="begin after this position of the log")


def run(args: Namespace) -> int:
    client = connect(args)
    answer = client.get(f"/conversations/{part(args.conversation or _running(client))}")
    conversation, session = answer["conversation"], answer.get("latestSession") or {}
    active = session.get("status") in ("active", "pending")
    if not active and not args.keep:
        say(f"nothing is running; agentguictl show {conversation['id']} prints what was")
        if again := conversation.get("retry"):
            short = conversation["id"][:8]
            say(
                f"its last turn is tried again at {clock(again['at'])}: agentguictl retry {short} does it now"
            )
        if conversation["queueHeld"]:
            say(f"messages are held back: agentguictl queue release {conversation['id']} sends the next one")
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
    """Draws what happens after a position until `turn` ends (None: without end); returns the exit code."""
    ends = _Ends(client, conversation, turn)
    try:
        if not as_json and interactive():
            from agentguid.cli.view import View

            return View(client, conversation, prompts=prompts).run(after, ends)
        drawing = Transcript(Plain(running=True), prompts=prompts)
        query: dict[str, Any] = {
            "conversation": conversation,
            "follow": 1,
            "live": None if as_json else 1,
        }
        for message in client.follow("/events", after, **query):
            if message.event == "live":
                drawing.live(json.loads(message.data))
            if message.id is None or message.event in ("live", "caught-up"):
                continue
            envelope = json.loads(message.data)
            print_json(envelope) if as_json else drawing.event(envelope)
            if (code := ends(envelope)) is not None:
                return code
    except KeyboardInterrupt:
        short = conversation[:8]
        say("\nThe agent goes on; you stopped watching.")
        say(f"  agentguictl follow {short}   watches again\n  agentguictl stop {short}     ends its turn")
        return INTERRUPTED
    return 0


class _Ends:
    """Gets each event, and returns the exit code once enough was seen of a turn.

    A turn that waits ends before it begins when its message is taken out, or when one before it fails. One that a limit
    cut short goes on with the turn that tries it again.
    """

    def __init__(self, client: Client, conversation: str, turn: str | None) -> None:
        self._client, self._conversation, self._turn = client, conversation, turn
        self._ended = False
        """The turn has failed."""
        self._held = False
        """It was told that what waits is held back, as it is still."""

    def __call__(self, envelope: Mapping[str, Any]) -> int | None:
        data, kind = envelope.get("data") or {}, envelope.get("type")
        ours = self._turn is not None and data.get("turn") == self._turn
        match kind:
            case "turn.ended" if ours and data.get("outcome") == "complete":
                return 0
            case "turn.started" if self._turn and data.get("retries") == self._turn:
                self._turn, self._ended = str(data["turn"]), False
            case "retry.cancelled" if ours:
                return FAILED
            case "turn.ended" if ours and data.get("limit") and self._row().get("retry"):
                self._ended = True
            case "turn.ended" if ours:
                self._ended = True
                return None if not self._held and self._holds() else FAILED
            case "queue.held" if self._turn and self._holds():
                self._held = True
                return FAILED if self._ended or not ours else None
            case "message.removed" if self._turn and turn_of(str(data.get("message"))) == self._turn:
                raise CliError("the message was taken out of the queue")
            case "conversation.deleted":
                raise CliError("the conversation was deleted", NOT_FOUND)
        return None

    def _holds(self) -> bool:
        """What waits is held back. When that follows from an end, it is the next event."""
        return bool(self._row().get("queueHeld"))

    def _row(self) -> dict[str, Any]:
        """The conversation as it is now; nothing when the daemon is gone."""
        client = self._client.another()  # the first one reads the stream
        try:
            row: dict[str, Any] = client.get(f"/conversations/{part(self._conversation)}")["conversation"]
        except Unreachable:
            return {}
        else:
            return row
        finally:
            client.close()


def _running(client: Client) -> str:
    """The id of the only conversation that runs."""
    rows = client.get("/conversations", limit=200)["conversations"]
    found = [row for row in rows if row["status"] in RUNNING]
    if len(found) == 1:
        return str(found[0]["id"])
    which = "; ".join(f"{row['id'][:8]} {row['title'][:40]}" for row in found)
    raise CliError(f"name one that runs: {which}" if found else "no conversation is running", NOT_FOUND)


def _beginning(client: Client, session: str) -> int:
    """The position just before the turn began."""
    chunks = client.get(f"/sessions/{part(session)}/chunks", sinceSeq=0, limit=1)["chunks"]
    return chunks[0]["position"] - 1 if chunks else 0
