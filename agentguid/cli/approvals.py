"""List what agents ask permission for, allow it or deny it."""

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.calls import body, call, given
from agentguid.cli.client import Client, connect, part
from agentguid.cli.errors import NOT_FOUND, REFUSED, USAGE, CliError
from agentguid.cli.options import common
from agentguid.cli.output import ago, paint, print_json, print_table, safe, say
from agentguid.cli.quiz import answers, shown

PAGE = 100


def arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ls|allow|deny")
    listing = common(actions.add_parser("ls", help="what waits for an answer"))
    listing.add_argument("approval", metavar="APPROVAL", nargs="?", help="show this one whole")
    for name, text in (("allow", "let the agent do it"), ("deny", "do not let it")):
        action = common(actions.add_parser(name, help=text))
        action.add_argument("approval", metavar="APPROVAL")
        action.add_argument(
            "--always", action="store_true", help="and whenever the agent asks the like again"
        )
        action.add_argument("--message", help="why, for the agent")
        if name == "allow":
            action.add_argument(
                "--answer",
                metavar="[QUESTION=]ANSWER",
                action="append",
                default=[],
                help="to its questions, in their order or by number; also which of several ways to allow it. "
                "ANSWER is a number, a name or own words; may be given several times",
            )


def run(args: Namespace) -> int:
    client = connect(args)
    return _list(client, args) if args.action == "ls" else _decide(client, args)


def _list(client: Client, args: Namespace) -> int:
    answer = _waiting(client)
    if args.approval:
        wanted = _find(answer["approvals"], args.approval)
        found = next((row for row in answer["approvals"] if row["id"] == wanted), None)
        if found is None:
            raise CliError(f"{args.approval} does not wait for an answer", NOT_FOUND)
        print_json(found) if args.json else _whole(found)
    elif args.json:
        print_json(answer)
    elif answer["approvals"]:
        rows = map(_row, answer["approvals"])
        print_table(("ID", "CONVERSATION", "SINCE", "WANTS"), rows, spare=("CONVERSATION", "SINCE"))
    else:
        say("nothing waits for you")
    return 0


def _waiting(client: Client) -> dict[str, Any]:
    """All that waits, page by page. An older daemon knows only the first: it answers with that again."""
    answer: dict[str, Any] = client.get("/approvals", limit=PAGE)
    page = answer["approvals"]
    while len(page) == PAGE:
        known = {row["id"] for row in answer["approvals"]}
        found = client.get("/approvals", limit=PAGE, after=page[-1]["position"])["approvals"]
        page = [row for row in found if row["id"] not in known]
        answer["approvals"] += page
    return answer


def _find(rows: list[dict[str, Any]], given: str) -> str:
    """The id that is meant: a beginning will do while it waits."""
    found = [row["id"] for row in rows if row["id"].startswith(given)]
    if len(found) > 1 and given not in found:
        raise CliError(f"{given} is the beginning of several: {', '.join(found)}", REFUSED)
    return found[0] if len(found) == 1 else given


def _whole(row: dict[str, Any]) -> None:
    if row["questions"]:
        for text, style in shown(row["questions"]):
            print(paint(text, style, sys.stdout))
        return
    print(safe(f"{row['tool']} wants to run with\n"))
    values = given(row["input"])
    for name, value in values.items() or [("", body(row, "input"))]:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        print(paint(safe(name), "dim", sys.stdout))
        print("\n".join(f"  {line}" for line in safe(text).splitlines()))
    if row["reason"]:
        print(paint("reason", "dim", sys.stdout) + "\n  " + safe(row["reason"]))
    for number, option in enumerate(row["options"] if not row["questions"] else [], 1):
        print(f"{number} {safe(option['name'])}")


def _decide(client: Client, args: Namespace) -> int:
    rows = _waiting(client)["approvals"]
    wanted = _find(rows, args.approval)
    decision = ("allow" if args.action == "allow" else "reject") + ("_always" if args.always else "_once")
    body = {"decision": decision, "message": args.message}
    if args.action == "allow":
        body |= _answers(next((row for row in rows if row["id"] == wanted), {}), args.answer)
    answer = client.post(f"/approvals/{part(wanted)}", {k: v for k, v in body.items() if v is not None})
    if args.json:
        print_json(answer)
    else:
        say("denied" if args.action == "deny" else "answered" if body.get("answers") else "allowed")
    return 0


def _answers(row: dict[str, Any], given: list[str]) -> dict[str, Any]:
    """What was chosen of what the request offers."""
    if not given:
        return {}
    if row.get("questions"):
        return {"answers": answers(row["questions"], given)}
    options = [one for one in row.get("options", []) if one["kind"].startswith("allow")]
    names = {
        text: one
        for number, one in enumerate(options, 1)
        for text in (str(number), one["id"], one["name"].casefold())
    }
    if len(given) > 1 or given[0].casefold() not in names:
        ways = "; ".join(f"{number} {one['name']}" for number, one in enumerate(options, 1)) or "nothing"
        raise CliError(f"--answer takes one of what it offers: {ways}", USAGE)
    found = names[given[0].casefold()]
    return {"decision": found["kind"], "optionId": found["id"]}


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    wants = call(row.get("tool"), row.get("input"))
    return row["id"], row.get("conversationId", "")[:8], ago(row.get("created_at")), wants
