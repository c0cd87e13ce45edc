"""The outputs of a fold as text that people can read and compare."""

import msgspec

from agentguid.agents.base import Adapter, Fact, Line, Live, Output, Write
from agentguid.protocol import wire


def readable(adapter: Adapter, lines: list[Line]) -> str:
    """One line an output; the pieces of one item in a row are counted and joined."""
    said, rows = list[Live](), list[str]()
    for line in lines:
        for output in adapter.feed(line):
            if isinstance(output, Live) and (not said or said[-1].item == output.item):
                said.append(output)
                continue
            rows += pieces(said) + ([] if isinstance(output, Live) else [row(output)])
            said = [output] if isinstance(output, Live) else []
        if line.direction == "in":
            rows += [*pieces(said), f"in    {line.id}"]
            said = []
    return "\n".join([*rows, *pieces(said)]) + "\n"


def pieces(said: list[Live]) -> list[str]:
    if not said:
        return []
    text = "".join(one.text for one in said)
    return [f"live  {said[0].item} {said[0].kind} {said[0].title} {len(said)} pieces: {text!r}"]


def row(output: Output) -> str:
    if isinstance(output, Write):
        return f"write {output.id} {output.data!r}"
    assert isinstance(output, Fact)
    name, _, data = wire.encode(output.event)
    return f"fact  {name} {msgspec.json.format(data, indent=0).decode()}"
