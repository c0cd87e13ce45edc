"""Claude Code: `claude -p` with stream-json both ways. The protocol is described in docs/protocols/claude.md."""

from collections.abc import Sequence

import msgspec

from agentguid.agents import claude_steer as steering
from agentguid.agents import claude_write as write
from agentguid.agents.base import Adapter, Answer, Errand, Launch, Prompt, Served, SlashCommand, Steer, Write
from agentguid.agents.claude_reading import Reading
from agentguid.agents.claude_state import TRIES
from agentguid.agents.slash import known
from agentguid.protocol.items import Mode

SETTING = {"set_permission_mode", "set_model"}


def argv(binary: str, launch: Launch) -> list[str]:
    """The command line. The permission mode is always said: settings of the user's might hold another default."""
    line = [binary, "-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
    line += ["--include-partial-messages", "--permission-prompt-tool", "stdio"]
    line += ["--permission-mode", write.PERMISSION_MODES[launch.mode]]
    if launch.resume:
        line += ["--resume", launch.resume]
    if launch.model:
        line += ["--model", launch.model]
    return line


def _tries(turn: str) -> list[str]:
    """What the requests for the mode of a prompt are called, in their order: an id is written once only."""
    return [f"mode-{turn}{'-again' * number}" for number in range(TRIES)]


def adapter(host: str, launch: Launch, carry: bytes | None = None) -> Adapter:
    """See `base.Dialect`: raises msgspec.DecodeError for a `carry` that is none of this version's."""
    return ClaudeAdapter(host, launch, carry)


class ClaudeAdapter(Reading):
    """See `base.Adapter`."""

    # -- what is known ------------------------------------------------------------------------------------------------
    @property
    def ready(self) -> bool:
        return self.state.initialised

    @property
    def idle(self) -> bool:
        return not self.blocks.open and not self.asks.open

    @property
    def turn(self) -> str | None:
        return self.state.turn

    @property
    def background(self) -> int:
        """Tasks of the agent that go on although no turn is open. The host must not be ended while there are any."""
        return self.state.background

    @property
    def lost(self) -> bool:
        """The session of `launch.resume` is gone: it must not be resumed again."""
        return self.state.lost

    @property
    def models(self) -> Sequence[str]:
        return self.state.models

    @property
    def pictures(self) -> bool:
        return True

    @property
    def slash_commands(self) -> Sequence[SlashCommand]:
        return known(self.state.commands)

    @property
    def errands(self) -> Sequence[Errand]:
        return ()

    def served(self, errand: Errand, result: Served) -> Sequence[Write]:  # noqa: ARG002 - it runs none
        return []

    def refuses(self, prompt: Prompt) -> str:
        """It would not work in the mode that the prompt is to hold in: see ADR 0036."""
        state = self.state
        asked = [self._request_id(name) for name in _tries(prompt.turn)]
        if state.refused in asked:
            return state.refusal
        if prompt.mode == state.mode or self._setting_mode or not {*asked} <= {*state.tried}:
            return ""
        wanted, modes = write.PERMISSION_MODES[prompt.mode], write.PERMISSION_MODES.items()
        now = next((theirs for ours, theirs in modes if ours == state.mode), state.foreign or "another")
        return (
            f"{self.name} would not stay in its mode {wanted}: it is in {now} again. "
            "Choose another permission mode or another agent, then send the message again."
        )

    def serves(self, prompt: Prompt) -> bool:
        """False when this process cannot take on what the prompt asks for: end it, and start one that resumes."""
        return prompt.mode != "bypass" or self.launch.mode == "bypass"

    def carry(self) -> bytes:
        return msgspec.json.encode(self.state)

    # -- to the agent -------------------------------------------------------------------------------------------------
    def start(self) -> Sequence[Write]:
        if self.state.started or self.state.initialised:
            return []
        return [Write("start", write.request(self._request_id("start"), "initialize", hooks=None))]

    def prompt(self, prompt: Prompt) -> Sequence[Write]:
        """The prompt, and before it what changed since the last one. A mode is waited for: nothing runs in another."""
        if self.refuses(prompt) or self._setting_mode:
            return []
        if prompt.mode != self.state.mode:
            names, mode = _tries(prompt.turn), write.PERMISSION_MODES[prompt.mode]
            name = next(one for one in names if self._request_id(one) not in self.state.tried)
            return [self._ask(name, "set_permission_mode", mode=mode)]
        writes = []
        if prompt.model != self.state.wanted_model:
            writes.append(self._ask(f"model-{prompt.turn}", "set_model", model=prompt.model))
        return [*writes, Write(f"prompt:{prompt.turn}", write.user(prompt.body.text, files=prompt.files))]

    @property
    def _setting_mode(self) -> bool:
        return "set_permission_mode" in self.state.requests.values()

    def _ask(self, name: str, subtype: str, **fields: str | None) -> Write:
        return Write(f"start:{name}", write.request(self._request_id(name), subtype, **fields))

    def _request_id(self, name: str) -> str:
        return f"{self.host}-{name}"

    def adjust(self, model: str | None, mode: Mode) -> Sequence[Write]:
        """See `base.Adjustable`. What it has refused once is not asked of it again in this turn."""
        state = self.state
        if state.turn is None or SETTING & {*state.requests.values()}:
            return []  # one at a time: each has an id of its own
        name = f"{state.turn}-{state.adjusted + 1}"
        lost = state.foreign and not state.reset
        if (state.mode or lost) and mode != state.mode and (mode != "bypass" or self.launch.mode == "bypass"):
            theirs = write.PERMISSION_MODES[mode]
            return [self._ask(f"mode-{name}", "set_permission_mode", mode=theirs)]
        if model != state.wanted_model != "":
            return [self._ask(f"model-{name}", "set_model", model=model)]
        return []

    def steer(self, steer: Steer) -> Sequence[Write]:
        return steering.writes(steer, self.state)

    def answer(self, answer: Answer) -> Sequence[Write]:
        return self.asks.answer(answer)

    def stop(self, turn: str) -> Sequence[Write]:
        if turn != self.state.turn:
            return []
        interrupt = Write(f"stop:{turn}", write.request(self._request_id(f"stop-{turn}"), "interrupt"))
        return [*steering.taken_back(self.host, self.state), interrupt]
