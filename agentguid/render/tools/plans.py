"""Plans, to-do lists, questions, and what a model remembers."""

import re
from typing import Any

import msgspec

from agentguid.protocol.items import Body
from agentguid.render.panels import Outcome, Plan, Prose, Question, Questions
from agentguid.render.text import one_line
from agentguid.render.tools import results
from agentguid.render.tools.base import Call, Output, ToolView, first, maybe, string

STEPS, QUESTIONS = 200, 20
"""Steps and questions that are shown."""
_STATES = {
    "completed": "done",
    "done": "done",
    "in_progress": "now",
    "in-progress": "now",
    "cancelled": "done",
}
_NEXT = re.compile(r'"(?:, "|\. You can now|\. Read the answers| selected preview:| notes: |\.?$)')
_PART = re.compile(r'("(?:[^"\\]|\\.)*")(?:, |$)|(.+?)(?:, |$)', re.DOTALL)
_TASK = re.compile(r"^#?(\d+)[.:]? \[(\w+)\] (.*)$")


def todos(call: Call) -> ToolView:
    """A whole list at once: Claude's TodoWrite, Codex's update_plan, OpenCode's todowrite."""
    listed = first(call.given, ("todos", "plan", "entries", "items"))
    if isinstance(listed, str):  # Gemini: a list in Markdown
        return ToolView("plan", "Plan", "", panels=(Prose(listed),))
    return plan_view(steps(listed))


def plan_view(found: tuple[tuple[str, str], ...]) -> ToolView:
    panel = Plan(found)
    return ToolView("plan", "Plan", panel.title, panels=(panel,))


def steps(listed: Any) -> tuple[tuple[str, str], ...]:
    """The steps of a plan as (`done`, `now` or nothing, text)."""
    return tuple(
        (
            _STATES.get(str(one.get("status")), ""),
            str(one.get("content") or one.get("step") or one.get("description") or one.get("title") or ""),
        )
        for one in listed[:STEPS]
    )


def plan(body: Body) -> Plan | None:
    """The steps of a plan that is JSON: a list of them, or an object that has one. None when it is prose."""
    if body.blob is not None or not body.text.lstrip().startswith(("[", "{")):
        return None
    try:
        found = msgspec.json.decode(body.text)
        listed = (
            found if isinstance(found, list) else found.get("todos") or found.get("plan") or found["entries"]
        )
        return Plan(steps(listed))
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def task(call: Call) -> ToolView:
    """One entry of Claude's task list."""
    which, state = maybe(call.given, "taskId"), maybe(call.given, "status")
    subject = maybe(call.given, "subject", "activeForm")
    arg = " ".join(word for word in (f"#{which}" if which else "", one_line(subject)) if word)
    said = maybe(call.given, "description")
    return ToolView(
        "plan", "Task", arg, f"· {state.replace('_', ' ')}" if state else "", (Prose(said),) if said else ()
    )


def task_list(_call: Call) -> ToolView:
    return ToolView("plan", "Tasks")


def tasks(call: Call, output: Output) -> Outcome:
    """Claude's task list, as it answers it."""
    rows = [_TASK.match(row) for row in output.text.splitlines() if row.strip()]
    if output.failed or not rows or not all(rows):
        return results.plain(call, output)
    return Outcome((Plan(tuple((_STATES.get(row[2], ""), row[3]) for row in rows if row)),))


def exit_plan(call: Call) -> ToolView:
    """The plan that the agent wants to carry out."""
    text = string(call.given, ("plan",))
    title = next((row.lstrip("# ").strip() for row in text.splitlines() if row.strip()), "")
    return ToolView("plan", "Plan", one_line(title), panels=(Prose(text),))


def ask(call: Call) -> ToolView:
    """Questions to the user."""
    asked = questions(call.given)
    return ToolView("info", "Question", one_line(asked[0].text), panels=(Questions(asked),))


def questions(given: dict[str, Any]) -> tuple[Question, ...]:
    answers = given.get("answers")
    asked = tuple(
        Question(
            maybe(one, "header"),
            string(one, ("question",)),
            tuple((str(o["label"]), maybe(o, "description")) for o in one.get("options") or ()),
            one.get("multiSelect") is True,
        )
        for one in given["questions"][:QUESTIONS]
    )
    known = answers if isinstance(answers, dict) else {}
    return tuple(answered(one, str(known.get(one.text, ""))) for one in asked)


def answers(call: Call, output: Output) -> Outcome:
    """The questions with what the user said. Agents repeat it as `"question"="answer"`."""
    if output.failed:
        return results.plain(call, output)
    asked = questions(call.given)
    said = tuple(answered(one, _answer(output.text, one.text)) for one in asked)
    known = any(one.chosen or one.words for one in said)
    return Outcome((Questions(said),), instead=True, open=True) if known else results.plain(call, output)


def _answer(text: str, question: str) -> str:
    """What stands between this question and the next one, or the end of the sentence."""
    _, mark, rest = text.partition(f'"{question}"="')
    end = _NEXT.search(rest)
    return (rest[: end.start()] if end else rest.rpartition('"')[0]) if mark else ""


def answered(question: Question, said: str) -> Question:
    """The question with its answer. Where several could be chosen, they stand one after the other."""
    if not said:
        return question
    labels = [label for label, _ in question.options]
    parts = _parts(said) if question.several and said not in labels else [said]
    chosen = tuple(part for part in parts if part in labels)
    words = ", ".join(part for part in parts if part not in labels)
    return msgspec.structs.replace(question, chosen=chosen, words=words)


def _parts(said: str) -> list[str]:
    """The answers in a list whose members are quoted where they need it."""
    return [_unquoted(quoted) if quoted else bare for quoted, bare in _PART.findall(said)]


def _unquoted(text: str) -> str:
    try:
        return str(msgspec.json.decode(text))
    except msgspec.DecodeError:
        return text


def remember(call: Call) -> ToolView:
    return ToolView("brain", call.name, one_line(string(call.given, ("fact", "content", "memory"))))


def think(call: Call) -> ToolView:
    text = string(call.given, ("thought", "thoughts", "content"))
    return ToolView("brain", "Thought", one_line(text), panels=(Prose(text),))
