"""The genuine agents that can be installed here, as data; and why the others cannot be tried."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.agents_real import setups
from tests.agents_real.install import CLAUDE, Npm, Pip

__all__ = ["AGENTS", "UNTRIED", "Genuine"]

Environ = Callable[[str], dict[str, str]]


@dataclass(frozen=True)
class Genuine:
    """One agent, and where it differs from the others in what is tested."""

    id: str
    source: Npm | Pip
    argument: str
    """That only the agent itself is started with."""
    environ: Environ
    home: tuple[tuple[str, str], ...] = ()
    """Files in its home: path, content; `{url}` in it is the model's."""
    lists_models: bool = True
    """It tells which models it offers, once it has begun to work. That one does not is looked at, too."""
    steers: bool = False
    """It takes a message into the turn that it works on."""
    shell: str = "Shell"
    """The tool by which it runs commands."""
    by_the_minute: bool = False
    """A session that it takes up within the minute in which it began is lost: its new file has the name of the old."""
    cannot: Mapping[str, str] = field(default_factory=dict)
    """Tests that do not apply to it, by name → why."""
    custom: str = ""
    """Lines for config.toml that make an agent of the user's own of it; `{program}` is its path."""

    @property
    def version(self) -> str:
        return self.source.version

    @property
    def program(self) -> str:
        return self.source.program

    def path(self) -> Path:
        """Raises `install.MissingError`."""
        return self.source.path()


NEED_A_MODEL = (
    "a_simple_answer",
    "a_tool_that_is_allowed_is_run",
    "a_tool_that_is_denied_is_not",
    "nothing_is_asked_in_bypass",
    "a_stop_stops_and_the_next_prompt_works",
    "it_outlives_a_restart_of_the_daemon",
    "its_session_is_resumed_when_its_process_is_gone",
    "it_still_asks_after_it_was_resumed",
    "its_models_are_known_once_it_has_worked",
    "a_message_goes_into_the_turn_that_runs",
    "what_is_attached_reaches_the_model",
)
"""Tests: all but that a missing sign-in is told."""
NOT_TO_ROOT = {"nothing_is_asked_in_bypass": "it refuses that to root, who ran this"}
AGENTS = (
    Genuine(
        "claude-code",
        Npm("@anthropic-ai/claude-code", CLAUDE, "claude", 360),
        "--input-format",
        setups.claude,
        steers=True,
        shell="Bash",
        cannot=NOT_TO_ROOT if os.geteuid() == 0 else {},
    ),
    Genuine(
        "codex",
        Npm("@openai/codex", "0.169.0", "codex", 405),
        "app-server",
        setups.codex,
        home=((".codex/config.toml", setups.CODEX_CONFIG),),
        steers=True,
    ),
    Genuine(
        "copilot",
        Npm("@github/copilot", "1.0.102", "copilot", 190),
        "--acp",
        setups.copilot,
        lists_models=False,
    ),
    Genuine(
        "gemini",
        Npm("@google/gemini-cli", "0.61.0", "gemini", 100),
        "--acp",
        setups.gemini,
        home=((".gemini/settings.json", json.dumps(setups.GEMINI_SETTINGS)),),
        by_the_minute=True,
    ),
    Genuine(
        "opencode",
        Npm("opencode-ai", "1.18.33", "opencode", 350),
        "acp",
        setups.opencode,
        home=setups.OPENCODE_HOME,
    ),
    Genuine(
        "pi",
        Npm("@earendil-works/pi-coding-agent", "0.74.2", "pi", 195),
        "--extension",
        setups.pi,
        home=setups.PI_HOME,
        steers=True,
    ),
    Genuine(
        "qwen",
        Npm("@qwen-code/qwen-code", "0.24.4", "qwen", 145, newer=True),
        "--acp",
        setups.qwen,
        home=((".qwen/settings.json", json.dumps(setups.QWEN_SETTINGS)),),
    ),
    Genuine(
        "kilo",
        Npm(
            "@kilocode/cli-linux-x64",
            "7.7.9",
            "kilo",
            230,
            within="node_modules/@kilocode/cli-linux-x64/bin/kilo",
        ),
        "acp",
        setups.kilo,
        home=setups.KILO_HOME,
    ),
    Genuine(
        "vibe",
        Pip("mistral-vibe", "3.0.2", "vibe-acp", 400, "3.12"),
        "vibe-acp",
        setups.vibe,
        home=((".vibe/config.toml", setups.VIBE_CONFIG),),
    ),
    Genuine(
        "kimi",
        Npm("@moonshot-ai/kimi-code", "2.1.0", "kimi", 100, newer=True),
        "acp",
        setups.kimi,
    ),
    Genuine(
        "codex-acp",
        Npm("@agentclientprotocol/codex-acp", "2.6.0", "codex-acp", 460),
        "codex-acp",
        setups.codex,
        home=((".codex/config.toml", setups.CODEX_CONFIG),),
    ),
    Genuine(
        "fast-agent",
        Pip("fast-agent-mcp", "0.10.46", "fast-agent-acp", 325, "3.13"),
        "fast-agent-acp",
        setups.fast_agent,
        lists_models=False,
    ),
    Genuine(
        "openhands",
        Pip("openhands", "1.16.0", "openhands", 755, "3.12"),
        "acp",
        setups.openhands,
        home=((".openhands/agent_settings.json", json.dumps(setups.OPENHANDS_SETTINGS)),),
        lists_models=False,
    ),
    Genuine(
        "claude-agent-acp",
        Npm("@agentclientprotocol/claude-agent-acp", "0.49.0", "claude-agent-acp", 290),
        "claude-agent-acp",
        setups.claude,
        custom='[agents.claude-agent-acp]\ncommand = ["{program}"]\nprotocol = "acp"\nversioned = false\n',
    ),
    Genuine(
        "cline",
        Npm("cline", "3.0.65", "cline", 440),
        "--acp",
        lambda _url: {"CLINE_TELEMETRY_DISABLED": "1", "CLINE_NO_AUTO_UPDATE": "1"},
        cannot=dict.fromkeys(NEED_A_MODEL, "by ACP it works only with a sign-in at its makers'"),
    ),
)
UNTRIED = {
    "goose": "in no registry: its package there is another program",
    "kiro": "in no registry",
    "auggie": "works only with its makers' service",
    "cursor": "in no registry",
    "amp": "works only with its makers' service",
}
"""Agents of the catalogue that cannot be run here, and why."""
