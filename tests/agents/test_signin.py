"""Whether an agent is signed in: yes, no or unknown, with the reason, and without waiting."""

import asyncio
import time
from pathlib import Path

import pytest

from agentguid.agents import environ, signin
from agentguid.agents.discovery import REFUSED, Agents
from agentguid.agents.signin import SignIn, SignIns
from agentguid.protocol.events import TurnEnded
from tests.agents.test_discovery import program


@pytest.fixture(autouse=True)
def _only_this_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environ, "EVERYWHERE", ())


def _file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


class World:
    """A machine with some agents on it."""

    def __init__(self, root: Path, **environ: str) -> None:
        self.environ = {"PATH": f"{root / 'bin'}:/usr/bin:/bin", "HOME": str(root), **environ}
        self.agents = Agents(self.environ)
        self.given: dict[str, dict[str, str]] = {}
        self.signins = SignIns(self.agents, lambda agent: self.given.get(agent, {}), environ=self.environ)

    async def of(self, id: str) -> SignIn:
        if not self.agents.searched:
            await self.agents.rescan()
        await self.signins.fresh([id], 60)
        return self.signins.of(id)

    def ask(self, id: str) -> tuple[str, str]:
        known = asyncio.run(self.of(id))
        return known.state, known.why


CLAUDE = 'case "$1" in --version) echo 1;; *) echo "{\\"authMethod\\": \\"oauth_token\\"}"; exit %d;; esac'


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0, ("yes", "`claude auth status` says so (oauth token)")),
        (1, ("no", "`claude auth status` says no")),
    ],
)
def test_an_agent_that_says_it_is_believed(tmp_path: Path, code: int, expected: tuple[str, str]) -> None:
    program(tmp_path / "bin", "claude", CLAUDE % code)
    assert World(tmp_path).ask("claude-code") == expected


def test_a_no_is_unknown_where_there_is_another_way(tmp_path: Path) -> None:
    program(tmp_path / "bin", "codex", 'echo "Not logged in" >&2; [ "$1" = --version ] && echo 1 || exit 1')
    assert World(tmp_path).ask("codex") == ("no", "`codex login status` says no")
    assert World(tmp_path, OPENAI_API_KEY="x").ask("codex") == (
        "unknown",
        "`codex login status` says no, but OPENAI_API_KEY is set for the daemon",
    )
    _file(tmp_path / ".codex" / "config.toml", 'model_provider = "mine"\n')
    assert World(tmp_path).ask("codex") == (
        "unknown",
        "`codex login status` says no, but ~/.codex/config.toml has a model_provider of its own",
    )


def test_a_file_with_something_in_it_is_a_sign_in(tmp_path: Path) -> None:
    program(tmp_path / "bin", "opencode", "echo 1")
    program(tmp_path / "bin", "gemini", "echo 1")
    kept = tmp_path / ".local" / "share" / "opencode" / "auth.json"
    none = "there is no ~/.local/share/opencode/auth.json, but it may be set up in other ways"
    assert World(tmp_path).ask("opencode") == ("unknown", none)
    _file(kept, "{}\n")
    assert World(tmp_path).ask("opencode") == ("unknown", none)
    _file(kept, '{"x": {}}')
    assert World(tmp_path).ask("opencode") == ("yes", "its sign-in is in ~/.local/share/opencode/auth.json")
    assert World(tmp_path).ask("gemini") == (
        "no",
        "there is neither ~/.gemini/oauth_creds.json nor a key for it",
    )
    _file(tmp_path / ".gemini" / "settings.json", '{"security":{"auth":{"selectedType":"vertex-ai"}}}')
    assert World(tmp_path).ask("gemini")[0] == "unknown"


def test_a_key_is_a_sign_in_and_its_going_is_noticed(tmp_path: Path) -> None:
    program(tmp_path / "bin", "gemini", "echo 1")

    async def told() -> list[SignIn]:
        world = World(tmp_path)
        world.given["gemini"] = {"GEMINI_API_KEY": "secret"}
        first = await world.of("gemini")
        world.given.clear()
        return [first, await world.of("gemini")]

    first, then = asyncio.run(told())
    assert (first.state, first.why) == ("yes", "it gets GEMINI_API_KEY from the keys that are kept here")
    assert then.state == "no"
    assert "secret" not in first.why


def test_a_turn_that_was_refused_says_no_until_one_is_answered(tmp_path: Path) -> None:
    program(tmp_path / "bin", "opencode", "echo 1")

    async def told() -> list[str]:
        world = World(tmp_path)
        states = [(await world.of("opencode")).state]
        world.agents.turned(
            "opencode", TurnEnded(turn="t", outcome="error", error=f"OpenCode {REFUSED} (401).")
        )
        states.append((await world.of("opencode")).state)
        world.agents.turned("opencode", TurnEnded(turn="t", outcome="interrupted"))
        states.append((await world.of("opencode")).state)
        world.agents.turned("opencode", TurnEnded(turn="t", outcome="complete"))
        states.append((await world.of("opencode")).state)
        return states

    assert asyncio.run(told()) == ["unknown", "no", "no", "unknown"]


def test_nobody_waits_for_an_agent_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "claude", '[ "$1" = --version ] && echo 1 || sleep 600')

    async def told() -> tuple[SignIn, float]:
        world = World(tmp_path)
        await world.agents.rescan()
        began = time.monotonic()
        first = world.signins.of("claude-code")
        waited = time.monotonic() - began
        monkeypatch.setattr("agentguid.agents.discovery.PATIENCE", 0.2)
        await world.signins.fresh(["claude-code"], 60)
        return first, waited

    first, waited = asyncio.run(told())
    assert (first.state, first.why) == ("unknown", "it is being looked at")
    assert waited < 1


def test_what_needs_none_or_is_not_here(tmp_path: Path) -> None:
    assert World(tmp_path).ask("demo") == ("yes", "it needs none")
    assert World(tmp_path).ask("claude-code") == ("unknown", "it is not installed")
    assert World(tmp_path).ask("no-such-agent") == ("unknown", "it is being looked at")


def test_an_answer_is_good_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + signin.GOOD_FOR_NO + 1)
    assert SignIn("no", "", now).old
    assert not SignIn("yes", "", now).old
    monkeypatch.setattr(time, "monotonic", lambda: now + signin.GOOD_FOR + 1)
    assert SignIn("yes", "", now).old
