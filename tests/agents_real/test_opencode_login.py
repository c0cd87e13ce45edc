"""The genuine OpenCode signs in with its own login in a terminal of ours, and works with what it has written itself."""

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents_real import setups
from tests.agents_real.genuine import AGENTS, Genuine
from tests.agents_real.work import Work
from tests.support import opencode
from tests.support.daemon import Daemon, wait_for
from tests.support.model.server import ModelServer
from tests.support.terminal import Terminal

KEY = "sk-ant-api03-abcdefghijklmnop-LAST"
LOGIN = [sys.executable, "-m", "agentguid.cli", "agents", "login", "opencode"]
SLOW = 120.0
OPENCODE = [agent for agent in AGENTS if agent.id == "opencode"]

pytestmark = [
    pytest.mark.agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("genuine", OPENCODE, ids=["opencode"], indirect=True),
]


@pytest.fixture
def work(genuine: Genuine, model: ModelServer, tmp_path: Path) -> Iterator[Work]:
    """Its provider is Anthropic, with the scripted model behind it; a key for it is nowhere, and its home is empty."""
    environ = genuine.environ(model.url)
    config = json.loads(environ["OPENCODE_CONFIG_CONTENT"])
    provider = config["provider"].pop("fake")
    del provider["options"]["apiKey"]
    config |= {
        "provider": {"anthropic": {**provider, "name": "Anthropic"}},
        "enabled_providers": ["anthropic", "openai"],
        "model": "anthropic/fake",
        "small_model": "anthropic/fake-small",
    }
    environ["OPENCODE_CONFIG_CONTENT"] = json.dumps(config)
    path = ":".join([*map(str, genuine.source.folders()), os.environ["PATH"]])
    daemon = Daemon(tmp_path, PATH=path, **setups.QUIET, **environ)
    try:
        daemon.start()
        wait_for(lambda: daemon.api("GET", "/agents/opencode")["installed"], "the search", SLOW)
        yield Work(daemon, model, genuine.id, (genuine.program, genuine.argument), SLOW)
    finally:
        daemon.close()


def status(daemon: Daemon) -> str:
    found = daemon.api("GET", "/agents/auth-status")["agents"]
    return str(next(one["auth"] for one in found if one["id"] == "opencode"))


def test_the_genuine_opencode_signs_in_by_its_own_login_and_works_with_that(work: Work) -> None:
    daemon = work.daemon
    auth = daemon.root / "home" / ".local" / "share" / "opencode" / "auth.json"
    assert status(daemon) == "unknown"
    assert not auth.exists()

    with Terminal(LOGIN, daemon.environ, daemon.work, watched=False) as terminal:
        terminal.expect(opencode.MENU)
        terminal.send("anthropic")
        terminal.expect("Search: anthropic")
        terminal.send("\r")
        terminal.expect(opencode.ASKS)
        terminal.send(KEY + "\r")
        terminal.expect(opencode.DONE)
        terminal.expect("OpenCode is signed in: its sign-in is in ~/.local/share/opencode/auth.json.")
        assert terminal.ends() == 0
        assert KEY not in terminal.raw

    assert json.loads(auth.read_text()) == {"anthropic": {"type": "api", "key": KEY}}
    assert stat.S_IMODE(auth.stat().st_mode) == 0o600
    wait_for(lambda: status(daemon) == "yes", "it to be signed in")
    conversation = work.start("[[simple]] say hello")
    turn = work.ended(conversation)
    assert turn["status"] == "complete", turn["error"]
    assert {one.ask.key for one in work.model.requests} == {KEY}, "what it has written is what it works with"
