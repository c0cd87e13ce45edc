"""Histories that the genuine programs wrote, told as facts: the whole story, in order, with its times; in any pieces."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentguid.agents.histories.readers import READERS
from agentguid.effects.import_jobs import Read
from agentguid.effects.import_telling import Place, Telling
from agentguid.protocol import events as e
from agentguid.protocol import wire
from tests.support import histories
from tests.support.telling import batches, beside, sessions, step, told


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    histories.unpack(home)
    return home


def _multi(
    write: str, shell: str, read: str, edit: str, *, shell_fails: bool, unread: bool = False
) -> list[str]:
    """The same scenario, with each agent's own tools. Where they say that a command failed, so does the story."""
    return [
        "> [[multi]] make it",
        "thought: I need to create the file first, then list the folder.",
        "message: I'll create the file.",
        write,
        "failed" if unread else "done",
        "message: Now I'll run it and list the folder.",
        shell,
        "done",
        "message: Next, something that fails.",
        shell,
        "failed" if shell_fails else "done",
        "message: Let me read the file back.",
        read,
        "done",
        "message: And change a word.",
        edit,
        "failed" if unread else "done",
        "message: ## Done",
        "complete",
        "> [[simple]] again",
        "thought: A greeting; answer briefly.",
        "message: Hello! Here is a **short** answer with `code`:",
        "complete",
    ]


STORIES = {
    ("claude-code", f"{histories.CLAUDE}2"): [
        "> [[story]] write a note, please",
        "thought: The note has to be written before it can be counted.",
        "message: I'll write the note.",
        "Write",
        "done",
        "message: Now I'll count its lines.",
        "Bash",
        "done",
        "message: And something that fails.",
        "Bash",
        "failed",
        "message: ## Done",
        "complete",
        "> [[simple]] and hello again",
        "thought: A greeting; answer briefly.",
        "message: Hello! Here is a **short** answer with `code`:",
        "complete",
    ],
    ("claude-code", f"{histories.CLAUDE}3"): [
        "> [[task]] count the files",
        "message: I'll hand this to a sub-agent.",
        "Agent",
        "  message: Counting.",
        "  Bash",
        "done",
        "  message: There are 1 files.",
        "done",
        "message: The sub-agent answered: <tools-used-before-summary>Bash</too",
        "complete",
    ],
    ("claude-code", f"{histories.CLAUDE}4"): [
        "> [[err401]] go",
        "notice: The model provider: 401 invalid x-api-key. Attempt 1 of 2.",
        "notice: The model provider: 401 invalid x-api-key. Attempt 2 of 2.",
        "error",
    ],
    ("claude-code", f"{histories.CLAUDE}5"): [
        "> [[parallel]] go",
        "message: Two at once.",
        "Bash",
        "Bash",
        "done",
        "done",
        "message: Both done.",
        "complete",
    ],
    ("claude-code", f"{histories.CLAUDE}6"): [
        "> [[image]] what is this?",
        "Attached",
        "done",
        "message: I can see 1 image(s) in this conversation.",
        "notice: The conversation so far was replaced by a summary.",
        "thought: This session is being continued from a previous conversation",
        "complete",
        "> /compact",
        "notice: Compacted (ctrl+o to see full summary)",
        "complete",
        "> [[simple]] after the summary",
        "thought: A greeting; answer briefly.",
        "message: Hello! Here is a **short** answer with `code`:",
        "complete",
        "> /usage",
        "notice: Estimated cost:        $0.0859",
        "complete",
    ],
    ("codex", "01a2162f-0fb1-7b43-8a53-13f1ada77340"): _multi(
        "apply_patch", "exec_command", "exec_command", "apply_patch", shell_fails=True
    ),
    ("codex", "01a2162f-167c-7583-be3c-5dbfcf1e7513"): ["> [[err401]] go", "error"],
    ("gemini", "ed38f873-6588-48c5-b273-2f52fde19156"): _multi(
        "write_file", "run_shell_command", "read_file", "replace", shell_fails=False
    ),
    ("qwen", "83aafffd-f731-46bf-a488-4620c029b6ef"): _multi(
        "write_file", "run_shell_command", "read_file", "edit", shell_fails=True, unread=True
    ),
    ("opencode", "ses_de9d091cdffeqccdpYoEgivuoj"): [
        line.replace("> ", '> "') + '"' if line.startswith("> ") else line
        for line in _multi("write", "bash", "read", "edit", shell_fails=False)
    ],
}


@pytest.mark.parametrize(("source", "session"), STORIES, ids=lambda value: value[-6:])
def test_a_genuine_history_is_told_whole(home: Path, tmp_path: Path, source: str, session: str) -> None:
    one = sessions(home, source)[session]
    facts = told(one, tmp_path)

    assert [step(event) for event, _, _ in facts] == STORIES[source, session]
    assert one.cwd == "/work/demo"
    assert one.title == (
        "Demo session" if source == "opencode" else STORIES[source, session][0].removeprefix("> ")
    )
    times = [at for _, at, _ in facts]
    assert times == sorted(times)
    assert one.began - 1_000_000 <= times[0]


def test_every_genuine_session_has_its_story_here(home: Path) -> None:
    assert {(source, session) for source in READERS for session in sessions(home, source)} == set(STORIES)


def test_the_same_line_is_the_same_item_however_often_it_is_told(home: Path, tmp_path: Path) -> None:
    for source, session in STORIES:
        one = sessions(home, source)[session]
        assert told(one, tmp_path) == told(one, tmp_path)


@pytest.mark.parametrize(
    ("source", "session"), [key for key in STORIES if key[0] in ("claude-code", "codex", "qwen")][::2]
)
def test_a_session_that_goes_on_is_told_from_where_it_was(
    home: Path, tmp_path: Path, source: str, session: str
) -> None:
    """Cut after any line, as a daemon finds it that looks while an agent writes: together it is the same story."""
    one = sessions(home, source)[session]
    whole = told(one, tmp_path)
    data = Path(one.path).read_bytes()
    copy = tmp_path / "copy.jsonl"
    ends = [place + 1 for place, byte in enumerate(data) if byte == 10]
    for cut in ends[:: max(1, len(ends) // 12)]:
        copy.write_bytes(data[: cut + 7])  # the next line has only begun
        moved = msgspec.structs.replace(one, path=str(copy))
        first = batches(moved, tmp_path)
        copy.write_bytes(data)
        rest = batches(moved, tmp_path, first[-1].offset, first[-1].carry)
        facts = [fact for batch in (*first, *rest) for fact in batch.facts]
        events = [wire.decode(fact.name, fact.schema, bytes(fact.data)) for fact in facts]
        lines = [step(event) for event in events if not isinstance(event, e.TurnEnded)]
        # A turn that looked finished is closed at the end of the file; what comes after that closes nothing twice.
        assert lines == [step(event) for event, _, _ in whole if not isinstance(event, e.TurnEnded)]


def test_a_file_that_was_written_anew_is_told_from_its_beginning(home: Path, tmp_path: Path) -> None:
    one = sessions(home, "claude-code")[f"{histories.CLAUDE}5"]
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(Path(one.path).read_bytes())
    session = msgspec.structs.replace(one, path=str(copy))
    first = batches(session, tmp_path)
    other = sessions(home, "claude-code")[f"{histories.CLAUDE}2"]
    copy.write_bytes(Path(other.path).read_bytes())

    rest = batches(session, tmp_path, first[-1].offset, first[-1].carry)

    assert sum(len(batch.facts) for batch in rest) == len(STORIES["claude-code", other.id])


def test_what_is_kept_between_two_looks_stays_small(home: Path, tmp_path: Path) -> None:
    for source, session in STORIES:
        last = batches(sessions(home, source)[session], tmp_path)[-1]
        assert len(last.carry) < 2000
        assert msgspec.json.decode(last.carry, type=Place).changed > 0


class Apart:
    """Says that turns that began in some seconds were ours; knows nothing by ids."""

    def __init__(self, *seconds: int) -> None:
        self._seconds = seconds

    def did(self, names: Any, at: int, *, sure: bool) -> bool | None:
        return None

    def ran(self, at: int) -> bool:
        return at // 1_000_000 in self._seconds


@pytest.mark.parametrize(("source", "session"), STORIES, ids=lambda value: value[-6:])
def test_turns_of_ours_are_left_out_of_a_genuine_history(
    home: Path, tmp_path: Path, source: str, session: str
) -> None:
    """Each of them alone, and all: the others are told as they were."""
    one = sessions(home, source)[session]
    whole = told(one, tmp_path)
    began = [at // 1_000_000 for event, at, _ in whole if isinstance(event, e.TurnStarted)]
    turn, mine = 0, []
    for event, _, _ in whole:
        turn += isinstance(event, e.TurnStarted)
        mine.append(turn)
    for ours in ([], began[:1], began[-1:], began):
        telling = Telling(Read(one, 0, b"", None, *beside(tmp_path)))
        telling.story._ours = Apart(*ours)
        facts = [fact for batch in telling.run() for fact in batch.facts]
        events = [wire.decode(fact.name, fact.schema, bytes(fact.data)) for fact in facts]
        others = [event for (event, _, _), of in zip(whole, mine, strict=True) if began[of - 1] not in ours]
        assert events == others
