"""Which agents speak at the same time."""

RECENT = 1.0
"""Seconds for which a word counts."""


class Others:
    """Remembers the last word of the one who spoke last, and of those before it."""

    def __init__(self) -> None:
        self._last = ""
        self._at = self._before = float("-inf")

    def spoke(self, host: str, at: float) -> None:
        """`at`: seconds on any one clock."""
        if host != self._last:
            self._last, self._before = host, self._at
        self._at = at

    def speak(self, host: str, at: float) -> bool:
        """Another than `host` does."""
        return at - (self._before if host == self._last else self._at) < RECENT
