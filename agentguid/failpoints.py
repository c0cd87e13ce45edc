"""Places where a test can end the process as `kill -9` would. Stdlib only; costs one dictionary look-up when unused.

`AGENTGUID_FAILPOINT=name` or `name:N` (at the Nth passing); several separated by commas.
"""

import os
import signal


def _parse(text: str) -> dict[str, int]:
    points = {}
    for part in filter(None, text.split(",")):
        name, _, count = part.partition(":")
        points[name] = int(count or 1)
    return points


_armed = _parse(os.environ.get("AGENTGUID_FAILPOINT", ""))


def failpoint(name: str) -> None:
    """Dies here when the environment says so."""
    if name in _armed:
        _armed[name] -= 1
        if _armed[name] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
