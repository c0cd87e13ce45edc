"""What a few agents did this morning, for pages that look as in use: told by a stand-in for Claude Code."""

from typing import Any, NamedTuple

from tests.support.gallery import CHAPTERS, Step, call

HELLO = "import sys\n\n\ndef greet(name):\n    return f'hello {name}'\n\n\nif __name__ == '__main__':\n    print(greet(*sys.argv[1:]))\n"
SEVERAL = HELLO.replace("def greet(name):\n    return f'hello {name}'", "def greet(*names):\n    return 'hello ' + (' '.join(names) or 'everyone')")  # fmt: skip
CASES = """\
import pytest
from hello import greet


@pytest.mark.parametrize(("names", "said"), [
    ((), "hello everyone"),
    (("Ada",), "hello Ada"),
    (("Ada", "Lovelace"), "hello Ada Lovelace"),
])
def test_everybody_is_greeted(names, said):
    assert greet(*names) == said
"""
PASSED = """\
============================= test session starts ==============================
collected 12 items

tests/test_hello.py ............                                         [100%]

============================== 12 passed in 0.81s ==============================
"""
TODOS = ("Read how the greeting is built", "Take names of several words", "Test it", "Push the branch", "Show it in the README")  # fmt: skip


class Story(NamedTuple):
    title: str
    folder: str
    prompt: str
    steps: list[Step]
    open: bool = False
    """Its last call stays open, or asks."""
    mode: str = "ask"


def plan(done: int) -> Step:
    status = ["completed"] * done + ["in_progress"] + ["pending"] * len(TODOS)
    return call("TodoWrite", {"todos": [{"content": words, "status": one, "activeForm": words} for words, one in zip(TODOS, status, strict=False)]})  # fmt: skip


def asks(tool: str, given: dict[str, Any], output: str = "ok", **more: Any) -> Step:
    return call(tool, given, output, asks=True, **more)


STORE = [
    {"question": "Which store should it use?", "header": "Store", "multiSelect": False, "options": [
        {"label": "SQLite", "description": "One file, nothing to run"},
        {"label": "Postgres", "description": "When several hosts write"}]},
    {"question": "What should survive a restart?", "header": "Kept", "multiSelect": True, "options": [
        {"label": "Sessions", "description": "Nobody has to sign in again"},
        {"label": "Carts, open orders", "description": "What was put in stays in, for a week"},
        {"label": "Form drafts", "description": "Half-written text"}]},
]  # fmt: skip
OUTLINE = """# Import bank statements

1. Read **CAMT.053** and plain CSV into one `Entry` type
2. Match entries to open invoices: by reference, then by amount and date
3. Show what did not match; book nothing without a look

| file | change |
|---|---|
| `ledger/camt.py` | new: the reader |
| `ledger/match.py` | rules, with a table of cases |

*Not in this round:* MT940, and the bank's own API.
"""
STORIES = {
    "anchors": Story("Broken anchors in the guide", "site", "Find links in the guide that lead nowhere.", [
        call("Grep", {"pattern": "](#", "path": "docs"}, "docs/guide.md:12:[set up](#setup)\ndocs/guide.md:90:[limits](#limit)"),
        {"text": "Two anchors have no heading: `#setup` is now `#set-up`, and `#limit` was dropped in March. I changed the first; "
                 "the second needs a decision, so I left it."}]),
    "balance": Story("Speed up the balance query", "ledger", "The balance page takes a second. Why?", [
        call("Bash", {"command": "sqlite3 ledger.db 'EXPLAIN QUERY PLAN SELECT sum(amount) FROM entry WHERE account = 7'"}, "SCAN entry"),
        {"text": "An index on `(account, day)` brings it from 840 to 11 ms. The query scanned all 2.1 million entries for each account."}]),
    "receipts": Story("Sort last year's receipts", "ledger", "Sort the receipts of last year by month.", [
        call("Bash", {"command": "ls receipts | wc -l"}, "214"),
        {"text": "All 214 receipts lie in a folder of their month now; eleven had no date, I took it from the file."}]),
    "greet": Story("Greet by name, and test it", "demo", "hello.py greets one word only. Let it take a whole name, and test it.", [
        plan(0),
        call("Read", {"file_path": "hello.py"}, "".join(f"{number:>6}→{line}\n" for number, line in enumerate(HELLO.splitlines(), 1))),
        {"text": "`greet` takes exactly one name, so `hello.py Ada Lovelace` fails. I let it take any number of words and greet everyone when there is none:\n\n"
                 "| call | before | after |\n|---|---|---|\n| `hello.py` | error | hello everyone |\n| `hello.py Ada` | hello Ada | hello Ada |\n| `hello.py Ada Lovelace` | error | hello Ada Lovelace |"},
        call("Edit", {"file_path": "hello.py", "old_string": HELLO, "new_string": SEVERAL}, "updated"),
        call("Write", {"file_path": "tests/test_hello.py", "content": CASES}, "File created"),
        call("Bash", {"command": "python3 -m pytest"}, PASSED),
        plan(3),
        {"text": "All twelve tests pass."}]),
    "port": Story("Port the demo to argparse", "demo", "Use argparse in hello.py, with --help.", [
        {"text": "I look at how the arguments are read today."},
        {"tool": "Bash", "input": {"command": "python3 -m pytest -x --pdb-trace", "description": "Run the tests until the first failure"}}], True),
    "store": Story("Where should sessions live?", "site", "Sessions are lost on restart. Keep them.", [
        {"text": "Two things decide how I do this."},
        call("AskUserQuestion", {"questions": STORE}, "ok", asks=True)], True),
    "chosen": Story("Where should the cache live?", "site", "The cache is cold after a restart. Keep it.", [
        call("AskUserQuestion", {"questions": STORE}, 'Your questions have been answered: "Which store should it use?"="Only what is there already, please", "What should survive a restart?"="Sessions, "Carts, open orders"". You can now continue with these answers in mind.', asks=True),
        {"text": "Then I keep sessions and carts in the files that are there."}], True),
    "outline": Story("Outline of the importer", "ledger", "Plan an importer for bank statements.", [
        {"text": "I have looked at three statements. This is how I would do it:"},
        call("ExitPlanMode", {"plan": OUTLINE, "planFilePath": "/home/ada/.claude/plans/importer.md"}, "User has approved your plan.", asks=True)], True, mode="plan"),
    "retry": Story("Retry window for webhooks", "ledger", "Webhooks are tried for ever. Bound that.", [
        {"text": "The delay doubles without a limit. I cap it at the window:"},
        asks("Edit", {"file_path": "ledger/retry.py", "old_string": "    def delay(self, attempt):\n        return 2 ** attempt\n",
                      "new_string": "    def delay(self, attempt):\n        return min(2 ** attempt, self.window)\n"})], True),
    "upgrade": Story("Upgrade to SQLAlchemy 2.1", "ledger", "Upgrade SQLAlchemy and run the tests.", [
        asks("Bash", {"command": "pip install --upgrade 'sqlalchemy>=2.1'", "description": "Upgrade SQLAlchemy"}),
        {"end": {"is_error": True, "subtype": "error_during_execution", "api_error_status": 529, "result": "API Error: 529 overloaded_error"}}], True),
    "push": Story("Greet by name: push it", "demo", "Check the names of several words once more, then push.", [
        plan(3),
        call("Edit", {"file_path": "hello.py", "old_string": HELLO, "new_string": SEVERAL}, "updated"),
        call("Bash", {"command": "python3 -m pytest -q"}, PASSED),
        {"text": "All twelve tests pass, with one, two and no names. The branch is one commit ahead of `main`, so I push it."},
        asks("Bash", {"command": "git push -u origin greet-name", "description": "Push the branch"})], True),
}  # fmt: skip
STORIES["long"] = Story("Check every entry", "ledger", "Check the entries of March one by one.", [
    {"text": f"Entry {number} is balanced: {number * 37 % 91}.50 on both sides."} for number in range(1, 160)
])  # fmt: skip
STORIES["month"] = Story("A working day", "demo", "Go on.", [
    step
    for number in range(1, 18)
    for step in (
        {"think": f"The {number}. place is like the others, but it has a default that nobody passes."},
        call("Read", {"file_path": f"demo/part_{number}.py"}, "".join(f"{line:>6}→    value_{line} = compute({line})\n" for line in range(1, 60))),
        call("Grep", {"pattern": f"value_{number}"}, f"demo/part_{number}.py:{number}:    value_{number} = compute({number})"),
        call("Edit", {"file_path": f"demo/part_{number}.py", "old_string": HELLO, "new_string": SEVERAL}, "updated"),
        call("Bash", {"command": f"python3 -m pytest -q -k part_{number}"}, PASSED),
        {"text": f"Part {number} takes **several** names now; its test says so. See `demo/part_{number}.py`.\n\n- no call had to be changed\n- one default went"},
    )
])  # fmt: skip
STORIES["all"] = Story("One item of every kind", "demo", "Show everything.", [
    step for name, steps in CHAPTERS.items() if name != "running" for step in steps
])  # fmt: skip
"""In the order in which they were told."""
