"""Agents that speak the Agent Client Protocol, version 1: JSON-RPC by lines. Described in docs/protocols/acp.md.

Which agent it is says the catalogue: what its modes are called, how to sign in to it, and its habits.
"""

from collections.abc import Sequence

import msgspec

from agentguid.agents import acp_modes as modes
from agentguid.agents import acp_settings as settings
from agentguid.agents import acp_ways as ways
from agentguid.agents import acp_write as write
from agentguid.agents.acp_reading import Reading
from agentguid.agents.base import (
    Adapter,
    Answer,
    Dialect,
    Errand,
    Launch,
    Option,
    Prompt,
    SlashCommand,
    Steer,
    Way,
    Write,
)
from agentguid.agents.entry import Entry
from agentguid.agents.slash import known
from agentguid.protocol.items import Mode


def dialect(entry: Entry) -> Dialect:
    return Acp(entry)


class Acp:
    """How one agent of the catalogue is started and translated. Session, model and mode are set by the protocol."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    def argv(self, binary: str, launch: Launch) -> list[str]:  # noqa: ARG002 - said by the protocol
        return [binary, *self.entry.args]

    def adapter(self, host: str, launch: Launch, carry: bytes | None = None) -> Adapter:
        return AcpAdapter(self.entry, host, launch, carry)


class AcpAdapter(Reading):
    """See `base.Adapter`."""

    # -- what is known ------------------------------------------------------------------------------------------------
    @property
    def ready(self) -> bool:
        """Also when it is known that it will never be: then the prompt is refused."""
        return self.state.step == "ready" or bool(self.state.broken)

    @property
    def idle(self) -> bool:
        return not (self.texts.open or self.calls.open or self.asks.open or self.open_errands)

    @property
    def lingers(self) -> int | None:
        """See `base.Lingering`."""
        calls = None if self.asks.open else self.calls.due
        return min((due for due in (self.texts.due, calls) if due is not None), default=None)

    @property
    def turn(self) -> str | None:
        return self.state.turn

    @property
    def background(self) -> int:
        return 0

    @property
    def lost(self) -> bool:
        """Never: the same process begins another session then."""
        return False

    @property
    def models(self) -> Sequence[str]:
        setting = self.state.settings.get(settings.MODEL)
        return setting.choices if setting else ()

    @property
    def modes(self) -> Sequence[Mode] | None:
        """A session that is taken up again need not name the agent's: then nobody knows."""
        state = self.state
        unsaid = settings.MODE not in state.settings or settings.MODE in state.unsaid
        if state.step != "ready" or (state.resumed and unsaid):
            return None
        plans = modes.mode_of(self.entry, state, "plan") is not None
        return ("ask", "accept_edits", "plan", "bypass") if plans else ("ask", "accept_edits", "bypass")

    @property
    def ways(self) -> Sequence[Way]:
        """See `base.Remembering`."""
        return ways.said(self.entry, self.state)

    @property
    def pictures(self) -> bool:
        """Nobody knows before its handshake."""
        return self.state.step == "new" or self.state.pictures

    @property
    def options(self) -> Sequence[Option]:
        return settings.offered(self.entry, self.state)

    @property
    def own_model(self) -> str:
        return self.state.first_model

    @property
    def resumes(self) -> bool:
        """Nobody knows before its handshake."""
        return self.state.step == "new" or self.state.loads or self.state.resumes

    @property
    def slash_commands(self) -> Sequence[SlashCommand]:
        return known(self.state.slash)

    @property
    def errands(self) -> Sequence[Errand]:
        return list(self.open_errands.values())

    def refuses(self, prompt: Prompt) -> str:
        state = self.state
        if state.broken:
            return state.broken
        if ways.note(self.entry, state, prompt):
            return ""
        if state.refused == prompt.turn and not (state.blind and prompt.mode == "bypass"):
            return state.refusal
        return modes.missing(self.entry, state, prompt) if state.step == "ready" else ""

    def serves(self, prompt: Prompt) -> bool:
        """False when the process would have to be started with other variables for the mode."""
        environ = self.entry.environ
        return environ.get(prompt.mode) == environ.get(self.launch.mode)

    def carry(self) -> bytes:
        return msgspec.json.encode(self.state)

    # -- to the agent -------------------------------------------------------------------------------------------------
    def start(self) -> Sequence[Write]:
        """The next step of the handshake; nothing while an answer is waited for."""
        state, number = self.state, self.state.number + 1
        if self.ready or state.sent:
            return []
        match state.step:
            case "new":
                return [
                    Write(
                        "start",
                        write.initialize(number, files=self.entry.files, terminals=self.entry.terminals),
                    )
                ]
            case "signing_in":
                method = self.entry.authenticate
                return [Write("start:sign-in", write.request(number, "authenticate", methodId=method))]
            case "listing":
                more = {"cursor": state.cursor} if state.cursor else {}
                return [Write(f"start:list{state.pages}", write.request(number, "session/list", **more))]
        times = f"-{state.sessions + 1}" if state.sessions else ""
        return [Write(f"start:session{times}", self._session(number))]

    def _session(self, number: int) -> bytes:
        """Taken up without being told again where the agent can do that."""
        resume, where = self.launch.resume, {"cwd": self.launch.cwd, "mcpServers": []}
        if not resume or self.state.anew:
            return write.request(number, "session/new", **where)
        method = "session/resume" if self.state.resumes else "session/load"
        return write.request(number, method, sessionId=resume, **where)

    def prompt(self, prompt: Prompt) -> Sequence[Write]:
        """First what has to be set, one after the other: a prompt that overtakes its mode might not ask."""
        state, number = self.state, self.state.number + 1
        if self.refuses(prompt) or any(sent.turn == prompt.turn for sent in state.sent.values()):
            return []
        if note := ways.note(self.entry, state, prompt):
            return note
        if sent := modes.next_one(self.entry, state, prompt):
            data = write.request(number, sent.method, **modes.params(state, sent))
            return [Write(f"start:{number}-{prompt.turn}", data)]
        said = write.said(prompt.body.text, prompt.files, embeds=state.embeds)
        data = write.prompt(number, state.session, said, prompt.mode)
        return [Write(f"prompt:{prompt.turn}", data)]

    def adjust(self, model: str | None, mode: Mode) -> Sequence[Write]:  # noqa: ARG002 - the model stays
        """See `base.Adjustable`. First our own answers keep to it, then the agent is told, where it has such a mode."""
        state = self.state
        if state.turn is None or state.stopping:
            return []
        if mode != state.mode:
            return [Write(f"noted:{state.notes + 1}-{mode}", b"")]
        waits = any(sent.setting for sent in state.sent.values())
        if not waits and (sent := modes.due(state)):
            number = state.number + 1
            data = write.request(number, sent.method, **modes.params(state, sent))
            return [Write(f"start:{number}-{state.turn}", data)]
        return []

    def steer(self, steer: Steer) -> Sequence[Write]:  # noqa: ARG002 - this protocol has no way to
        return []

    def answer(self, answer: Answer) -> Sequence[Write]:
        ours = self.decided(answer)
        return self.asks.answer(answer) if ours is None else ours

    def stop(self, turn: str) -> Sequence[Write]:
        """All that it asks is answered too: it waits for that. Before the prompt, what we ask is taken back."""
        if turn == self.state.turn:
            return [Write(f"stop:{turn}", write.cancel(self.state.session)), *self.asks.cancelled()]
        mine = [number for number, sent in self.state.sent.items() if sent.turn == turn]
        return [Write(f"stop:{turn}", write.cancel_request(number)) for number in mine[-1:]]

    def close(self, *, forget: bool = False) -> Sequence[Write]:
        state, number = self.state, self.state.number
        if state.step != "ready" or state.turn or not state.session:
            return []
        wanted = [("close", state.closes), ("delete", state.deletes and forget)]
        names = [name for name, can in wanted if can]
        return [
            Write(f"close:{name}", write.request(number + place, f"session/{name}", sessionId=state.session))
            for place, name in enumerate(names, 1)
        ]
