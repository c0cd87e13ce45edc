"""`/auth`: provider keys as the reference has them, by provider instead of by variable. Only for the user (guards.ADMIN)."""

import logging

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agentguid.append.keyring import Key
from agentguid.entropy import now
from agentguid.http.api.shapes import Given, Shape
from agentguid.http.parts import Parts
from agentguid.http.who import Who
from agentguid.protocol.errors import Invalid

log = logging.getLogger(__name__)

PROVIDERS = {
    "anthropic": ("Anthropic", "ANTHROPIC_API_KEY"),
    "openai": ("OpenAI", "OPENAI_API_KEY"),
    "google": ("Google Gemini", "GEMINI_API_KEY"),
    "openrouter": ("OpenRouter", "OPENROUTER_API_KEY"),
    "github": ("GitHub Copilot", "COPILOT_GITHUB_TOKEN"),
    "azure": ("Azure OpenAI", "AZURE_API_KEY"),
    "anthropic-claude-code": ("Claude Code", "CLAUDE_CODE_OAUTH_TOKEN"),
    "opencode": ("OpenCode Zen", "OPENCODE_API_KEY"),
}
"""By the reference's id: name, and the variable in which agents find the key."""


class Config(Shape, frozen=True):
    name: str
    api_key: str
    """Masked."""
    has_key: bool
    """There is a key, or for google an account that was signed in to."""
    default_model: str
    """Always empty: a model is chosen for each conversation."""
    path: str
    """Of our own file; nothing of the user's is read or written for this."""
    variable: str


class SaveConfig(Given):
    provider_id: str
    api_key: str
    default_model: str = ""


class Saved(Shape, frozen=True):
    success: bool
    path: str


@get("/auth/configs", sync_to_thread=False)
def list_configs(parts: NamedDependency[Parts]) -> dict[str, Config]:
    """The providers, and whether there is a key for each."""
    keys = {key.name: key for key in parts.keys}
    path, account = str(parts.settings.places.keys), parts.gemini.account
    found = {}
    for id_, (name, variable) in PROVIDERS.items():
        key = keys.get(variable)
        signed_in = id_ == "google" and account is not None and not account.problem
        masked = key.masked if key else ""
        found[id_] = Config(name, masked, key is not None or signed_in, "", path, variable)
    return found


@post("/auth/save-config", status_code=200)
async def save_config(
    parts: NamedDependency[Parts], who: NamedDependency[Who], data: JSONBody[SaveConfig]
) -> Saved:
    """Sets the key of a provider, for every agent that reads it."""
    provider = PROVIDERS.get(data.provider_id)
    if provider is None:
        raise Invalid("providerId", f"must be one of {', '.join(PROVIDERS)}; other keys: PUT /keys/VARIABLE")
    if data.default_model:
        raise Invalid("defaultModel", "is not kept: choose the model of each conversation")
    try:
        await parts.keys.set(Key(provider[1], data.api_key, (), now()))
    except Invalid as error:
        raise Invalid("apiKey", str(error).partition(": ")[2]) from None
    log.info("the key %s was set", provider[1], extra={"actor": who.actor})
    return Saved(True, str(parts.settings.places.keys))


ROUTES = (list_configs, save_config)
