"""What can go wrong, as one tree. Each carries a sentence that says what to do.

AgentguidError
├── Refused          the rules say no (409); the state is as it was
│   └── NotFound     what the command names does not exist (404)
├── Invalid          the command itself is wrong (400), names the field
│   └── TooLarge     it carries more than can be taken (413)
├── Conflict         the stream grew in between; the dispatcher tries again
├── TooBusy          a bounded queue is full (503)
├── LogBroken        the log cannot be opened or does not verify
└── AgentFailed      an agent cannot be started or spoken to
"""


class AgentguidError(Exception):
    pass


class Refused(AgentguidError):
    pass


class NotFound(Refused):
    pass


class Invalid(AgentguidError):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class TooLarge(Invalid):
    pass


class Conflict(AgentguidError):
    pass


class TooBusy(AgentguidError):
    pass


class LogBroken(AgentguidError):
    pass


class AgentFailed(AgentguidError):
    pass
