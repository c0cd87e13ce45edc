"""What the scripted ACP agent lets one choose beside model and mode, and what it asks by forms. Standard library only."""

import json
import os
from pathlib import Path
from typing import Any

OFFERS = {
    "thinks": ("effort", "Thinking", ["low", "high"]),
    "explains": ("detail", "How much it explains", ["nothing", "what it changed", "every step, and why"]),
}
"""By the habit that offers it: its id, its name, and its values, of which the first is the agent's own choice."""


class Offers:
    """Mixed into `acpagent.Agent`."""

    habits: list[str]
    chosen: dict[str, str]

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        raise NotImplementedError

    def text(self, text: str, kind: str = "agent_message_chunk") -> None:
        raise NotImplementedError

    def options(self) -> list[dict[str, Any]]:
        return [self._option(*offer) for habit, offer in OFFERS.items() if habit in self.habits]

    def _option(self, option: str, name: str, values: list[str]) -> dict[str, Any]:
        label = f"{name} {os.getpid()}" if "moody" in self.habits else name
        choices = [{"value": one, "name": one[0].upper() + one[1:]} for one in values]
        more = {"category": "thought_level", "type": "select", "options": choices}
        return {"id": option, "name": label, "currentValue": self.chosen.get(option, values[0]), **more}

    def choose(self, option: str, value: str) -> bool:
        """Whether it offers that."""
        known = any(offer[0] == option and value in offer[2] for offer in OFFERS.values())
        if known:
            self.chosen[option] = value
        return known

    def do_form(self, file: str) -> None:
        """Asks the form that lies in the file, and says what was answered."""
        self.text("Before I begin, I need a few things from you.")
        answer = self.request("elicitation/create", mode="form", **json.loads(Path(file).read_text()))
        self.text(f"Answer: {json.dumps(answer.get('result'))}")
