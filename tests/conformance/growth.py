"""How much an adapter holds, and records that are said again and again under other names."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from agentguid.agents.base import Line
from tests.agents.recordings import parsed

KINDS = (
    "type",
    "subtype",
    "method",
    "sessionUpdate",
    "event",
    "item",
    "assistantMessageEvent",
    "status",
    "toolName",
)
"""What tells one kind of record from another."""
WHERE = ("params", "update", "event", "item", "assistantMessageEvent", "request", "content_block", "delta")
"""Objects in a record that tell more of its kind."""
SAME = ("session", "thread")
"""What ids begin with that name the session: it stays the same."""
SAID = ("text", "delta", "thinking", "partial_json")
"""Where a piece of a text stands."""
TEXT, NUMBER = "a-fresh-id", 7_777_777_777


def size(root: Any) -> int:
    """Bytes that an object holds: its attributes, fields and elements, and theirs. Classes and functions are not its own."""
    seen, waiting, found = set[int](), [root], 0
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, type) or callable(value):
            continue
        seen.add(id(value))
        found += len(bytes(value)) if isinstance(value, msgspec.Raw) else sys.getsizeof(value)
        waiting += parts(value)
    return found


def parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, msgspec.Struct):
        return [getattr(value, name) for name in value.__struct_fields__]
    slots = [getattr(value, name, None) for name in getattr(type(value), "__slots__", ())]
    return [*getattr(value, "__dict__", {}).values(), *slots]


def kind_of(value: Any) -> tuple[str, ...]:
    """Of a record of the agent's, by what it says of itself."""
    if not isinstance(value, dict):
        return ()
    own = [f"{key}={value[key]}" for key in KINDS if isinstance(value.get(key), str)]
    return (*own, *(word for key in WHERE for word in kind_of(value.get(key))))


def renamed(value: Any, key: str = "") -> Any:
    """The same with a mark in the place of each id."""
    if isinstance(value, dict):
        return {name: renamed(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [renamed(one, key) for one in value]
    name = key.lower()
    if not name.endswith(("id", "index")) or name.startswith(SAME) or isinstance(value, bool):
        return value
    return TEXT if isinstance(value, str) else NUMBER if isinstance(value, int) else value


def kinds_said(tapes: dict[str, list[Line]]) -> dict[tuple[str, ...], tuple[str, int]]:
    """Each kind of record in these recordings, and where one of them is: its recording, its place there."""
    found = dict[tuple[str, ...], tuple[str, int]]()
    for name, lines in tapes.items():
        for place, line in enumerate(lines):
            if line.direction == "out":
                found.setdefault(kind_of(parsed(line.data.decode())), (name, place))
    return found


def again(line: Line, times: int, *, same: bool = False) -> Iterator[Line]:
    """The record so often, each time with other ids unless they are the `same`. They all stand behind it on the tape."""
    value = parsed(line.data.decode())
    data = json.dumps(value if same else renamed(value)).encode()
    for number in range(1, times + 1):
        fresh = data.replace(TEXT.encode(), b"fresh-%06d" % number).replace(
            b"%d" % NUMBER, b"%d" % (10_000 + number)
        )
        yield msgspec.structs.replace(line, data=fresh, offset=line.offset + (number << 20))


def lengthened(line: Line, by: int) -> Line:
    """The record with what it says, or else its longest text, longer by so much; where there is none, as it is."""
    value = parsed(line.data.decode())
    _, holder, key = max(texts(value), key=lambda found: found[0], default=((False, 0), {"": ""}, ""))
    holder[key] += "long " * (by // 5)
    return msgspec.structs.replace(line, data=json.dumps(value).encode())


def texts(value: Any) -> Iterator[tuple[tuple[bool, int], Any, Any]]:
    """Each text in it that is neither an id nor the name of a kind: its rank, what holds it, and where."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in pairs:
        if isinstance(one, str) and renamed(one, str(key)) == one and key not in KINDS:
            yield (key in SAID, len(one)), value, key
        yield from texts(one)
