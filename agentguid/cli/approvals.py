"""List what agents ask permission for, allow it or deny it."""

from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.calls import call
from agentguid.cli.client import Client, connect, part
from agentguid.cli.options import common
from agentguid.cli.output import ago, print_json, print_table, say


def arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ls|allow|deny")
    common(actions.add_parser("ls", help="what waits for an answer"))
    for name in ("allow", "deny"):
        action = common(actions.add_parser(name))
        action.add_argument("approval", metavar="APPROVAL")
        action.add_argument(
            "--always", action="store_true", help="and whenever the agent asks the like again"
        )
        action.add_argument("--message", help="why, for the agent")


def run(args: Namespace) -> int:
    client = connect(args)
    return _list(client, args) if args.action == "ls" else _decide(client, args)


def _list(client: Client, args: Namespace) -> int:
    answer = client.get("/approvals")
    if args.json:
        print_json(answer)
    else:
        print_table(("ID", "CONVERSATION", "SINCE", "WANTS"), map(_row, answer["approvals"]))
    return 0


def _decide(client: Client, args: Namespace) -> int:
    decision = ("allow" if args.action == "allow" else "reject") + ("_always" if args.always else "_once")
    body = {"decision": decision, "message": args.message}
    answer = client.post(
        f"/approvals/{part(args.approval)}", {k: v for k, v in body.items() if v is not None}
    )
    if args.json:
        print_json(answer)
    else:
        say("allowed" if args.action == "allow" else "denied")
    return 0


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    wants = call(row.get("tool"), row.get("input"))
    return row["id"], row.get("conversationId", "")[:8], ago(row.get("created_at")), wants
