"""What a host is told at its start, on a pipe or a memory file that nobody else can read: `env` may hold secrets.

Both ends are of one installation, so this format has no version. Stdlib only.
"""


class Order:
    """A plain class: dataclasses would cost every host 8 ms. Run `argv` in `cwd` with exactly `env`; write to `tape`, serve in `runtime` (both absolute)."""

    __slots__ = ("argv", "cwd", "env", "host", "max_uncommitted", "runtime", "tape")

    def __init__(
        self,
        host: str,
        tape: str,
        runtime: str,
        max_uncommitted: int,
        cwd: str,
        argv: list[bytes],
        env: dict[bytes, bytes],
    ) -> None:
        self.host = host
        self.tape = tape
        self.runtime = runtime
        self.max_uncommitted = max_uncommitted
        self.cwd = cwd
        self.argv = argv
        self.env = env


def pack(order: Order) -> bytes:
    """Raises ValueError when an argument or a variable holds a NUL: no program can be given it."""
    texts = [
        order.host,
        order.tape,
        order.runtime,
        str(order.max_uncommitted),
        order.cwd,
        str(len(order.argv)),
    ]
    parts = [text.encode("utf-8", "surrogateescape") for text in texts] + order.argv
    parts += [name + b"=" + value for name, value in order.env.items()]
    if any(b"\0" in part for part in parts):
        raise ValueError("an argument or variable holds a NUL byte")
    return b"\0".join(parts)


def unpack(data: bytes) -> Order:
    parts = data.split(b"\0")
    host, tape, runtime, limit, cwd, count = (part.decode("utf-8", "surrogateescape") for part in parts[:6])
    argv, rest = parts[6 : 6 + int(count)], parts[6 + int(count) :]
    env = {name: value for name, _, value in (item.partition(b"=") for item in rest)}
    return Order(host, tape, runtime, int(limit), cwd, argv, env)
