"""What OpenCode and Kilo Code may do unasked, reckoned as they do it: of all rules that fit the last one holds."""

import json
import re
from typing import Any

import pytest

from agentguid.agents.catalogue import CATALOGUE
from agentguid.agents.discovery import Found
from agentguid.protocol.errors import AgentFailed
from agentguid.protocol.items import Mode

AGENTS = {entry.id: (Found(entry, True, "/bin/x"), prefix) for entry in CATALOGUE
          for prefix in {"opencode": ["OPENCODE"], "kilo": ["KILO"]}.get(entry.id, [])}  # fmt: skip
READS = ("read", "grep", "glob", "list", "lsp")
RUNS = (
    "bash",
    "task",
    "webfetch",
    "websearch",
    "codesearch",
    "skill",
    "external_directory",
    "notes_add",
    "a_b",
    "unheard",
)
ALL: dict[str, Any] = {
    "*": "allow",
    "bash": "allow",
    "notes_*": "allow",
    "task": {"*": "allow"},
    "edit": "allow",
}
USERS: tuple[dict[str, Any], ...] = (
    {},
    {"permission": ALL},
    {"agent": {name: {"permission": ALL} for name in ("build", "code", "plan", "general", "explore")}},
    {"permission": {"bash": "allow", "*": "allow"}, "agent": {"build": {"permission": {"unheard": "allow", "*": "allow"}}}},
)  # fmt: skip


def merged(under: Any, over: Any) -> Any:
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    return {**under, **{key: merged(under.get(key), value) for key, value in over.items()}}


def fits(name: str, pattern: str) -> bool:
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), name, re.DOTALL))


def verdict(id_: str, mode: Mode, agent: str, tool: str, users: dict[str, Any], what: str = "x") -> str:
    """`users`: the configuration of theirs, which lies in a file or in the variable, for it comes before ours in both."""
    found, prefix = AGENTS[id_]
    told = found.environ(mode, {f"{prefix}_CONFIG_CONTENT": json.dumps(users)})
    config = json.loads(told[f"{prefix}_CONFIG_CONTENT"])
    everywhere = merged(config.get("permission", {}), json.loads(told[f"{prefix}_PERMISSION"]))
    own = config["agent"].get(agent, {}).get("permission", {})
    rules = [
        (tool_, pattern, action)
        for group in ({"*": "allow", "read": {"*": "allow", "*.env": "ask"}}, everywhere, own)
        for tool_, said in group.items()
        for pattern, action in (said if isinstance(said, dict) else {"*": said}).items()
    ]
    return [action for tool_, pattern, action in rules if fits(tool, tool_) and fits(what, pattern)][-1]


def working(id_: str) -> str:
    return {"opencode": "build", "kilo": "code"}[id_]


@pytest.mark.parametrize("users", USERS)
@pytest.mark.parametrize("id_", AGENTS)
def test_where_we_promise_to_ask_all_is_asked_but_reading(id_: str, users: dict[str, Any]) -> None:
    """Whatever the user's own configuration allows, and also of tools that nobody has heard of."""
    for mode in ("ask", "plan", "accept_edits"):
        for agent in (working(id_), "plan"):
            assert {verdict(id_, mode, agent, tool, users) for tool in RUNS} == {"ask"}
            assert {verdict(id_, mode, agent, tool, users) for tool in READS} == {"allow"}
        assert verdict(id_, mode, "plan", "edit", users) == "deny"
    assert verdict(id_, "ask", working(id_), "edit", users) == "ask"
    assert verdict(id_, "accept_edits", working(id_), "edit", users) == "allow"
    assert verdict(id_, "ask", working(id_), "todowrite", users) == "allow"


@pytest.mark.parametrize("users", USERS)
@pytest.mark.parametrize("id_", AGENTS)
def test_its_own_sub_agents_only_read(id_: str, users: dict[str, Any]) -> None:
    """They would wait for ever."""
    for agent in ("general", "explore"):
        assert {verdict(id_, "ask", agent, tool, users) for tool in ("edit", *RUNS)} == {"deny"}
        assert {verdict(id_, "ask", agent, tool, users) for tool in READS} == {"allow"}


def test_what_the_user_forbids_to_be_read_stays_forbidden() -> None:
    users = {"permission": {"read": {"*.pem": "deny"}}, "agent": {"build": {"permission": {"grep": "deny"}}}}

    assert verdict("opencode", "ask", "build", "read", users, "key.pem") == "deny"
    assert verdict("opencode", "ask", "build", "read", users, ".env") == "ask"
    assert verdict("opencode", "ask", "build", "grep", users) == "deny"


def test_the_users_configuration_in_the_variable_is_kept() -> None:
    found, _ = AGENTS["opencode"]
    users = {"model": "x/y", "agent": {"build": {"prompt": "Be brief."}}}
    told = json.loads(
        found.environ("ask", {"OPENCODE_CONFIG_CONTENT": json.dumps(users)})["OPENCODE_CONFIG_CONTENT"]
    )

    assert (told["model"], told["agent"]["build"]["prompt"]) == ("x/y", "Be brief.")
    assert found.environ("bypass", {"OPENCODE_CONFIG_CONTENT": json.dumps(users)}) == {}


@pytest.mark.parametrize("said", ["{ // mine\n}", "[]", "[" * 100_000])
def test_with_a_configuration_that_ours_cannot_be_laid_over_it_does_not_start(said: str) -> None:
    """Else it would act unasked."""
    found, _ = AGENTS["opencode"]

    with pytest.raises(
        AgentFailed, match="OPENCODE_CONFIG_CONTENT is set for the daemon and is no JSON object"
    ):
        found.environ("ask", {"OPENCODE_CONFIG_CONTENT": said})
