"""What the demo agent asks by a form: two questions to choose from, and a plan. Loaded by demo_agent; standard library only."""

import json
from pathlib import Path
from typing import Any

QUESTIONS = [
    {
        "question": "How shall I greet you?",
        "header": "Greeting",
        "multiSelect": False,
        "options": [
            {"label": "Briefly", "description": "One word"},
            {"label": "Properly", "description": "With your name, if I knew it"},
            {
                "label": "In verse",
                "description": "You have been warned",
                "preview": "Roses are red,\nviolets are blue,\ndaemons are silent,\nand so are you.",
            },
        ],
    },
    {
        "question": "What shall I greet you about?",
        "header": "Topics",
        "multiSelect": True,
        "options": [
            {"label": "The weather", "description": "I cannot see it from here"},
            {"label": "Tests, passed or not", "description": "The serious one"},
            {"label": "Tea", "description": "Always"},
        ],
    },
]
PLAN = """\
# Write a note

1. Write `demo-note.txt`, one line, into this folder
2. Say that it is there

Nothing else is touched. *Yes, and accept edits* lets me write without another question; *Yes, and ask each time*
shows you the file first.
"""
NOTE = "demo-note.txt"


def question(demo: Any) -> None:
    """Asks, and repeats what it heard."""
    heard: dict[str, Any] = {}

    def ask(call: str) -> tuple[str, bool]:
        answer = demo.permission(
            call, "AskUserQuestion", {"questions": QUESTIONS}, {"requires_user_interaction": True}
        )
        if answer.get("behavior") != "allow":
            return str(answer.get("message") or "The user said no."), True
        heard.update((answer.get("updatedInput") or {}).get("answers") or {})
        said = ", ".join(f'"{asked}"="{reply}"' for asked, reply in heard.items())
        return (
            f"Your questions have been answered: {said}. You can now continue with these answers in mind.",
            False,
        )

    demo.call("AskUserQuestion", {"questions": QUESTIONS}, ask)
    said = "\n".join(f"- {asked} **{reply}**" for asked, reply in heard.items())
    demo.message(
        {"type": "text", "text": f"You chose:\n\n{said}" if heard else "Then I greet you not at all."}
    )


def plan(demo: Any) -> None:
    """Shows a plan, and carries it out if it may."""
    agreed: list[str] = []

    def ask(call: str) -> tuple[str, bool]:
        answer = demo.permission(call, "ExitPlanMode", {"plan": PLAN}, {"requires_user_interaction": True})
        if answer.get("behavior") != "allow":
            return str(answer.get("message") or "The user said no."), True
        agreed.append(demo.wire.mode)
        return f"User has approved your plan. You can now start coding.\n\n## Approved Plan:\n{PLAN}", False

    demo.call("ExitPlanMode", {"plan": PLAN}, ask)
    if not agreed:
        demo.message({"type": "text", "text": "Then I keep planning. Tell me what to change."})
        return
    note = {
        "file_path": str(Path(NOTE).absolute()),
        "content": f"A note, written in the mode {json.dumps(agreed[0])}.\n",
    }
    demo.call("Write", note, lambda call: demo.ask(call, note))
