"""What makes OpenCode and Kilo Code ask: rules of theirs, in variables. By themselves they allow all.

Of their rules the last one that fits holds. First come theirs, then those for all agents, then those of the one agent; so
ours stand in both places. Where the user has rules, ours are merged into them: a key that both have keeps the user's
place, and rules behind it would win. So ours are spelled as nobody else would, with wildcards, and come last. What they
leave out (reads, and edits in accept_edits) goes by the rules of the user, who may have forbidden some of it.
"""

import json
from collections.abc import Mapping, Sequence

from agentguid.protocol.items import Mode

Rules = dict[str, str]

SERVERS = "*_*"
"""Tools of MCP servers: their name is the server's and the tool's."""
OTHERS = "?????*"
"""All tools of five letters or more, those too that we do not know. Shorter: read, grep, glob, list, lsp, and what follows."""
RUNS = "?as?"
"""bash, task."""
EDITS = "edi?"
TODO = {"todowrit?": "allow", "todorea?": "allow"}
"""The agent's list of what it has to do."""
CONTENT = "_CONFIG_CONTENT"


def variables(prefixes: Sequence[str], works: str) -> Mapping[Mode, Mapping[str, str]]:
    """By mode. `prefixes` of its variables; `works`: the agent that is no planner."""
    asks = _variables(prefixes, works, edits=False)
    return {"ask": asks, "accept_edits": _variables(prefixes, works, edits=True), "plan": asks}


def _variables(prefixes: Sequence[str], works: str, *, edits: bool) -> Mapping[str, str]:
    """A sub-agent that wants permission asks nobody and waits for ever: those of its makers may only read."""
    asks = _rules("ask", edits="" if edits else "ask") | TODO
    agents = {
        works: asks,
        "plan": _rules("ask", edits="deny") | TODO,
        "general": _rules("deny", edits="" if edits else "deny"),
        "explore": _rules("deny", edits="deny"),
    }
    content = {"agent": {name: {"permission": rules} for name, rules in agents.items()}}
    return {
        **{f"{prefix}_PERMISSION": json.dumps(asks) for prefix in prefixes},
        **{prefix + CONTENT: json.dumps(content) for prefix in prefixes},
    }


def _rules(others: str, edits: str) -> Rules:
    return {OTHERS: others, SERVERS: others, RUNS: others, **({EDITS: edits} if edits else {})}
