"""What the catalogue knows of an agent."""

from collections.abc import Mapping

from msgspec import Struct, field

from agentguid.protocol.items import Mode

Choices = Mapping[str, str]
"""Settings of the agent's own session: id of the setting (`mode` is its mode) → value."""


class Entry(Struct, frozen=True):
    """One agent. All of it is data: adding an agent whose protocol is spoken already is one of these."""

    id: str
    name: str
    icon: str
    """Name of an icon in web/assets."""
    protocol: str
    """acp, stream-json or app-server; another word when agentguid does not speak it yet."""
    dialect: str
    """Module of `agentguid.agents` that speaks it. Empty: none does, so that the agent cannot be run."""
    binaries: tuple[str, ...] = ()
    """Names of its program, newest first. None: it is part of agentguid."""
    args: tuple[str, ...] = ()
    """What its program is started with to speak the protocol."""
    install: str = ""
    """How to get it."""
    login: str = ""
    """How to sign in to it."""
    login_command: tuple[str, ...] = ()
    """The user's own: signs in to it on a terminal. Else `agents.ways` knows one, or nobody."""
    update_command: tuple[str, ...] = ()
    """The user's own: brings it up to date. Else it is found out from where it lies."""
    docs: str = ""
    """Where its makers describe it."""
    tried: str = ""
    """Version and date at which it ran through our tests. Empty: it was never run by us."""
    note: str = ""
    """What a user should know before choosing it."""
    versioned: bool = True
    """Says its version when asked `--version`."""
    modes: Mapping[Mode, Choices] = field(default_factory=dict)
    """What our modes are in the agent's words. Those that are missing are guessed from what it offers."""
    environ: Mapping[Mode, Mapping[str, str]] = field(default_factory=dict)
    """Variables that make it keep to a mode where its protocol cannot say that."""
    laid_over: tuple[str, ...] = ()
    """Those of them that hold JSON which is laid over what the user has there, not put in its place."""
    authenticate: str = ""
    """A sign-in method of its that needs no human once `login` was done; tried when it asks for one."""
    files: bool = False
    """Offer to read and write files for it: for an agent that cannot by itself."""
    terminals: bool = False
    """Offer to run commands for it: for an agent that cannot by itself."""
    steers: bool = False
    """Takes a message into the turn that it works on."""
    remarks: str = ""
    """What its remarks about itself begin with that it writes as if the model had said them."""
    errors: str = ""
    """What an error begins with that it writes as if the model had said it."""

    @property
    def sentence(self) -> str:
        """Whether it was tried, in words."""
        return f"tried: {self.tried}" if self.tried else "never run by us"
