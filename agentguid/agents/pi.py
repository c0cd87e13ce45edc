"""Pi by `pi --mode rpc`: JSON by lines. Described in docs/protocols/pi.md.

Pi itself asks nobody before it acts. `pi_gate.js` runs inside it, as an extension of its, and makes it ask us.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agentguid.agents import pi_errors as errors
from agentguid.agents import pi_write as write
from agentguid.agents.base import Adapter, Answer, Dialect, Errand, Launch, Prompt, Served, Steer, Write
from agentguid.agents.entry import Entry
from agentguid.agents.pi_reading import Reading
from agentguid.agents.pi_settings import default_model
from agentguid.protocol.items import Mode

GATE = Path(__file__).with_name("pi_gate.js")


def dialect(entry: Entry) -> Dialect:
    return Pi(entry)


class Pi:
    """How it is started and translated. The model is an argument: told by the protocol, Pi would write it into the user's settings."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    def argv(self, binary: str, launch: Launch) -> list[str]:
        more = ["--session", launch.resume] if launch.resume else []
        # A session that is taken up goes on with the model that it had: its own choice again has to be said.
        model = launch.model or (launch.resume and default_model(launch.cwd, os.environ))
        if model:
            more += ["--model", model]
        return [binary, *self.entry.args, "--extension", str(GATE), *more]

    def adapter(self, host: str, launch: Launch, carry: bytes | None = None) -> Adapter:
        return PiAdapter(self.entry, host, launch, carry)


class PiAdapter(Reading):
    """See `base.Adapter`."""

    # -- what is known ------------------------------------------------------------------------------------------------
    @property
    def ready(self) -> bool:
        """Also when it is known that it will never be: then the prompt is refused."""
        return (self.state.known and self.state.listed) or bool(self.state.broken)

    @property
    def idle(self) -> bool:
        return not (self.items.open or self.asks.open)

    @property
    def turn(self) -> str | None:
        return self.state.turn

    @property
    def background(self) -> int:
        """An extension may set Pi to work when no turn is open."""
        return int(self.state.running and self.state.turn is None)

    @property
    def lost(self) -> bool:
        return self.state.lost

    @property
    def models(self) -> Sequence[str]:
        return self.state.models

    @property
    def pictures(self) -> bool:
        return True

    @property
    def errands(self) -> Sequence[Errand]:
        return ()

    def served(self, errand: Errand, result: Served) -> Sequence[Write]:  # noqa: ARG002 - it runs none
        return []

    def refuses(self, prompt: Prompt) -> str:
        state = self.state
        if state.broken:
            return state.broken
        return (
            errors.ungated(self.entry) if state.listed and not state.gate and prompt.mode != "bypass" else ""
        )

    def serves(self, prompt: Prompt) -> bool:
        """Not with another model, nor when something waits in it that was not taken into an earlier turn."""
        state = self.state
        fits = prompt.model in (self.launch.model, state.model) if prompt.model else not self.launch.model
        return not (state.stale or (state.known and not fits))

    def carry(self) -> bytes:
        return msgspec.json.encode(self.state)

    # -- to the agent -------------------------------------------------------------------------------------------------
    def start(self) -> Sequence[Write]:
        if self.state.started or self.ready:
            return []
        return [
            write.command("start", "get_state"),
            write.command("start:commands", "get_commands"),
            write.command("start:models", "get_available_models"),
        ]

    def prompt(self, prompt: Prompt) -> Sequence[Write]:
        """The mode goes before it, and is waited for."""
        if self.refuses(prompt):
            return []
        if self.state.gate and self.state.mode != prompt.mode:
            return self._mode_to(prompt.mode)
        return [write.prompt(f"prompt:{prompt.turn}", prompt.body.text, prompt.files)]

    def adjust(self, model: str | None, mode: Mode) -> Sequence[Write]:  # noqa: ARG002 - the model stays
        state = self.state
        return self._mode_to(mode) if state.gate and state.mode != mode and not state.broken else []

    def _mode_to(self, mode: Mode) -> Sequence[Write]:
        if self.state.asked:
            return []
        return [write.mode(f"start:mode-{self.state.modes + 1}", mode)]

    def steer(self, steer: Steer) -> Sequence[Write]:
        state = self.state
        if not state.running or state.stopping or steer.turn != state.turn or steer.message in state.steers:
            return []
        return [write.steer(f"steer:{steer.message}", steer.body.text, steer.files)]

    def answer(self, answer: Answer) -> Sequence[Write]:
        return self.asks.answer(answer)

    def stop(self, turn: str) -> Sequence[Write]:
        """All that it asks is answered too: an extension may wait for that. Nothing before it works: then it would go on."""
        state = self.state
        if turn != state.turn or not (state.running or state.waits or self.asks.open):
            return []
        return [write.command(f"stop:{turn}", "abort"), *self.asks.cancelled()]
