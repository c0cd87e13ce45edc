"""The genuine agents beside Claude Code that can be installed here, as data: where they come from, and how they find the scripted model."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.agents_real import install

Environ = Callable[[str], dict[str, str]]
QUIET = {"NO_COLOR": "1", "DO_NOT_TRACK": "1", "DISABLE_TELEMETRY": "1", "NO_UPDATE_NOTIFIER": "1"}


def _copilot(url: str) -> dict[str, str]:
    return {
        "COPILOT_OFFLINE": "true",
        "COPILOT_AUTO_UPDATE": "false",
        "COPILOT_PROVIDER_TYPE": "anthropic",
        "COPILOT_PROVIDER_BASE_URL": url,
        "COPILOT_PROVIDER_API_KEY": "dummy",
        "COPILOT_MODEL": "claude-sonnet-4.5",
    }


def _gemini(url: str) -> dict[str, str]:
    return {
        "GEMINI_API_KEY": "dummy",
        "GOOGLE_GEMINI_BASE_URL": url,
        "GEMINI_TELEMETRY_ENABLED": "false",
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
        "GEMINI_MODEL": "gemini-2.5-pro",
    }


def _opencode(url: str) -> dict[str, str]:
    limit = {"context": 200_000, "output": 8192}
    sees = {"attachment": True, "modalities": {"input": ["text", "image"], "output": ["text"]}}
    models = {
        name: {"name": name, "tool_call": True, "limit": limit, **sees} for name in ("fake", "fake-small")
    }
    provider = {
        "npm": "@ai-sdk/anthropic",
        "name": "Fake",
        "options": {"baseURL": f"{url}/v1", "apiKey": "dummy"},
        "models": models,
    }
    config = {
        "provider": {"fake": provider},
        "enabled_providers": ["fake"],
        "model": "fake/fake",
        "small_model": "fake/fake-small",
        "autoupdate": False,
        "share": "disabled",
    }
    return {
        "OPENCODE_CONFIG_CONTENT": json.dumps(config),
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
        "OPENCODE_DISABLE_SHARE": "1",
    }


def _codex(_url: str) -> dict[str, str]:
    return {"FAKE_API_KEY": "dummy"}


CODEX_CONFIG = """model = "gpt-5.5"
model_provider = "fake"
check_for_update_on_startup = false
model_reasoning_summary = "detailed"
approval_policy = "never"
sandbox_mode = "danger-full-access"

[model_providers.fake]
name = "Fake"
base_url = "{url}/v1"
env_key = "FAKE_API_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
supports_websockets = false

[analytics]
enabled = false

[feedback]
enabled = false
"""
"""It asks nothing by itself: what is asked is because agentguid says so."""
GEMINI_SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
}


@dataclass(frozen=True)
class Genuine:
    """One agent, and where it differs from the others in what is tested."""

    id: str
    package: str
    version: str
    program: str
    megabytes: int
    argument: str
    """That only the agent itself is started with."""
    environ: Environ
    home: tuple[tuple[str, str], ...] = ()
    """Files in its home: path, content; `{url}` in it is the model's."""
    lists_models: bool = False
    """It tells which models it offers, once it has begun to work."""
    steers: bool = False
    """It takes a message into the turn that it works on."""

    def path(self) -> Path:
        """Raises `install.MissingError`."""
        return install.other(self.package, self.version, self.program, self.megabytes)


AGENTS = (
    Genuine(
        "codex",
        "@openai/codex",
        "0.169.0",
        "codex",
        405,
        "app-server",
        _codex,
        home=((".codex/config.toml", CODEX_CONFIG),),
        lists_models=True,
        steers=True,
    ),
    Genuine("copilot", "@github/copilot", "1.0.102", "copilot", 190, "--acp", _copilot),
    Genuine(
        "gemini",
        "@google/gemini-cli",
        "0.61.0",
        "gemini",
        100,
        "--acp",
        _gemini,
        home=((".gemini/settings.json", json.dumps(GEMINI_SETTINGS)),),
    ),
    Genuine("opencode", "opencode-ai", "1.18.33", "opencode", 350, "acp", _opencode),
)
