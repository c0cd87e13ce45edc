"""What Gemini CLI gets when it is started with an account: a token that holds, its own home, and nothing else."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sessions.test_keys import agent_of, environ_of
from tests.signin.test_signing_in import account, begin, status
from tests.support import acpagent
from tests.support.daemon import Daemon
from tests.support.provider import Provider, get

Make = Callable[..., Daemon]
USERS = {"security": {"auth": {"selectedType": "gemini-api-key"}}, "ui": {"theme": "mine // not a comment"}}


@pytest.fixture
def gemini(tmp_path: Path, provider: Provider) -> Iterator[Daemon]:
    """A daemon whose `gemini` is the scripted ACP agent, and a user who has set Gemini CLI up otherwise."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (tmp_path / "agent").mkdir()
    command = f'"{sys.executable}" -I "{acpagent.__file__}" --home "{tmp_path}/agent"'
    (programs / "gemini").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && {{ echo 0.61.0; exit; }}\nexec {command}\n'
    )
    (programs / "gemini").chmod(0o755)
    users = tmp_path / "home" / ".gemini"
    (users / "tmp").mkdir(parents=True)
    text = json.dumps(USERS).replace('"ui"', '/* a comment */ "ui"')
    (users / "settings.json").write_text(f"// mine\n{text}")
    (users / "GEMINI.md").write_text("Be brief.")
    (users / "oauth_creds.json").write_text('{"refresh_token":"the user\'s own"}')
    daemon = Daemon(tmp_path, **provider.environ(PATH=f"{programs}:{os.environ['PATH']}"))
    try:
        yield daemon.start()
    finally:
        daemon.close()


def sign_in(daemon: Daemon, provider: Provider) -> None:
    assert get(provider.agree(begin(daemon)["authUrl"]))[0] == 303


def change(daemon: Daemon, **fields: Any) -> None:
    """As if time had passed."""
    daemon.kill()
    (daemon.data / "accounts.json").write_text(json.dumps([{**account(daemon), **fields}]))
    daemon.start()


def ask(daemon: Daemon, conversation: str, text: str) -> dict[str, Any]:
    return daemon.ended(conversation, daemon.send(conversation, text)["session"]["id"])


def run(daemon: Daemon) -> dict[str, Any]:
    return ask(daemon, daemon.conversation("gemini"), "say hello")


def micros(seconds: float) -> int:
    return int((time.time() + seconds) * 1e6)


def refreshes(provider: Provider) -> int:
    return sum(one["grant_type"] == "refresh_token" for one in provider.seen()["asked"])


def test_it_gets_the_token_and_a_home_in_its_environment(gemini: Daemon, provider: Provider) -> None:
    plain = environ_of(agent_of(gemini, "gemini", "say hello"))
    assert "GOOGLE_CLOUD_ACCESS_TOKEN" not in plain
    assert "GEMINI_CLI_HOME" not in plain
    sign_in(gemini, provider)

    got = environ_of(agent_of(gemini, "gemini", "say hello"))

    assert got["GOOGLE_GENAI_USE_GCA"] == "true"
    assert got["GOOGLE_CLOUD_ACCESS_TOKEN"] == account(gemini)["access"]
    assert account(gemini)["refresh"] not in " ".join(got.values())
    assert got["GEMINI_CLI_HOME"] == str(gemini.data / "gemini")
    assert "GOOGLE_CLOUD_ACCESS_TOKEN" not in environ_of(agent_of(gemini, "demo", "emit 1"))
    assert refreshes(provider) == 0, "the token is new"


def test_that_home_is_the_users_but_for_the_sign_in(gemini: Daemon, provider: Provider) -> None:
    users = gemini.root / "home" / ".gemini"
    before = {path.name: path.read_bytes() for path in users.iterdir() if path.is_file()}
    sign_in(gemini, provider)
    assert run(gemini)["status"] == "complete"

    ours = gemini.data / "gemini" / ".gemini"
    settings = json.loads((ours / "settings.json").read_text())
    assert settings["security"]["auth"]["selectedType"] == "oauth-personal"
    assert settings["ui"] == USERS["ui"]
    assert (ours / "GEMINI.md").read_text() == "Be brief."
    assert (ours / "tmp").resolve() == users / "tmp"
    assert not (ours / "oauth_creds.json").exists()
    assert {path.name: path.read_bytes() for path in users.iterdir() if path.is_file()} == before


def test_it_follows_what_the_user_changes(gemini: Daemon, provider: Provider) -> None:
    users, ours = gemini.root / "home" / ".gemini", gemini.data / "gemini" / ".gemini"
    sign_in(gemini, provider)
    run(gemini)
    (ours / "projects.json").write_text("ours")  # as the agent does, which renames a new file to this
    (users / "GEMINI.md").unlink()
    (users / "commands").mkdir()
    (users / "settings.json").write_text("{}")

    run(gemini)

    assert not (ours / "GEMINI.md").is_symlink()
    assert (ours / "commands").resolve() == users / "commands"
    assert (ours / "projects.json").read_text() == "ours"
    assert list(json.loads((ours / "settings.json").read_text())) == ["security"]
    (users / "projects.json").write_text("newer")
    os.utime(ours / "projects.json", (1, 1))
    run(gemini)
    assert (ours / "projects.json").read_text() == "newer"


def test_settings_that_cannot_be_read_are_not_left_out(gemini: Daemon, provider: Provider) -> None:
    sign_in(gemini, provider)
    (gemini.root / "home" / ".gemini" / "settings.json").write_text('{"mcpServers": ')

    turn = run(gemini)

    assert turn["status"] == "error"
    assert "settings.json is not JSON" in turn["error"]


@pytest.mark.parametrize("left", [600, 3200])
def test_a_token_that_is_not_new_is_renewed_before_an_agent_starts(
    gemini: Daemon, provider: Provider, left: int
) -> None:
    """It cannot get another while it works: a turn may take most of the hour."""
    sign_in(gemini, provider)
    before = account(gemini)
    change(gemini, until=micros(left))

    got = environ_of(agent_of(gemini, "gemini", "say hello"))

    after = account(gemini)
    assert refreshes(provider) == 1
    assert got["GOOGLE_CLOUD_ACCESS_TOKEN"] == after["access"] != before["access"]
    assert after["until"] > micros(3000)
    assert after["refresh"] == before["refresh"], "the server gave no other"
    agent_of(gemini, "gemini", "say hello")
    assert refreshes(provider) == 1


def test_agents_that_start_at_once_share_one_renewal(gemini: Daemon, provider: Provider) -> None:
    sign_in(gemini, provider)
    change(gemini, until=1)
    conversations = [gemini.conversation("gemini") for _ in range(4)]
    turns = [gemini.send(one, "say hello")["session"]["id"] for one in conversations]

    assert [gemini.ended(*one)["status"] for one in zip(conversations, turns, strict=True)] == [
        "complete"
    ] * 4
    assert refreshes(provider) == 1


def test_an_agent_whose_token_ends_soon_is_begun_anew_before_its_next_turn(
    gemini: Daemon, provider: Provider
) -> None:
    sign_in(gemini, provider)
    conversation = gemini.conversation("gemini")
    ask(gemini, conversation, "remember APPLES")
    first = told(gemini, "initialize")
    ask(gemini, conversation, "recall")
    assert told(gemini, "initialize") == first, "it holds for another turn"
    passed = micros(-account(gemini)["at"] / 1e6)
    change(
        gemini, lifetime=passed, until=micros(passed / 2e6)
    )  # half of it is left, however fast the machine is
    assert gemini.hosts(), "it lives on"

    ask(gemini, conversation, "recall")

    assert len(told(gemini, "initialize")) == len(first) + 1
    assert told(gemini, "session/load", "session/resume"), "the session goes on"
    assert refreshes(provider) == 1


def told(daemon: Daemon, *methods: str) -> list[Any]:
    lines = (daemon.root / "agent" / "told").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line.get("method") in methods]


def test_a_new_sign_in_is_for_agents_that_run_too(gemini: Daemon, provider: Provider) -> None:
    conversation = gemini.conversation("gemini")
    ask(gemini, conversation, "say hello")
    sign_in(gemini, provider)

    ask(gemini, conversation, "say hello")

    assert len(told(gemini, "initialize")) == 2


def test_a_revoked_sign_in_says_so_and_how_to_mend_it(gemini: Daemon, provider: Provider) -> None:
    sign_in(gemini, provider)
    provider.behave(revoke=True)
    change(gemini, until=1)

    turn = run(gemini)

    assert turn["status"] == "error"
    assert "invalid_grant" in turn["error"]
    assert "agentguictl keys login gemini" in turn["error"]
    assert status(gemini)["status"] == "error"
    assert gemini.api("GET", "/auth/configs")["google"]["hasKey"] is False
    assert b"not accepted any more" in gemini.request("GET", "/keys")[1]
    run(gemini)
    assert refreshes(provider) == 1, "it is not asked again and again"

    sign_in(gemini, provider)
    assert run(gemini)["status"] == "complete"


def test_a_server_that_is_away_is_no_end_while_the_token_holds(gemini: Daemon, provider: Provider) -> None:
    sign_in(gemini, provider)
    change(gemini, until=micros(600))
    provider.behave(answer="failed")
    assert run(gemini)["status"] == "complete"

    change(gemini, until=1)
    turn = run(gemini)
    assert turn["status"] == "error"
    assert "failed (status 500)" in turn["error"]
    provider.process.kill()
    provider.process.wait()
    assert "cannot be reached" in run(gemini)["error"]
    assert account(gemini)["problem"] == ""


def test_damaged_accounts_stop_the_start_and_are_not_written_over(daemon: Daemon) -> None:
    daemon.stop()
    (daemon.data / "accounts.json").write_text('[{"agent":"gemini","access":"ya29.half')
    daemon.start(ready=False)

    assert daemon.process
    assert daemon.process.wait(60) == 78
    assert "accounts.json cannot be read" in daemon.log()
    assert "ya29" not in daemon.log()
