"""Permission requests in words: what is asked, what was answered, and by whom."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from agentguid.protocol.events import ApprovalDecided, ApprovalRequested, ApprovalWithdrawn, Recorded
from agentguid.protocol.items import Decision, Option, Question, Reply
from agentguid.render import panels, text, tools
from agentguid.render.environment import Site

OPTIONS = [Option("allow_once", "allow_once", "Yes"), Option("reject_once", "reject_once", "No")]
"""For an agent that offers none of its own."""
ANSWERS: dict[Decision, str] = {
    "allow_once": "Allowed",
    "allow_always": "Allowed, and from now on without asking",
    "reject_once": "Denied",
    "reject_always": "Denied, and from now on without asking",
}
VERBS = {
    "Write": "write",
    "Edit": "edit",
    "MultiEdit": "edit",
    "NotebookEdit": "edit",
    "Read": "read",
    "WebFetch": "fetch",
}
"""What some tools do with what they are given."""
WHOLE = {
    "AskUserQuestion": "It has a question for you",
    "EnterPlanMode": "May it plan first?",
    "ExitPlanMode": "May it carry out this plan?",
}
"""What stands below says all the rest."""
SAID = 4000
"""Characters of a reason or an answer that are shown."""
NAME = 300
"""Characters of an option's name."""
End = Literal["allowed", "denied", "withdrawn"]


class Ask(Struct, frozen=True):
    """A permission request, ready to be drawn."""

    id: str
    title: str
    what: str
    """What it is about, whole, when the title says only a part of it; else empty."""
    reason: str | None
    options: list[Option]
    at: int
    """When it was asked, microseconds since the epoch."""
    position: int
    """Where it stands in the log: `?at=` opens the window that has it."""
    answer: str | None
    """What became of it, in words; None while it is open."""
    end: End | None
    decided_at: int | None
    url: str
    questions: Sequence[Question] = ()
    """What is to be answered by choosing."""
    told: panels.Questions | None = None
    """The same with the answers, once it is decided."""


def ask(site: Site, conversation: str, asked: Recorded, decision: Recorded | None) -> Ask | None:
    """None when what was asked cannot be read any more."""
    event = asked.event
    if not isinstance(event, ApprovalRequested):
        return None
    view = tools.view(event.tool, event.input)
    done = end(decision) == "allowed"
    title = several(len(event.questions), done) if event.questions else question(event.tool, view)
    whole = view.command is not None or event.tool in WHOLE or bool(event.questions)
    what = "" if whole or view.arg in title else view.arg
    return Ask(
        id=event.approval,
        title=title,
        what=what,
        reason=text.clip(event.reason, SAID) if event.reason and event.reason not in what else None,
        options=[Option(one.id, one.kind, text.one_line(one.name, NAME)) for one in event.options or OPTIONS],
        at=asked.at,
        position=asked.position,
        answer=(words := answer(decision, event)) and text.clip(words, SAID),
        end=end(decision),
        decided_at=decision.at if decision else None,
        url=site.url(f"/conversations/{conversation}/approvals/{event.approval}"),
        questions=event.questions,
        told=told(event.questions, decision) if event.questions and decision else None,
    )


def several(count: int, answered: bool) -> str:
    """The title of a request that asks questions."""
    if answered:
        return "Its question was answered" if count == 1 else f"Its {count} questions were answered"
    return "It has a question for you" if count == 1 else f"It has {count} questions for you"


def told(asked: Sequence[Question], decision: Recorded) -> panels.Questions:
    """The questions with what was answered, if anything was."""
    event = decision.event
    replies = event.answers if isinstance(event, ApprovalDecided) else {}
    return panels.Questions(tuple(_told(one, replies.get(one.id, Reply())) for one in asked))


def _told(one: Question, reply: Reply) -> panels.Question:
    options = tuple((choice.label, choice.description) for choice in one.choices)
    unit = f" {one.unit}" if reply.words and one.unit else ""
    return panels.Question(one.header, one.text, options, one.many, tuple(reply.chosen), reply.words + unit)


def question(tool: str, view: tools.ToolView) -> str:
    """Short: of a file its name, of a long argument the beginning."""
    if view.command is not None:
        return "May it run this command?"
    name = view.arg.rstrip("/").rpartition("/")[2] if view.arg.startswith(("/", "~/")) else view.arg
    name, tool = text.one_line(name or view.arg, 80), text.one_line(tool, 80)
    if tool in WHOLE:
        return WHOLE[tool]
    does = (
        f"{VERBS[tool]} {name}"
        if name and tool in VERBS
        else f"use {tool} on {name}"
        if name
        else f"use {tool}"
    )
    return f"May it {does}?"


def end(decision: Recorded | None) -> End | None:
    if decision is None:
        return None
    if isinstance(decision.event, ApprovalDecided):
        return "denied" if decision.event.decision.startswith("reject") else "allowed"
    return "withdrawn"


def answer(decision: Recorded | None, asked: ApprovalRequested) -> str | None:
    """What became of it; the agent's own word for the answer stands beside ours."""
    if decision is None:
        return None
    match decision.event:
        case ApprovalDecided() as event if asked.questions:
            words = answers(event.answers) or "Not answered"
        case ApprovalDecided() as event:
            name = next((option.name for option in asked.options if option.id == event.option), None)
            words = ANSWERS[event.decision] + (f" ({name})" if name else "")
        case ApprovalWithdrawn() as event:
            return f"Withdrawn: {event.reason}"
        case _:
            return "Decided"
    return f"{words}: {event.message}" if event.message else words


def answers(replies: Mapping[str, Reply]) -> str:
    """What was answered, on one line; empty when nothing was."""
    said = [", ".join([*one.chosen, *([one.words] if one.words else [])]) for one in replies.values()]
    return "Answered: " + "; ".join(said) if said else ""
