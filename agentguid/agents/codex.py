"""Codex by `codex app-server`: JSON-RPC by lines. Described in docs/protocols/codex.md."""

from collections.abc import Sequence

import msgspec

from agentguid.agents import codex_modes as modes
from agentguid.agents import codex_write as write
from agentguid.agents.base import (
    Adapter,
    Answer,
    Dialect,
    Errand,
    File,
    Launch,
    Option,
    Prompt,
    Served,
    Steer,
    Write,
)
from agentguid.agents.codex_reading import Reading
from agentguid.agents.entry import Entry
from agentguid.protocol.items import Mode


def dialect(entry: Entry) -> Dialect:
    return Codex(entry)


class Codex:
    """How it is started and translated. Thread, model and mode are set by the protocol."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    def argv(self, binary: str, launch: Launch) -> list[str]:  # noqa: ARG002 - said by the protocol
        return [binary, *self.entry.args]

    def adapter(self, host: str, launch: Launch, carry: bytes | None = None) -> Adapter:
        return CodexAdapter(self.entry, host, launch, carry)


class CodexAdapter(Reading):
    """See `base.Adapter`."""

    # -- what is known ------------------------------------------------------------------------------------------------
    @property
    def ready(self) -> bool:
        """Also when it is known that it will never be: then the prompt is refused."""
        return self.state.step == "ready" or bool(self.state.broken)

    @property
    def idle(self) -> bool:
        return not (self.items.open or self.asks.open)

    @property
    def turn(self) -> str | None:
        return self.state.turn

    @property
    def background(self) -> int:
        """Commands and sub-agents that go on although no turn is open."""
        return len(self.state.running) + len(self.state.working)

    @property
    def lost(self) -> bool:
        """Never: the same process begins another thread then."""
        return False

    @property
    def models(self) -> Sequence[str]:
        return self.state.models

    @property
    def options(self) -> Sequence[Option]:
        return modes.offered(self.state)

    @property
    def own_model(self) -> str:
        return self.state.first_model

    @property
    def pictures(self) -> bool:
        return True

    @property
    def errands(self) -> Sequence[Errand]:
        return self.asks.errands()

    def served(self, errand: Errand, result: Served) -> Sequence[Write]:
        return self.asks.served(errand.id, result)

    def refuses(self, prompt: Prompt) -> str:
        state = self.state
        if state.broken:
            return state.broken
        if prompt.mode == "plan" and state.step == "ready" and not (prompt.model or state.model):
            return f"{self.entry.name} does not say which model it uses, so it cannot only plan. Choose a model, then send it again."
        return ""

    def serves(self, prompt: Prompt) -> bool:  # noqa: ARG002 - all of it is set with the prompt
        return True

    def carry(self) -> bytes:
        return msgspec.json.encode(self.state)

    # -- to the agent -------------------------------------------------------------------------------------------------
    def start(self) -> Sequence[Write]:
        """The next step of the handshake; nothing while an answer is waited for."""
        state = self.state
        if self.ready or any(method != "model/list" for method in state.sent.values()):
            return []
        match state.step:
            case "new":
                return [write.initialize()]
            case "greeted":
                return [
                    write.initialized(),
                    write.request("start:account", "account/read", refreshToken=False),
                ]
        times = f"-{state.sessions + 1}" if state.sessions else ""
        return [write.request("start:models", "model/list", limit=100), self._thread(f"start:session{times}")]

    def _thread(self, name: str) -> Write:
        """Taken up without being told again what the log has."""
        resume, more = self.launch.resume, {"cwd": self.launch.cwd, **modes.thread(self.launch.mode)}
        if not resume or self.state.anew:
            return write.request(name, "thread/start", **more)
        return write.request(name, "thread/resume", threadId=resume, excludeTurns=True, **more)

    def prompt(self, prompt: Prompt) -> Sequence[Write]:
        """With all that holds for its turn: who is asked, what the sandbox lets it do, the model."""
        state = self.state
        if self.refuses(prompt):
            return []
        more = modes.turn(prompt.mode)
        if model := prompt.model or state.first_model or prompt.dropped.get("model"):
            more["model"] = model
        if effort := modes.effort(state, prompt, model or state.model):
            more["effort"] = effort
        if (model := model or state.model) and (state.planning or prompt.mode == "plan"):
            more["collaborationMode"] = modes.collaboration(prompt.mode, model, effort or state.effort)
        said = write.said(prompt.body.text, prompt.files)
        params = {
            "threadId": state.thread,
            "clientUserMessageId": prompt.turn,
            "input": said,
            "cwd": self.launch.cwd,
        }
        return [write.request(f"prompt:{prompt.turn}", "turn/start", **params, **more)]

    def adjust(self, model: str | None, mode: Mode) -> Sequence[Write]:  # noqa: ARG002 - the model stays
        """See `base.Adjustable` and `codex_modes`."""
        state = self.state
        if state.turn is None or mode == state.mode:
            return []
        more = {"threadId": state.thread, **modes.turn(mode)}
        return [write.request(f"start:mode-{state.adjusted + 1}", modes.CHANGE, **more)]

    def steer(self, steer: Steer) -> Sequence[Write]:
        state = self.state
        if not state.theirs or state.stopping or steer.turn != state.turn or steer.message in state.steers:
            return []
        return [self._into_turn(f"steer:{steer.message}", steer.message, steer.body.text, steer.files)]

    def _into_turn(self, name: str, message: str, text: str, files: Sequence[File] = ()) -> Write:
        said = {"clientUserMessageId": message, "input": write.said(text, files)}
        return write.request(
            name, "turn/steer", threadId=self.state.thread, expectedTurnId=self.state.theirs, **said
        )

    def answer(self, answer: Answer) -> Sequence[Write]:
        """Codex has no place for words with a no: they go into its turn as a message."""
        ask = self.asks.open.get(answer.approval)
        writes = self.asks.answer(answer)
        denied = answer.decision.startswith("reject") and answer.option != "cancel"
        if writes and ask and denied and answer.message and self.state.theirs and self.main(ask.thread):
            name = f"answer:{answer.approval}:words"
            return [*writes, self._into_turn(name, name, answer.message)]
        return writes

    def stop(self, turn: str) -> Sequence[Write]:
        """All that it asks is answered too: it waits for that. Nothing before Codex has named its turn."""
        state = self.state
        if turn != state.turn or not state.theirs:
            return []
        ids = {"threadId": state.thread, "turnId": state.theirs}
        return [write.request(f"stop:{turn}", "turn/interrupt", **ids), *self.asks.cancelled()]
