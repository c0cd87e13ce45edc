"""Signing in from a terminal: the browser comes back to it, or the user pastes the address that did not open."""

import json
import re
import subprocess
from typing import Any

import pytest

from tests.signin.test_signing_in import status
from tests.support.ctl import PATIENCE, Here
from tests.support.daemon import Daemon
from tests.support.provider import EMAIL, Provider, get, query


def started(here: Here, *more: str) -> "tuple[subprocess.Popen[str], str]":
    process = here.start("keys", "login", "gemini", *more)
    assert process.stdout
    url = process.stdout.readline().strip()
    assert url.startswith("http"), (url, process.communicate(timeout=PATIENCE))
    return process, url


def ended(process: "subprocess.Popen[str]", typed: str | None = None, code: int = 0) -> str:
    out, err = process.communicate(typed, timeout=PATIENCE)
    assert process.returncode == code, (out, err)
    return out + err


def test_the_browser_comes_back_to_the_terminal(here: Here, provider: Provider) -> None:
    process, url = started(here)
    address = provider.agree(url)
    assert re.match(r"http://127\.0\.0\.1:\d+/oauth2callback\?", address)

    code, location, _ = get(address)
    assert (code, location) == (303, "/"), "no code stays in the address"
    page = get(address.partition("/oauth2callback")[0] + "/")[2]

    assert "Signed in" in page
    said = ended(process)
    assert f"signed in as {EMAIL}" in said
    assert query(address)["code"] not in said
    assert status(here.daemon)["email"] == EMAIL


def test_the_address_can_be_pasted_there(here: Here, provider: Provider) -> None:
    process, url = started(here)

    said = ended(process, f"nonsense\n{provider.agree(url)}\n")

    assert "address" in said, "nonsense is refused and asked for again"
    assert f"signed in as {EMAIL}" in said


def test_a_daemon_elsewhere_is_told_what_came_here(here: Here, provider: Provider) -> None:
    token = here.daemon.api("POST", "/tokens", {"name": "t", "scope": "admin"})["token"]
    here.daemon.environ |= {"AGENTGUID_URL": here.daemon.base, "AGENTGUID_TOKEN": token}
    process, url = started(here)
    assert get(provider.agree(url))[0] == 303
    ended(process)
    assert status(here.daemon)["email"] == EMAIL


def test_what_comes_from_elsewhere_ends_nothing(here: Here, provider: Provider) -> None:
    process, url = started(here)
    where = query(url)["redirect_uri"]
    assert get(f"{where}?code=abc&state=forged")[0] == 303
    assert "did not work" not in get(where.replace("/oauth2callback", "/else"))[2]
    assert process.poll() is None

    assert get(provider.agree(url))[0] == 303

    ended(process)


def test_no_is_an_answer(here: Here, provider: Provider) -> None:
    provider.behave(answer="deny")
    process, url = started(here)
    address = provider.agree(url)
    assert get(address)[0] == 303
    assert "You did not agree" in get(address.partition("/oauth2callback")[0] + "/")[2]

    assert "You did not agree" in ended(process, code=1)


def test_it_may_be_done_elsewhere_meanwhile(here: Here, provider: Provider) -> None:
    process, url = started(here)
    here.daemon.api("POST", "/gemini-oauth/complete", {"url": provider.agree(url)})

    assert f"signed in as {EMAIL}" in ended(process)


def test_in_a_script_there_is_one_document(here: Here, provider: Provider) -> None:
    process = here.start("keys", "login", "gemini", "--json")
    assert process.stderr
    lines = iter(process.stderr.readline, "")
    url = next(line.strip() for line in lines if line.startswith("http"))
    out, _ = process.communicate(provider.agree(url) + "\n", timeout=PATIENCE)

    assert json.loads(out) == {"success": True, "email": EMAIL}
    assert here.json("keys", "logout", "gemini") == {"removed": True}
    assert "nobody was signed in" in here("keys", "logout", "gemini").stderr


def test_claude_codes_token_is_a_key_as_others(here: Here) -> None:
    here("keys", "set", "CLAUDE_CODE_OAUTH_TOKEN", stdin="sk-ant-oat01-abcdefghijkl-LAST\n")

    (row,) = here.json("keys", "ls")["keys"]
    assert (row["masked"], row["agents"]) == ("••••LAST", ["claude-code"])


@pytest.mark.parametrize(
    ("provider_id", "variable"),
    [("anthropic", "ANTHROPIC_API_KEY"), ("google", "GEMINI_API_KEY"), ("opencode", "OPENCODE_API_KEY"),
     ("azure", "AZURE_API_KEY"), ("anthropic-claude-code", "CLAUDE_CODE_OAUTH_TOKEN")],
)  # fmt: skip
def test_keys_by_provider_are_the_same_keys(daemon: Daemon, provider_id: str, variable: str) -> None:
    body: dict[str, Any] = {"providerId": provider_id, "apiKey": "sk-abcdefghijklmnopqrstuv-LAST"}
    saved = daemon.api("POST", "/auth/save-config", body)

    assert saved == {"success": True, "path": str(daemon.data / "keys.json")}
    assert [key["name"] for key in daemon.api("GET", "/keys")["keys"]] == [variable]
    shown = daemon.api("GET", "/auth/configs")[provider_id]
    assert (shown["apiKey"], shown["hasKey"], shown["path"]) == ("••••LAST", True, saved["path"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"providerId": "nobody", "apiKey": "x"}, "providerId"),
        ({"providerId": "openai", "apiKey": ""}, "apiKey"),
        ({"providerId": "openai", "apiKey": "two\nlines"}, "apiKey"),
        ({"providerId": "openai", "apiKey": "x", "defaultModel": "gpt"}, "defaultModel"),
        ({"providerId": "openai"}, "apiKey"),
    ],
)
def test_what_is_no_key_of_a_provider_is_refused(daemon: Daemon, body: dict[str, Any], field: str) -> None:
    status_code, answer = daemon.request("POST", "/api/auth/save-config", body)

    assert status_code == 400
    assert json.loads(answer)["field"] == field
    assert daemon.api("GET", "/keys")["keys"] == []
