"""The agents that agentguid can run. Adding one is an entry here, and a dialect if it speaks a new protocol.

`tried` says with which version an agent went through `make test-agents` (docs/agents.md). The others are entered as
their makers describe them; the protocol is the same.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from agentguid.agents.entry import Entry
from agentguid.settings import CustomAgent

__all__ = ["CATALOGUE", "Entry", "with_custom"]

NPM = "npm install --global "
ASKS = '{"edit": "ask", "bash": "ask", "webfetch": "ask"}'
ASKS_BUT_FOR_EDITS = '{"edit": "allow", "bash": "ask", "webfetch": "ask"}'
COPILOT = "https://agentclientprotocol.com/protocol/session-modes#"
SUBAGENTS = "When a sub-agent of it wants permission, it asks nobody and waits for ever; stop it then."

CATALOGUE: tuple[Entry, ...] = (
    Entry(
        id="claude-code",
        name="Claude Code",
        icon="claude-code",
        protocol="stream-json",
        dialect="claude",
        binaries=("claude", "claude-code"),
        install=NPM + "@anthropic-ai/claude-code",
        login="Run `claude` in a terminal and type /login, or set ANTHROPIC_API_KEY for the daemon.",
        docs="https://docs.claude.com/en/docs/claude-code",
        tried="2.1.330, 2026-11-26",
        steers=True,
    ),
    Entry(
        id="codex",
        name="Codex",
        icon="codex",
        protocol="app-server",
        dialect="codex",
        binaries=("codex",),
        args=("app-server",),
        install=NPM + "@openai/codex",
        login="Run `codex login` in a terminal; with a key: `printenv OPENAI_API_KEY | codex login --with-api-key`.",
        docs="https://developers.openai.com/codex",
        steers=True,
    ),
    Entry(
        id="gemini",
        name="Gemini CLI",
        icon="gemini",
        protocol="acp",
        dialect="acp",
        binaries=("gemini",),
        args=("--acp",),
        install=NPM + "@google/gemini-cli",
        login="Run `gemini` in a terminal and sign in, or set GEMINI_API_KEY for the daemon and choose that way there.",
        docs="https://geminicli.com/docs/",
        tried="0.61.0, 2026-11-26",
        note="It waits in silence while its provider refuses it, and can forget a session that was just begun.",
    ),
    Entry(
        id="opencode",
        name="OpenCode",
        icon="opencode",
        protocol="acp",
        dialect="acp",
        binaries=("opencode",),
        args=("acp",),
        install=NPM + "opencode-ai",
        login="Run `opencode auth login` in a terminal.",
        docs="https://opencode.ai/docs/",
        tried="1.18.33, 2026-11-26",
        note=SUBAGENTS,
        modes={
            "ask": {"mode": "build"},
            "accept_edits": {"mode": "build"},
            "plan": {"mode": "plan"},
            "bypass": {"mode": "build"},
        },
        environ={
            "ask": {"OPENCODE_PERMISSION": ASKS},
            "accept_edits": {"OPENCODE_PERMISSION": ASKS_BUT_FOR_EDITS},
            "plan": {"OPENCODE_PERMISSION": ASKS},
        },
    ),
    Entry(
        id="copilot",
        name="GitHub Copilot",
        icon="copilot",
        protocol="acp",
        dialect="acp",
        binaries=("copilot",),
        args=("--acp", "--no-auto-update"),
        install=NPM + "@github/copilot",
        login="Run `copilot login` in a terminal.",
        docs="https://docs.github.com/copilot/concepts/agents/about-copilot-cli",
        tried="1.0.102, 2026-11-26",
        modes={
            "ask": {"mode": COPILOT + "agent", "allow_all": "off"},
            "accept_edits": {"mode": COPILOT + "agent", "allow_all": "off"},
            "plan": {"mode": COPILOT + "plan", "allow_all": "off"},
            "bypass": {"mode": COPILOT + "agent", "allow_all": "on"},
        },
        remarks="Info: ",
        errors="Error: ",
    ),
    Entry(
        id="qwen",
        name="Qwen Code",
        icon="qwen",
        protocol="acp",
        dialect="acp",
        binaries=("qwen",),
        args=("--acp",),
        install=NPM + "@qwen-code/qwen-code",
        login="Run `qwen` in a terminal and sign in, or set OPENAI_API_KEY and OPENAI_BASE_URL for the daemon.",
        docs="https://qwenlm.github.io/qwen-code-docs/",
        note="Wants Node 22. It waits in silence while its provider refuses it.",
    ),
    Entry(
        id="goose",
        name="Goose",
        icon="goose",
        protocol="acp",
        dialect="acp",
        binaries=("goose",),
        args=("acp",),
        install="brew install block-goose-cli, or the script of its documentation",
        login="Run `goose configure` in a terminal.",
        docs="https://block.github.io/goose/docs/guides/acp-clients",
        note="Another program is called goose too (for database migrations).",
        modes={
            "ask": {"mode": "approve"},
            "accept_edits": {"mode": "approve"},
            "plan": {"mode": "chat"},
            "bypass": {"mode": "auto"},
        },
        environ={
            "ask": {"GOOSE_MODE": "approve"},
            "accept_edits": {"GOOSE_MODE": "approve"},
            "plan": {"GOOSE_MODE": "chat"},
            "bypass": {"GOOSE_MODE": "auto"},
        },
    ),
    Entry(
        id="kimi",
        name="Kimi Code",
        icon="kimi",
        protocol="acp",
        dialect="acp",
        binaries=("kimi",),
        args=("acp",),
        install="curl -fsSL https://code.kimi.com/kimi-code/install.sh | bash",
        login="Run `kimi` in a terminal and type /login.",
        docs="https://www.kimi.com/code/docs/en/",
        note="The older kimi-cli from PyPI ends at once with a hint to this one.",
    ),
    Entry(
        id="kilo",
        name="Kilo Code",
        icon="kilo",
        protocol="acp",
        dialect="acp",
        binaries=("kilo", "kilocode"),
        args=("acp",),
        install=NPM + "@kilocode/cli",
        login="Run `kilo auth login` in a terminal.",
        docs="https://kilo.ai/docs/cli",
        note=SUBAGENTS,
        modes={
            "ask": {"mode": "code"},
            "accept_edits": {"mode": "code"},
            "plan": {"mode": "plan"},
            "bypass": {"mode": "code"},
        },
        environ={
            "ask": {"OPENCODE_PERMISSION": ASKS, "KILO_PERMISSION": ASKS},
            "accept_edits": {
                "OPENCODE_PERMISSION": ASKS_BUT_FOR_EDITS,
                "KILO_PERMISSION": ASKS_BUT_FOR_EDITS,
            },
            "plan": {"OPENCODE_PERMISSION": ASKS, "KILO_PERMISSION": ASKS},
        },
    ),
    Entry(
        id="vibe",
        name="Mistral Vibe",
        icon="vibe",
        protocol="acp",
        dialect="acp",
        binaries=("vibe-acp",),
        install="uv tool install mistral-vibe",
        login="Run `vibe --setup` in a terminal, or set MISTRAL_API_KEY for the daemon.",
        docs="https://github.com/mistralai/mistral-vibe",
        note="Wants Python 3.12.",
    ),
    Entry(
        id="cline",
        name="Cline",
        icon="cline",
        protocol="acp",
        dialect="acp",
        binaries=("cline",),
        args=("--acp",),
        install=NPM + "cline",
        login="Run `cline auth` in a terminal; by this protocol it takes its own sign-ins only.",
        docs="https://docs.cline.bot/cline-cli/overview",
    ),
    Entry(
        id="kiro",
        name="Kiro",
        icon="kiro",
        protocol="acp",
        dialect="acp",
        binaries=("kiro-cli", "kiro-cli-chat"),
        args=("acp",),
        install="curl -fsSL https://cli.kiro.dev/install | bash",
        login="Run `kiro-cli login` in a terminal.",
        docs="https://kiro.dev/docs/cli/acp",
    ),
    Entry(
        id="auggie",
        name="Auggie",
        icon="auggie",
        protocol="acp",
        dialect="acp",
        binaries=("auggie",),
        args=("--acp",),
        install=NPM + "@augmentcode/auggie",
        login="Run `auggie login` in a terminal.",
        docs="https://docs.augmentcode.com/cli/acp",
    ),
    Entry(
        id="openhands",
        name="OpenHands",
        icon="openhands",
        protocol="acp",
        dialect="acp",
        binaries=("openhands",),
        args=("acp",),
        install="uv tool install openhands --python 3.12",
        login="Run `openhands` in a terminal and choose a model under /settings.",
        docs="https://docs.openhands.dev/openhands/usage/run-openhands/acp",
    ),
    Entry(
        id="cursor",
        name="Cursor",
        icon="cursor",
        protocol="acp",
        dialect="acp",
        binaries=("cursor-agent",),
        args=("acp",),
        install="curl -fsS https://cursor.com/install | bash",
        login="Run `cursor-agent login` in a terminal, or set CURSOR_API_KEY for the daemon.",
        docs="https://cursor.com/docs/cli/acp",
        authenticate="cursor_login",
        modes={
            "ask": {"mode": "agent"},
            "accept_edits": {"mode": "agent"},
            "plan": {"mode": "plan"},
            "bypass": {"mode": "agent"},
        },
    ),
    Entry(
        id="amp",
        name="Amp",
        icon="amp",
        protocol="acp",
        dialect="acp",
        binaries=("amp-acp",),
        install=NPM + "@sourcegraph/amp amp-acp",
        login="Run `amp login` in a terminal, or set AMP_API_KEY for the daemon.",
        docs="https://ampcode.com/manual",
        note="By the adapter `amp-acp`, which is not by Amp's makers.",
        versioned=False,
    ),
    Entry(
        id="fast-agent",
        name="fast-agent",
        icon="fast-agent",
        protocol="acp",
        dialect="acp",
        binaries=("fast-agent-acp",),
        install="uv tool install fast-agent-mcp",
        login="Run `fast-agent setup` in a terminal, or set the key of a provider for the daemon.",
        docs="https://fast-agent.ai/acp/",
        note="Wants Python 3.13.",
    ),
    Entry(
        id="pi",
        name="Pi",
        icon="pi",
        protocol="rpc",
        dialect="",
        binaries=("pi",),
        args=("--mode", "rpc"),
        install=NPM + "@earendil-works/pi-coding-agent",
        login="Run `pi` in a terminal and type /login.",
        docs="https://pi.dev/",
    ),
    Entry(
        id="codex-acp",
        name="Codex (ACP)",
        icon="codex",
        protocol="acp",
        dialect="acp",
        binaries=("codex-acp",),
        install=NPM + "@agentclientprotocol/codex-acp",
        login="Run `codex login` in a terminal, or set OPENAI_API_KEY for the daemon.",
        docs="https://github.com/agentclientprotocol/codex-acp",
        note="Only needed where `codex` itself is not to be installed: the adapter brings its own Codex and shares its sign-in.",
        versioned=False,
        modes={
            "ask": {"mode": "read-only", "collaboration_mode": "default"},
            "accept_edits": {"mode": "workspace-write", "collaboration_mode": "default"},
            "plan": {"mode": "read-only", "collaboration_mode": "plan"},
            "bypass": {"mode": "agent-full-access", "collaboration_mode": "default"},
        },
    ),
    Entry(id="demo", name="Demo agent", icon="demo", protocol="stream-json", dialect="demo", steers=True),
)


def with_custom(custom: Mapping[str, CustomAgent]) -> tuple[Entry, ...]:
    """The catalogue with the user's own agents: those of a known id in its place, the others before the demo agent."""
    known = {entry.id: entry for entry in CATALOGUE}
    own = {id_: _own(id_, agent, known.get(id_)) for id_, agent in custom.items()}
    replaced = [own.get(entry.id, entry) for entry in CATALOGUE]
    added = [entry for id_, entry in own.items() if id_ not in known]
    return (*replaced[:-1], *added, replaced[-1])


def _own(id_: str, agent: CustomAgent, known: Entry | None) -> Entry:
    """Under a known id only the command is another: what our modes mean to that agent stays."""
    program, *args = agent.command
    dialect = "acp" if agent.protocol == "acp" else "stream_json"
    entry = known or Entry(id=id_, name=id_, icon="custom", protocol="", dialect="")
    return replace(
        entry,
        protocol=agent.protocol,
        dialect=dialect,
        binaries=(program,),
        args=tuple(args),
        install=entry.install,
        login=agent.login or entry.login,
        docs=agent.docs or entry.docs,
        tried="",
        versioned=agent.versioned,
        authenticate=agent.authenticate or entry.authenticate,
        files=agent.files,
        steers=entry.steers and agent.protocol == "stream-json",
    )
