"""Histories that break off: a turn, a tool call or a line without an end is told when it is clear that none comes."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from agentguid.agents.histories.base import FOR_GOOD, SILENT
from agentguid.effects import import_telling
from agentguid.effects.import_jobs import Batch, Read
from agentguid.effects.import_lines import LEFT, RESTING
from agentguid.effects.import_telling import FACTS, Telling
from agentguid.protocol import wire
from tests.support import histories
from tests.support.importing import iso
from tests.support.telling import batches, beside, sessions, step

HOUR = 3_600_000_000


def steps(told: list[Batch]) -> list[str]:
    facts = [fact for batch in told for fact in batch.facts]
    return [step(wire.decode(fact.name, fact.schema, bytes(fact.data))) for fact in facts]


def file(home: Path) -> Path:
    return home / ".claude" / "projects" / "p" / "s.jsonl"


def broken_off(home: Path, at: int) -> list[dict[str, Any]]:
    """A session that was ended while a tool ran."""
    rows = histories.said("s", 1, "build it", "", iso(at), "/work/demo")
    rows[1]["message"] |= {"content": [histories.call("t", "Bash")], "stop_reason": "tool_use"}
    histories.write(file(home), rows)
    return rows


def look(home: Path, before: Batch | None = None) -> list[Batch]:
    place = (before.offset, before.carry) if before else (0, b"")
    return batches(sessions(home, "claude-code")["s"], home, *place)


def micros() -> int:
    return time.time_ns() // 1000


def test_a_call_without_a_result_is_cut_short_after_an_hour_and_its_result_may_come(tmp_path: Path) -> None:
    at = micros() - HOUR // 2
    rows = broken_off(tmp_path, at)
    told = look(tmp_path)
    assert steps(told) == ["> build it", "Bash"]
    assert told[-1].again == at + SILENT + 1

    at = micros() - 2 * HOUR
    broken_off(tmp_path, at)
    told = look(tmp_path)
    assert steps(told) == ["> build it", "Bash", "cut short"]
    assert told[-1].again == at + FOR_GOOD + 1
    assert steps(look(tmp_path, told[-1])) == []

    more = histories.said("s", 2, "", "Built.", iso(micros()), "/work/demo")
    more[0]["message"]["content"] = [{"type": "tool_result", "tool_use_id": "t", "content": "ok"}]
    with file(tmp_path).open("a") as whole:
        whole.writelines(json.dumps(row) + "\n" for row in more)
    told = look(tmp_path, told[-1])
    assert steps(told) == ["done", "message: Built.", "complete"]
    assert told[-1].again == 0
    assert len(rows) == 2


def test_a_turn_without_an_end_is_interrupted_after_a_day(tmp_path: Path) -> None:
    broken_off(tmp_path, micros() - FOR_GOOD - HOUR)

    told = look(tmp_path)

    assert steps(told) == ["> build it", "Bash", "cut short", "interrupted"]
    assert told[-1].again == 0


def test_a_last_line_without_an_end_is_told_when_it_rests(tmp_path: Path) -> None:
    first, second = histories.said("s", 1, "hi", "ho", "2026-11-20T10:00:00Z", "/work/demo")
    histories.write(file(tmp_path), [first])
    with file(tmp_path).open("a") as whole:
        whole.write(json.dumps(second))
    told = look(tmp_path)
    assert "message: ho" not in steps(told)
    assert told[-1].again > micros()

    before = time.time() - RESTING - 5
    os.utime(file(tmp_path), (before, before))
    told = look(tmp_path)

    assert steps(told) == ["> hi", "message: ho", "complete"]
    assert told[-1].again == 0


def test_half_a_line_waits_for_its_other_half(tmp_path: Path) -> None:
    first, second = histories.said("s", 1, "hi", "ho", iso(micros()), "/work/demo")
    histories.write(file(tmp_path), [first])
    text = json.dumps(second)
    with file(tmp_path).open("a") as half:
        half.write(text[:40])
    before = time.time() - RESTING - 5
    os.utime(file(tmp_path), (before, before))
    told = look(tmp_path)
    assert steps(told) == ["> hi"]
    assert told[-1].again > micros()

    with file(tmp_path).open("a") as rest:
        rest.write(text[40:] + "\n")

    assert steps(look(tmp_path, told[-1])) == ["message: ho", "complete"]


def test_half_a_line_that_was_left_is_shown_and_what_comes_behind_it_is_told(tmp_path: Path) -> None:
    first, second = histories.said("s", 1, "hi", "ho", iso(micros()), "/work/demo")
    histories.write(file(tmp_path), [first])
    with file(tmp_path).open("a") as half:
        half.write(json.dumps(second)[:40])
    before = time.time() - LEFT - 5
    os.utime(file(tmp_path), (before, before))
    told = look(tmp_path)
    assert steps(told)[:1] == ["> hi"]
    assert steps(told)[1].startswith("unknown: ")

    with file(tmp_path).open("a") as rest:
        rest.write(json.dumps(second) + "\n")

    assert steps(look(tmp_path, told[-1])) == ["message: ho", "complete"]


def test_a_line_of_many_facts_comes_in_batches_that_can_be_told_again(tmp_path: Path) -> None:
    first, second = histories.said("s", 1, "hi", "", "2026-11-20T10:00:00Z", "/work/demo")
    second["message"]["content"] = [{"type": "text", "text": str(number)} for number in range(500)]
    histories.write(file(tmp_path), [first, second])

    told = look(tmp_path)

    assert max(len(batch.facts) for batch in told) <= FACTS
    assert len(steps(told)) == 502
    for batch in told[:-1]:  # as if the daemon had died after it
        assert steps(look(tmp_path, batch))[-1] == "complete"
        names = {
            bytes(fact.data)
            for one in (*told[: told.index(batch) + 1], *look(tmp_path, batch))
            for fact in one.facts
        }
        assert len(names) == 502


class Unsure:
    """Says nothing before it must, and then that it was not ours."""

    def did(self, names: Any, at: int, *, sure: bool) -> bool | None:
        return None

    def ran(self, at: int) -> bool:
        return False


def test_a_long_turn_is_not_kept_until_it_is_clear_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_telling, "HELD", 20_000)
    first, second = histories.said("s", 1, "hi", "ho", "2026-11-20T10:00:00Z", "/work/demo")
    rows = [{**second, "uuid": f"u{number}"} for number in range(500)]
    histories.write(file(tmp_path), [first, *rows])
    telling = Telling(Read(sessions(tmp_path, "claude-code")["s"], 0, b"", None, *beside(tmp_path)))
    telling.story._ours = Unsure()

    told = list(telling.run())

    assert len(told) > 500 // FACTS
    assert told[0].offset < 100_000 < file(tmp_path).stat().st_size
