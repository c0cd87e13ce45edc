"""How agents are signed in to, how one sees that they are, and how they are brought up to date: data, by their ids.

A command begins with the name of a program, which is looked for beside the agent's own. Those of Claude Code, Codex,
OpenCode, Copilot and Gemini were run by us; the others are as their makers describe them.
"""

from collections.abc import Mapping

from msgspec import Struct, field

Command = tuple[str, ...]


class Token(Struct, frozen=True):
    """A credential that a sign-in prints for other programs to use."""

    name: str
    """The variable that the agent takes it from."""
    begins: str
    """What it begins with, so that it is found in what was printed."""


class Ways(Struct, frozen=True):
    login: Command = ()
    """Needs a terminal and a human. Empty: there is none."""
    others: Mapping[str, Command] = field(default_factory=dict)
    """Other ways to sign in: `device` (by a code that is typed elsewhere), `token` (prints one)."""
    token: Token | None = None
    """What the way `token` prints."""
    status: Command = ()
    """Says by its exit code whether it is signed in: quickly, and without the network."""
    files: tuple[str, ...] = ()
    """One of these with something in it: it is signed in. `~` and `$VARIABLE` as in a shell; of an unset one, nothing."""
    only: bool = False
    """There is no way to be signed in but these files and keys: without them it is not."""
    elsewhere: tuple[str, str] | None = None
    """A file, and a word in it that says that it may work in a way that is not looked at."""
    update: Command = ()
    """Brings it up to date where no package manager has put it there."""


NONE = Ways()
WAYS: Mapping[str, Ways] = {
    "claude-code": Ways(
        login=("claude", "auth", "login"),
        others={"token": ("claude", "setup-token")},
        token=Token("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat"),
        status=("claude", "auth", "status"),
        update=("claude", "update"),
    ),
    "codex": Ways(
        login=("codex", "login"),
        others={"device": ("codex", "login", "--device-auth")},
        status=("codex", "login", "status"),
        elsewhere=("~/.codex/config.toml", "model_provider"),
        update=("codex", "update"),
    ),
    "codex-acp": Ways(
        login=("codex", "login"),
        others={"device": ("codex", "login", "--device-auth")},
        files=("$CODEX_HOME/auth.json", "~/.codex/auth.json"),
    ),
    "gemini": Ways(
        login=("gemini",),
        files=("~/.gemini/oauth_creds.json",),
        elsewhere=("~/.gemini/settings.json", "selectedType"),
        only=True,
    ),
    "opencode": Ways(
        login=("opencode", "auth", "login"),
        files=("$XDG_DATA_HOME/opencode/auth.json", "~/.local/share/opencode/auth.json"),
        update=("opencode", "upgrade"),
    ),
    "copilot": Ways(
        login=("copilot", "login"),
        others={"device": ("copilot", "login", "--device-code")},
        update=("copilot", "update"),
    ),
    "qwen": Ways(login=("qwen",), files=("~/.qwen/oauth_creds.json",)),
    "goose": Ways(login=("goose", "configure"), update=("goose", "update")),
    "kimi": Ways(login=("kimi",)),
    "kilo": Ways(
        login=("kilo", "auth", "login"), files=("~/.local/share/kilo/auth.json",), update=("kilo", "upgrade")
    ),
    "vibe": Ways(login=("vibe", "--setup")),
    "cline": Ways(login=("cline", "auth")),
    "kiro": Ways(login=("kiro-cli", "login"), update=("kiro-cli", "update")),
    "auggie": Ways(login=("auggie", "login"), files=("~/.augment/session.json",)),
    "openhands": Ways(login=("openhands",)),
    "cursor": Ways(login=("cursor-agent", "login"), update=("cursor-agent", "update")),
    "amp": Ways(login=("amp", "login"), update=("amp", "update")),
    "fast-agent": Ways(login=("fast-agent", "setup")),
    "pi": Ways(login=("pi",), files=("~/.pi/agent/auth.json",)),
}
