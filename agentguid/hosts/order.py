"""What a host is told at its start, on a pipe or a memory file that nobody else can read: `env` may hold secrets.

Both ends are of one installation, so this format has no version. Stdlib only.
"""


class Order:
    """A plain class: dataclasses would cost every host 8 ms. Run `argv` in `cwd` with exactly `env`; write to `tape`, serve in `runtime` (both absolute)."""

    __slots__ = ("argv", "cwd", "env", "host", "max_uncommitted", "runtime", "size", "tape")

    def __init__(  # noqa: PLR0913, PLR0917 - written down once, by name where there are many
        self,
        host: str,
        tape: str,
        runtime: str,
        max_uncommitted: int,
        cwd: str,
        argv: list[bytes],
        env: dict[bytes, bytes],
        size: tuple[int, int] | None = None,
    ) -> None:
        self.host = host
        self.tape = tape
        self.runtime = runtime
        self.max_uncommitted = max_uncommitted
        self.cwd = cwd
        self.argv = argv
        self.env = env
        self.size = size
        """Rows and columns of the terminal that it gets. None: three pipes."""


def pack(order: Order) -> bytes:
    """Raises ValueError when an argument or a variable holds a NUL: no program can be given it."""
    texts = [
        order.host,
        order.tape,
        order.runtime,
        str(order.max_uncommitted),
        order.cwd,
        "{} {}".format(*order.size) if order.size else "",
        str(len(order.argv)),
    ]
    parts = [text.encode("utf-8", "surrogateescape") for text in texts] + order.argv
    parts += [name + b"=" + value for name, value in order.env.items()]
    if any(b"\0" in part for part in parts):
        raise ValueError("an argument or variable holds a NUL byte")
    return b"\0".join(parts)


def unpack(data: bytes) -> Order:
    parts = data.split(b"\0")
    texts = [part.decode("utf-8", "surrogateescape") for part in parts[:7]]
    host, tape, runtime, limit, cwd, size, count = texts
    argv, rest = parts[7 : 7 + int(count)], parts[7 + int(count) :]
    env = {name: value for name, _, value in (item.partition(b"=") for item in rest)}
    rows, _, columns = size.partition(" ")
    return Order(host, tape, runtime, int(limit), cwd, argv, env, (int(rows), int(columns)) if size else None)
