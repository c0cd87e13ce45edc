"""Messages for a turn of Claude Code's that runs.

They go in as prompts with a uuid; Claude Code reads them between two calls of tools and tells of each by
`command_lifecycle`. One that it has not come to when its answer is done it works on at once: that is the same turn then.
"""

from uuid import NAMESPACE_URL, uuid5

from agentguid.agents import claude_write as write
from agentguid.agents.base import Fact, Output, Steer, Write
from agentguid.agents.claude_state import State
from agentguid.protocol.events import MessageSteered

STEERS = 64
"""So many messages on their way are remembered."""


def uuid_of(message: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"agentguid:{message}"))


def writes(steer: Steer, state: State) -> list[Write]:
    """Nothing for another turn, for one that is stopping, and for what is on the tape already."""
    if steer.turn != state.turn or state.stopping or steer.message in state.steers:
        return []
    return [Write(f"steer:{steer.message}", write.user(steer.body.text, uuid_of(steer.message), steer.files))]


def taken_back(host: str, state: State) -> list[Write]:
    """What a stop owes first: Claude Code would go on with them after it."""
    return [
        Write(f"start:cancel-{message}", write.request(f"{host}-cancel-{message}", "cancel_async_message", message_uuid=uuid_of(message)))
        for message in state.steers
    ]  # fmt: skip


def written(message: str, state: State) -> None:
    """The message is on the tape."""
    if state.turn and message not in state.steers:
        state.steers[message] = False
        if len(state.steers) > STEERS:
            del state.steers[next(iter(state.steers))]


def lifecycle(uuid: str, stage: str, state: State, out: list[Output]) -> None:
    """What Claude Code tells of a prompt that had a uuid."""
    message = next((one for one in state.steers if uuid_of(one) == uuid), None)
    if message is None:
        return
    if stage == "queued":
        state.steers[message] = True
        return
    del state.steers[message]
    if stage in ("started", "completed") and state.turn:
        out.append(Fact(MessageSteered(turn=state.turn, message=message)))


def goes_on(state: State, out: list[Output]) -> bool:
    """At the end of an answer: whether Claude Code has a message yet that it works on next, in the same turn.

    Versions that do not tell of messages have taken them, as far as anyone knows.
    """
    told = any(state.steers.values()) and not state.stopping
    for message, queued in list(state.steers.items()):
        if not queued and not state.stopping:
            del state.steers[message]
            out.append(Fact(MessageSteered(turn=state.turn or "", message=message)))
    return told
