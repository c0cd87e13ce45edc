"""Sub-agents, skills, tools of MCP servers, and any other tool."""

from agentguid.protocol.items import Body
from agentguid.render.panels import Code, Folded, Pairs, Panel, Prose
from agentguid.render.text import one_line
from agentguid.render.tools.base import Arguments, Call, ToolView, as_text, maybe, string

PLAIN = ("url", "uri", "path", "file_path", "query", "pattern")
"""Names of arguments that need not be said."""
PROMPT = 400
"""Characters of a prompt that is shown at once."""
PAIRS = 50
"""Arguments that are shown."""


def agent(call: Call) -> ToolView:
    """A sub-agent: what it does stands nested in the call."""
    kind = maybe(call.given, "subagent_type", "agent_name", "agent", "role")
    prompt = maybe(call.given, "prompt", "objective", "task", "message")
    arg = maybe(call.given, "description", "title") or prompt
    if not arg:
        raise KeyError("description")
    note = f"· {kind}" if kind else ""
    if call.given.get("run_in_background") is True:
        note = f"{note or '·'} in the background"
    return ToolView("fork", call.name, one_line(arg), note, _prompt(prompt) if prompt != arg else ())


def _prompt(prompt: str) -> tuple[Panel, ...]:
    """A long one is folded: what the sub-agent does comes first."""
    if len(prompt) > PROMPT:
        return (Folded("Prompt", (Prose(prompt),)),)
    return (Prose(prompt, "Prompt"),) if prompt else ()


def skill(call: Call) -> ToolView:
    name = string(call.given, ("skill", "name", "command"))
    return ToolView("key", call.name, one_line(name), one_line(maybe(call.given, "args")))


def mcp(call: Call) -> ToolView:
    """`mcp__server__tool`: what it is given as names and values."""
    server, _, tool = call.name.removeprefix("mcp__").partition("__")
    view = anything(call)
    return ToolView("plug", tool or server, view.arg, f"· {server}" if tool else "", view.panels)


def anything(call: Call) -> ToolView:
    pairs = pairs_of(call.given)
    arg = next((one_line(value) for _, value in pairs if value and "\n" not in value[:200]), "")
    said = len(pairs) == 1 and pairs[0][0] in PLAIN and pairs[0][1] == arg  # the line says it all
    return ToolView("plug", call.name, arg, panels=(Pairs(pairs),) if pairs and not said else ())


def pairs_of(given: Arguments) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), as_text(value)) for name, value in list(given.items())[:PAIRS])


def unreadable(name: str, given: Body) -> ToolView:
    """Arguments that are no object."""
    label = name.removeprefix("mcp__").replace("__", " · ") if name.startswith("mcp__") else name
    return ToolView("plug", label, "", panels=(Code(given.text),) if given.text.strip() else ())
