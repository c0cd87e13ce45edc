"""Each tool is shown in its own way, under whatever name an agent has for it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentguid.protocol.items import Body
from agentguid.render import tools
from agentguid.render.panels import (
    Code,
    Command,
    Diff,
    Fact,
    Folded,
    Links,
    Listing,
    Matches,
    Panel,
    Picture,
    Plan,
    Prose,
    Questions,
    Terminal,
)
from agentguid.render.partial import completed
from agentguid.render.tools.files import numbered
from tests.support.gallery import NEW, OLD, PATCH, QUESTION, TODOS, picture


def view(name: str, **given: Any) -> tools.ToolView:
    return tools.view(name, Body(json.dumps(given), "application/json"))


def outcome(name: str, output: Any, failed: bool = False, **given: Any) -> Any:
    text = output if isinstance(output, str) else json.dumps(output)
    kind = "text/plain" if isinstance(output, str) else "application/json"
    return tools.outcome(name, Body(json.dumps(given)), Body(text, kind), failed)


def kinds(panels: tuple[Panel, ...]) -> list[type[Panel]]:
    return [type(panel) for panel in panels]


EDIT = {"old_string": "a", "new_string": "b"}


@pytest.mark.parametrize(
    ("name", "given_", "line", "panels"),
    [
        ("Read", {"file_path": "/a.py", "offset": 40, "limit": 9}, ("file", "/a.py", "from line 40, 9 lines"), []),
        ("read_file", {"absolute_path": "/a.py"}, ("file", "/a.py", ""), []),
        ("read", {"filePath": "/a.py"}, ("file", "/a.py", ""), []),
        ("Write", {"file_path": "/a.py", "content": "x"}, ("file", "/a.py", ""), [Code]),
        ("write_file", {"file_path": "/a.py", "content": "x"}, ("file", "/a.py", ""), [Code]),
        ("Edit", {"file_path": "/a.py", **EDIT}, ("pencil", "/a.py", ""), [Diff]),
        ("replace", {"file_path": "/a.py", **EDIT}, ("pencil", "/a.py", ""), [Diff]),
        ("edit", {"filePath": "/a", "oldString": "a", "newString": "b"}, ("pencil", "/a", ""), [Diff]),
        ("MultiEdit", {"file_path": "/a.py", "edits": [EDIT, EDIT]}, ("pencil", "/a.py", ""), [Diff, Diff]),
        ("NotebookEdit", {"notebook_path": "/a.ipynb", "new_source": "x", "cell_id": "c"}, ("pencil", "/a.ipynb", "replace cell c"), [Code]),
        ("apply_patch", {"input": PATCH}, ("pencil", "src/retry.py, src/window.py, src/forever.py", ""), [Diff] * 3),
        ("fileChange", {"changes": {"/a": {"type": "add", "content": "x\n"}}}, ("pencil", "/a", ""), [Diff]),
        ("Bash", {"command": "ls\nls", "description": "Look"}, ("terminal", "ls ls", "· Look"), [Command]),
        ("shell", {"command": ["bash", "-lc", "ls | wc"]}, ("terminal", "ls | wc", ""), [Command]),
        ("shell", {"command": ["git", "log", "a b"]}, ("terminal", "git log 'a b'", ""), [Command]),
        ("run_shell_command", {"command": "ls", "is_background": True}, ("terminal", "ls", "· in the background"), [Command]),
        ("BashOutput", {"bash_id": "b1"}, ("terminal", "b1", ""), []),
        ("KillShell", {"shell_id": "b1"}, ("terminal", "b1", ""), []),
        ("Glob", {"pattern": "*.py", "path": "/src"}, ("search", "*.py", "in /src"), []),
        ("search_file_content", {"pattern": "x", "include": "*.py"}, ("search", "x", "in *.py"), []),
        ("LS", {"path": "/src"}, ("folder", "/src", ""), []),
        ("list_directory", {"dir_path": "/src"}, ("folder", "/src", ""), []),
        ("WebFetch", {"url": "https://x/y", "prompt": "p"}, ("globe", "https://x/y", ""), [Prose]),
        ("google_web_search", {"query": "q"}, ("globe", "q", ""), []),
        ("TodoWrite", {"todos": TODOS}, ("plan", "1 of 3 · Take the name from the command line", ""), [Plan]),
        ("update_plan", {"plan": [{"step": "a", "status": "pending"}]}, ("plan", "0 of 1", ""), [Plan]),
        ("TaskUpdate", {"taskId": "1", "status": "in_progress"}, ("plan", "#1", "· in progress"), []),
        ("Task", {"description": "d", "prompt": "p", "subagent_type": "x"}, ("fork", "d", "· x"), [Prose]),
        ("Agent", {"prompt": "p", "run_in_background": True}, ("fork", "p", "· in the background"), []),
        ("mcp__linear__create_issue", {"title": "t"}, ("plug", "t", "· linear"), None),
        ("AskUserQuestion", {"questions": [QUESTION]}, ("info", "Which store should it use?", ""), [Questions]),
        ("ExitPlanMode", {"plan": "# Do it\n\n1. x"}, ("plan", "Do it", ""), [Prose]),
        ("Skill", {"skill": "notes", "args": "v2"}, ("key", "notes", "v2"), []),
        ("ToolSearch", {"query": "q"}, ("search", "q", ""), []),
        ("save_memory", {"fact": "tabs"}, ("brain", "tabs", ""), []),
    ],
)  # fmt: skip
def test_the_line_of_a_call(
    name: str, given_: Any, line: tuple[str, str, str], panels: list[type[Panel]] | None
) -> None:
    drawn = view(name, **given_)

    assert (drawn.icon, drawn.arg, drawn.note) == line
    assert panels is None or kinds(drawn.panels) == panels


def test_a_tool_of_a_server_is_named_apart_from_its_server() -> None:
    assert view("mcp__linear__create_issue", title="t").label == "create_issue"


def test_a_tool_that_nobody_knows_shows_names_and_values() -> None:
    drawn = view("SomethingNew", mode="fast", deep={"a": [1]})

    assert (drawn.label, drawn.arg) == ("SomethingNew", "fast")
    assert drawn.panels[0].rows == (("mode", "fast"), ("deep", '{"a":[1]}'))  # type: ignore[attr-defined]


def test_arguments_that_are_not_what_they_should_be_are_shown_as_they_are() -> None:
    assert view("Edit", file_path=3, x=1).panels[0].rows == (("file_path", "3"), ("x", "1"))  # type: ignore[attr-defined]
    assert tools.view("Edit", Body("not json")).panels == (Code("not json"),)


# -- the Agent Client Protocol -----------------------------------------------------------------------------------------
DIFF = {"type": "diff", "path": "/a.py", "oldText": OLD, "newText": NEW}


@pytest.mark.parametrize(
    ("name", "given_", "line", "panels"),
    [
        ("tool", {"kind": "edit", "title": "Edit a.py", "content": [DIFF]}, ("pencil", "Edit", "/a.py"), [Diff]),
        ("write", {"kind": "edit", "title": "write", "rawInput": {"filePath": "/a", "content": "x"}}, ("file", "write", "/a"), [Code]),
        ("", {"kind": "execute", "title": "ls", "rawInput": {}}, ("terminal", "Run", "ls"), [Command]),
        ("", {"kind": "execute", "title": "List", "rawInput": {"command": ["sh", "-c", "ls"]}}, ("terminal", "Run", "List"), [Command]),
        ("bash", {"kind": "execute", "title": "ls", "rawInput": {"command": "ls -l"}}, ("terminal", "bash", "ls -l"), [Command]),
        ("", {"kind": "read", "title": "Read a.py", "locations": [{"path": "/a.py", "line": 3}]}, ("file", "Read", "/a.py"), []),
        ("", {"kind": "search", "title": "greet in src", "content": []}, ("search", "Search", "greet in src"), []),
        ("", {"kind": "think", "title": "Plan it", "content": [{"type": "content", "content": {"type": "text", "text": "t"}}]}, ("brain", "Think", "Plan it"), [Prose]),
        ("", {"kind": "fetch", "title": "https://x"}, ("globe", "Fetch", "https://x"), []),
        ("", {"kind": "delete", "title": "Delete a", "locations": [{"path": "/a"}]}, ("trash", "Delete", "/a"), []),
        ("todowrite", {"kind": "other", "title": "todowrite", "rawInput": {"todos": TODOS}}, ("plan", "Plan", "1 of 3 · Take the name from the command line"), [Plan]),
    ],
)  # fmt: skip
def test_a_call_as_the_protocol_tells_it(
    name: str, given_: Any, line: tuple[str, str, str], panels: list[type[Panel]]
) -> None:
    drawn = view(name, **given_)

    assert (drawn.icon, drawn.label, drawn.arg) == line
    assert kinds(drawn.panels) == panels


# -- what came of it ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("     1→a\n     2→b", (1, "a\nb", "")),
        ("   40\ta\n   41\t\n   42\tb\n", (40, "a\n\nb", "")),
        ("<file>\n00001| a\n00002| b\n\n(End of file - total 2 lines)\n</file>", (1, "a\nb", "")),
        ("1\tonly", (1, "only", "")),
        ("1→a\n2→b\nmore", (1, "a\nb", "more")),
        ("no numbers\nat all", (None, "no numbers\nat all", "")),
        ("1 apple\n2 pears", (None, "1 apple\n2 pears", "")),
        ("7\tx\n9\ty\nz", (None, "7\tx\n9\ty\nz", "")),
        ("", (None, "", "")),
    ],
)
def test_lines_and_their_numbers(text: str, expected: tuple[int | None, str, str]) -> None:
    assert numbered(text) == expected


@given(st.text(st.sampled_from("0123456789→\t| \nab"), max_size=60))
def test_no_line_is_lost_when_the_numbers_are_taken_off(text: str) -> None:
    first, body, rest = numbered(text)

    if first is None:
        assert body == text
    else:
        for number, line in enumerate(body.split("\n"), first):
            assert any(str(number) in row and row.endswith(line) for row in text.split("\n"))
        assert all(row in text for row in rest.split("\n"))


def test_a_file_that_was_read_is_code_with_numbers() -> None:
    found = outcome("Read", "     1→import os\n     2→os.x", file_path="/a.py")

    assert found.panels == (Code("import os\nos.x", "python", 1),)
    assert found.facts == (Fact("2 lines"),)


def test_what_was_found_stands_by_file() -> None:
    found = outcome("Grep", "/a.py:1:x\n/a.py:7:y\n/b.py:2:z", pattern="x")

    assert found.panels[0] == Matches((("/a.py", (("1", "x"), ("7", "y"))), ("/b.py", (("2", "z"),))))
    assert found.facts == (Fact("3 lines in 2 files"),)
    assert found.panels[1] == Folded("Output", (Terminal("/a.py:1:x\n/a.py:7:y\n/b.py:2:z"),))


def test_paths_are_a_list_and_counted() -> None:
    found = outcome("Glob", "/a.py\n/b.py", pattern="*")

    assert found.panels == (Listing((("/a.py", ""), ("/b.py", ""))),)
    assert found.facts == (Fact("2 files"),)


def test_only_links_to_the_web_are_links() -> None:
    rows = '[{"title":"t","url":"https://x/"},{"title":"u","url":"javascript:1"}]'

    assert outcome("WebSearch", f"Links: {rows}\n\nsaid", query="q").panels == (
        Links((("https://x/", "t"),)),
        Prose("said"),
    )


def test_the_answer_stands_with_its_question() -> None:
    said = 'Your questions have been answered: "Which store should it use?"="SQLite".'
    found = outcome("AskUserQuestion", said, questions=[QUESTION])

    assert found.instead
    assert found.panels[0].asked[0].chosen == ("SQLite",)


@pytest.mark.parametrize(
    ("said", "chosen", "words"),
    [
        ('"Rooms?"="Attic". You can now continue.', ("Attic",), ""),
        ('"Rooms?"=""Hall, large", Attic", "Else?"="x". You can now continue.', ("Hall, large", "Attic"), ""),
        ('"Rooms?"="Hall, large". You can now continue.', ("Hall, large",), ""),
        ('"Rooms?"="Attic, the "old" yard". Read the answers carefully', ("Attic",), 'the "old" yard'),
        ('"Rooms?"="Attic" notes: only in summer. You can now continue.', ("Attic",), ""),
    ],
)
def test_several_answers_are_taken_apart(said: str, chosen: tuple[str, ...], words: str) -> None:
    rooms = {
        "question": "Rooms?",
        "multiSelect": True,
        "options": [{"label": "Hall, large"}, {"label": "Attic"}],
    }
    found = outcome("AskUserQuestion", f"Your questions have been answered: {said}", questions=[rooms])

    assert found.panels[0].asked[0].chosen == chosen
    assert found.panels[0].asked[0].words == words


@pytest.mark.parametrize(
    ("output", "text", "code"),
    [
        ("Exit code 2\nboom", "boom", "exit 2"),
        ('{"output":"hi","metadata":{"exit_code":0,"duration_seconds":0.1}}', "hi", "exit 0"),
        ("Exit code: 0\nWall time: 0.1 seconds\nOutput:\nhi", "hi", "exit 0"),
        ("hi", "hi", None),
    ],
)
def test_the_exit_code_is_where_the_agent_says_it(output: str, text: str, code: str | None) -> None:
    found = outcome("Bash", output, command="x")

    assert found.panels == (Terminal(text),)
    assert [fact.text for fact in found.facts] == ([code] if code else [])


TEXT = {"type": "content", "content": {"type": "text", "text": "```\nExit code: 1\nboom\n```"}}


def test_text_in_blocks_is_read_as_the_text() -> None:
    assert outcome("Bash", [TEXT], command="x").panels == (Terminal("boom"),)
    assert outcome("Bash", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]).panels == (
        Terminal("a\nb"),
    )


def test_changes_that_come_with_the_answer_are_shown() -> None:
    panels = outcome("tool", [DIFF, TEXT], kind="edit", title="Edit").panels

    assert kinds(panels) == [Prose, Diff]


def test_json_is_laid_out() -> None:
    assert outcome("mcp__a__b", '{"a":[1,2]}').panels == (Code('{\n  "a": [\n    1,\n    2\n  ]\n}', "json"),)


def test_pictures_are_shown_with_their_size_and_open() -> None:
    found = outcome("Screenshot", [{"type": "text", "text": "there"}, *picture(64, 32)])

    assert found.panels == (Prose("there"), Picture(0, 64, 32))
    assert found.open


def test_a_picture_that_is_too_big_for_an_event_is_known_by_its_beginning() -> None:
    whole = json.dumps(picture(1280, 800))
    body = Body(whole[:200], "application/json", "ab" * 32, len(whole))

    assert tools.outcome("Screenshot", Body("{}"), body, False).panels == (Picture(0, 1280, 800),)


def test_a_file_that_is_too_big_for_an_event_is_shown_as_far_as_it_goes() -> None:
    whole = json.dumps({"file_path": "/a.py", "content": "x = 1\n" * 10_000})
    drawn = tools.view("Write", Body(whole[:4096], "application/json", "ab" * 32, len(whole)))

    assert drawn.arg == "/a.py"
    assert drawn.panels[0].text.startswith("x = 1\nx = 1")  # type: ignore[attr-defined]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON, min_size=1), st.floats(0, 1), st.booleans())
def test_json_that_was_cut_off_anywhere_is_made_whole(value: Any, share: float, ascii_only: bool) -> None:
    whole = json.dumps(value, ensure_ascii=ascii_only)
    cut = whole[: max(1, int(len(whole) * share))]

    found = json.loads(completed(cut))

    assert set(found) <= set(value)


NAMES = st.sampled_from(
    ["Read", "Bash", "Grep", "Glob", "WebFetch", "Agent", "mcp__a__b", "LS", "other", "WebSearch"]
)


def text_in(panels: tuple[Panel, ...]) -> str:
    """Everything that can be read in the panels."""
    found = ""
    for panel in panels:
        found += (
            text_in(panel.panels)
            if isinstance(panel, Folded)
            else "".join(
                map(
                    str,
                    panel.__struct_fields__ and [getattr(panel, name) for name in panel.__struct_fields__],
                )
            )
        )
    return found


@given(NAMES, st.text(st.sampled_from("ab:1\n/. →\t=-0"), max_size=80))
def test_no_word_of_an_output_is_out_of_reach(name: str, output: str) -> None:
    shown = text_in(outcome(name, output, command="x", pattern="x", file_path="/a").panels)

    for word in output.replace("→", " ").split():
        if word.strip("0123456789:|=-.") and word.isalpha():
            assert word in shown
