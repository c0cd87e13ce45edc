"""One table: whose rules a command is for, and which stream holds what they know."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from agentguid.decide import conversation, credential, imports
from agentguid.protocol.commands import (
    ChooseImportWatch,
    Command,
    CreateToken,
    FinishImport,
    RequestImport,
    RevokeDevice,
    RevokeToken,
    SignInDevice,
    ToConversation,
)
from agentguid.protocol.events import Event
from agentguid.protocol.ids import IMPORT, stream_of


class Rules(NamedTuple):
    """A decider, and its state as it is kept between commands."""

    initial: Any
    decide: Callable[[Any, Any], list[Event]]
    evolve: Callable[[Any, Event], Any]
    code: int
    """Raise it when `evolve` or the state's shape changes: snapshots made by other code are not believed."""

    def freeze(self, state: Any) -> bytes:
        """The state as a snapshot, JSON."""
        return msgspec.json.encode((self.code, state))

    def thaw(self, snapshot: bytes) -> Any:
        """The state; None when other code made the snapshot."""
        code, state = msgspec.json.decode(snapshot, type=tuple[int, msgspec.Raw])
        return msgspec.json.decode(state, type=type(self.initial)) if code == self.code else None


CONVERSATION = Rules(conversation.initial, conversation.decide, conversation.evolve, code=7)
CREDENTIAL = Rules(credential.initial, credential.decide, credential.evolve, code=1)
IMPORTS = Rules(imports.initial, imports.decide, imports.evolve, code=2)

TABLE: tuple[tuple[type[Command], Callable[[Any], str], Rules], ...] = (
    (ToConversation, lambda command: stream_of(command.conversation), CONVERSATION),
    (SignInDevice, lambda command: f"device-{command.device}", CREDENTIAL),
    (RevokeDevice, lambda command: f"device-{command.device}", CREDENTIAL),
    (CreateToken, lambda command: f"token-{command.token}", CREDENTIAL),
    (RevokeToken, lambda command: f"token-{command.token}", CREDENTIAL),
    (RequestImport, lambda _: IMPORT, IMPORTS),
    (FinishImport, lambda _: IMPORT, IMPORTS),
    (ChooseImportWatch, lambda _: IMPORT, IMPORTS),
)


def rules_of(command: Command) -> tuple[str, Rules]:
    """The stream's name and the rules."""
    for kind, stream, rules in TABLE:
        if isinstance(command, kind):
            return stream(command), rules
    raise TypeError(command)
