"""How genuine agents find the scripted model: their environment, and files in their home (`{url}` is the model's)."""

import json
import sys
from pathlib import Path

QUIET = {"NO_COLOR": "1", "DO_NOT_TRACK": "1", "DISABLE_TELEMETRY": "1", "NO_UPDATE_NOTIFIER": "1"}


def copilot(url: str) -> dict[str, str]:
    return {
        "COPILOT_OFFLINE": "true",
        "COPILOT_AUTO_UPDATE": "false",
        "COPILOT_PROVIDER_TYPE": "anthropic",
        "COPILOT_PROVIDER_BASE_URL": url,
        "COPILOT_PROVIDER_API_KEY": "dummy",
        "COPILOT_MODEL": "claude-sonnet-4.5",
    }


def gemini(url: str) -> dict[str, str]:
    return {
        "GEMINI_API_KEY": "dummy",
        "GOOGLE_GEMINI_BASE_URL": url,
        "GEMINI_TELEMETRY_ENABLED": "false",
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
        "GEMINI_MODEL": "gemini-2.5-pro",
    }


def opencode(url: str) -> dict[str, str]:
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


def _allowing(agent: str) -> str:
    """A user who allows all, everywhere, and has an MCP server: what is asked is because agentguid says so."""
    rules = {"bash": "allow", "*": "allow", "notes_*": "allow", "edit": "allow"}
    server = {"type": "local", "command": [sys.executable, str(Path(__file__).with_name("mcp_server.py"))]}
    return json.dumps(
        {
            "$schema": "https://opencode.ai/config.json",
            "permission": rules,
            "agent": {agent: {"permission": rules}},
            "mcp": {"notes": server},
        }
    )


OPENCODE_HOME = ((".config/opencode/opencode.json", _allowing("build")),)
KILO_HOME = ((".config/kilo/kilo.json", _allowing("code")),)


def codex(_url: str) -> dict[str, str]:
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


def pi(_url: str) -> dict[str, str]:
    return {"PI_OFFLINE": "1", "PI_TELEMETRY": "0", "PI_SKIP_VERSION_CHECK": "1"}


def _pi_model(name: str) -> dict[str, object]:
    return {
        "id": name,
        "name": name,
        "reasoning": True,
        "input": ["text", "image"],
        "contextWindow": 200_000,
        "maxTokens": 8192,
        "cost": {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75},
    }


PI_PROVIDER = {
    "baseUrl": "{url}/v1",
    "api": "openai-completions",
    "apiKey": "dummy",
    "models": [_pi_model("fake"), _pi_model("fake-small")],
}
PI_HOME = (
    (".pi/agent/models.json", json.dumps({"providers": {"fake": PI_PROVIDER}})),
    (".pi/agent/settings.json", json.dumps({"defaultProvider": "fake", "defaultModel": "fake"})),
)


def qwen(url: str) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": "dummy",
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_MODEL": "fake-model",
        "QWEN_TELEMETRY_ENABLED": "false",
    }


QWEN_SETTINGS = {
    "$version": 4,
    "security": {"auth": {"selectedType": "openai"}},
    "general": {"enableAutoUpdate": False, "disableAutoUpdate": True, "disableUpdateNag": True},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "model": {"name": "fake-model", "generationConfig": {"modalities": {"image": True}}},
}
"""Of a model that it does not know it thinks that it sees no pictures."""


def kilo(url: str) -> dict[str, str]:
    same = opencode(url)
    return {
        **same,
        **{name.replace("OPENCODE", "KILO"): value for name, value in same.items()},
        "KILO_TELEMETRY_LEVEL": "off",
    }


def vibe(_url: str) -> dict[str, str]:
    return {"FAKE_API_KEY": "dummy", "MISTRAL_API_KEY": "dummy"}


VIBE_CONFIG = """active_model = "fake"
enable_update_checks = false
enable_auto_update = false
enable_telemetry = false

[[providers]]
name = "fake"
api_base = "{url}/v1"
api_key_env_var = "FAKE_API_KEY"
backend = "generic"
api_style = "openai"

[[models]]
name = "fake-model"
provider = "fake"
alias = "fake"
supports_images = true

[[models]]
name = "fake-small"
provider = "fake"
alias = "fake-small"
"""


def claude(url: str) -> dict[str, str]:
    return {
        "ANTHROPIC_API_KEY": "dummy",
        "ANTHROPIC_BASE_URL": url,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "2",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
    }


def fast_agent(url: str) -> dict[str, str]:
    return {
        "ANTHROPIC_API_KEY": "dummy",
        "ANTHROPIC_BASE_URL": url,
        "OPENAI_API_KEY": "dummy",
        "OPENAI_BASE_URL": f"{url}/v1",
        "GENERIC_API_KEY": "dummy",
        "GENERIC_BASE_URL": f"{url}/v1",
        "FAST_AGENT_MODEL": "generic.gpt-4.1",  # one that it knows to see pictures
    }


def kimi(url: str) -> dict[str, str]:
    return {
        "KIMI_MODEL_NAME": "fake-model",
        "KIMI_MODEL_API_KEY": "dummy",
        "KIMI_MODEL_BASE_URL": f"{url}/v1",
        "KIMI_MODEL_PROVIDER_TYPE": "kimi",
        "KIMI_CODE_NO_AUTO_UPDATE": "1",
    }


def openhands(_url: str) -> dict[str, str]:
    return {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "OPENHANDS_SUPPRESS_BANNER": "1"}


OPENHANDS_SETTINGS = {
    "kind": "Agent",
    "llm": {
        "model": "openai/fake-model",
        "model_canonical_name": "openai/gpt-4o",
        "api_key": "dummy",
        "base_url": "{url}/v1",
        "usage_id": "agent",
        "num_retries": 1,
    },
    "tools": [{"name": name, "params": {}} for name in ("terminal", "file_editor", "task_tracker")],
    "system_prompt_kwargs": {"cli_mode": True},
}
"""As its own /settings writes them; the canonical name is of a model that it knows to see pictures."""
