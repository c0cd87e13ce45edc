"""What can go wrong in a verb. Each carries a sentence for the user and the exit code."""

FAILED, USAGE, REFUSED, NOT_FOUND, UNREACHABLE, NOT_PERMITTED, INTERRUPTED = 1, 2, 3, 4, 69, 77, 130
CONFIG = 78
"""A bad setting."""

START = (
    "start it with `agentguid` (in a checkout: `make run`; as a service: `systemctl --user start agentguid`)"
)


class CliError(Exception):
    """Ends the program: the message goes to stderr, `code` is the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


class Unreachable(CliError):
    """The daemon does not answer, or no longer does."""

    def __init__(self, message: str) -> None:
        super().__init__(message, UNREACHABLE)


class Rejected(CliError):
    """The daemon answered, and the answer is no."""

    def __init__(self, status: int, message: str) -> None:
        codes = {
            400: USAGE,
            401: NOT_PERMITTED,
            403: NOT_PERMITTED,
            404: NOT_FOUND,
            409: REFUSED,
            410: NOT_FOUND,
            429: NOT_PERMITTED,  # too many wrong tokens or codes
        }
        super().__init__(message, codes.get(status, FAILED))
        self.status = status
