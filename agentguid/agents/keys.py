"""Which variables agents take the keys of model providers from."""

import re
from collections.abc import Mapping

OPEN = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY")
OPENCODE = (
    "OPENCODE_API_KEY",
    "AI_GATEWAY_API_KEY",
    "AZURE_API_KEY",
    "CEREBRAS_API_KEY",
    "COHERE_API_KEY",
    "DEEPINFRA_API_KEY",
    "DEEPSEEK_API_KEY",
    "FIREWORKS_API_KEY",
    "GOOGLE_GENERATIVE_AI_API_KEY",
    "GROQ_API_KEY",
    "MISTRAL_API_KEY",
    "MOONSHOT_API_KEY",
    "PERPLEXITY_API_KEY",
    "TOGETHER_API_KEY",
    "XAI_API_KEY",
    "ZHIPU_API_KEY",
)
"""Of the providers that OpenCode knows (a hundred and more), those that many have a key of."""
TAKES: Mapping[str, tuple[str, ...]] = {
    "claude-code": ("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"),
    "codex": ("OPENAI_API_KEY", "CODEX_API_KEY"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "opencode": (*OPEN, *OPENCODE),
    "copilot": ("COPILOT_GITHUB_TOKEN",),
    "qwen": ("OPENAI_API_KEY", "DASHSCOPE_API_KEY"),
    "goose": (*OPEN, "GOOGLE_API_KEY"),
    "kimi": ("KIMI_API_KEY",),
    "kilo": OPEN,
    "vibe": ("MISTRAL_API_KEY",),
    "openhands": ("LLM_API_KEY",),
    "cursor": ("CURSOR_API_KEY",),
    "amp": ("AMP_API_KEY",),
    "fast-agent": ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"),
    "pi": (*OPEN, "GEMINI_API_KEY"),
}
"""By the agent's id. What is not here takes a key that was given to it by name."""
NAMES = tuple(sorted({name for names in TAKES.values() for name in names}))
NAME = re.compile(r"[A-Z][A-Z0-9_]{1,58}_(?:KEY|TOKEN|SECRET|AUTH)")
"""What a variable with a key is called: so that none of those that steer programs (PATH, LD_PRELOAD…) can be set by this."""


def takers(name: str) -> list[str]:
    """The agents that read a variable by themselves."""
    return [agent for agent, names in TAKES.items() if name in names]
