"""The messages that wait for a running turn to end: list them, change them, take them out, move them, have them read now.

After a turn that failed they are held back: `release` sends the next one, and so does whatever is sent.
"""

from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.attaching import listed
from agentguid.cli.client import Client, connect, part
from agentguid.cli.errors import NOT_FOUND, REFUSED, CliError
from agentguid.cli.options import common
from agentguid.cli.output import ago, complain, one_line, print_json, print_table, say
from agentguid.cli.send import message


def arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ls|edit|rm|move|now|release")
    listing = common(actions.add_parser("ls", help="what waits, next one first"))
    listing.add_argument("conversation", metavar="CONV")
    release = common(actions.add_parser("release", help="send what a failed turn holds back"))
    release.add_argument("conversation", metavar="CONV")
    for name, text in (
        ("edit", "change the text"),
        ("rm", "take it out"),
        ("now", "into the turn that runs"),
        ("move", "to another place"),
    ):
        action = common(actions.add_parser(name, help=text))
        action.add_argument("conversation", metavar="CONV")
        action.add_argument("message", metavar="MESSAGE", help="its id, the beginning of it, or its place")
        if name == "edit":
            action.add_argument("text", metavar="TEXT", help="the new text; - reads it from standard input")
        if name == "move":
            action.add_argument("place", metavar="PLACE", type=int, help="1 is next")


def run(args: Namespace) -> int:
    client = connect(args)
    base = f"/conversations/{part(args.conversation)}/queue"
    waiting = client.get(base)
    rows = waiting["queue"]
    if args.action == "ls":
        print_json(waiting) if args.json else _print(rows, args.conversation if waiting["held"] else None)
        return 0
    if args.action == "release":
        answer = client.post(f"{base}/release")
        print_json(answer) if args.json else say(_released(waiting, answer))
        return 0
    wanted = find(rows, args.message)
    answer, done = _act(client, base, args, rows, wanted)
    print_json(answer) if args.json else say(done)
    return 0


def _act(
    client: Client, base: str, args: Namespace, rows: list[dict[str, Any]], wanted: str
) -> tuple[Any, str]:
    match args.action:
        case "edit":
            return client.patch(f"{base}/{part(wanted)}", {"content": message(args.text)}), "changed"
        case "rm":
            return client.delete(f"{base}/{part(wanted)}"), "taken out"
        case "now":
            return client.post(f"{base}/{part(wanted)}/steer"), "the agent reads it before its next step"
    order = [row["messageId"] for row in rows if row["messageId"] != wanted]
    order.insert(max(0, args.place - 1), wanted)
    return client.post(f"{base}/reorder", {"order": order}), f"moved to place {order.index(wanted) + 1}"


def find(rows: list[dict[str, Any]], given: str) -> str:
    """The id of the message that is meant."""
    found = [row["messageId"] for row in rows if row["messageId"].startswith(given)]
    if given.isdecimal() and 1 <= int(given) <= len(rows):
        found = [rows[int(given) - 1]["messageId"]]
    if len(found) != 1:
        word = "several messages" if found else "no message"
        raise CliError(f"{word} like {given} in this queue", REFUSED if found else NOT_FOUND)
    return str(found[0])


def _said(row: dict[str, Any]) -> str:
    return " ".join([row["content"], *listed(row.get("attachments") or [])]).strip()


def _since(row: dict[str, Any]) -> str:
    return "going in" if row.get("steering") else ago(row["queued_at"])


def _released(before: dict[str, Any], after: dict[str, Any]) -> str:
    left = len(after["queue"])
    more = f"; {left} more wait{'s' if left == 1 else ''}" if left else ""
    return f"the next message is sent{more}" if before["held"] else "nothing was held back"


def _print(rows: list[dict[str, Any]], held: str | None) -> None:
    """`held` is the conversation whose failed turn holds them back."""
    if not rows:
        say("nothing waits")
        return
    table = [
        (str(n), row["messageId"][:8], _since(row), one_line(_said(row), 500))
        for n, row in enumerate(rows, 1)
    ]
    print_table(("", "ID", "SINCE", "TEXT"), table, spare=("SINCE",))
    if held:
        complain(
            "\nThe last turn did not come to its end, so that nothing is sent by itself:\n"
            f"  agentguictl queue release {held}   sends the next one"
        )
