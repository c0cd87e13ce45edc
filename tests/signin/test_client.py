"""Who we are to the provider: the installed Gemini CLI, or a client of the user's own."""

import json
import os
from pathlib import Path

import pytest

from agentguid.agents.gemini_package import client
from tests.signin.test_signing_in import begin, post
from tests.support.daemon import Daemon
from tests.support.provider import EMAIL, ID, SECRET, Provider, get, query

OTHER = "7654321-anotherclient99.apps.googleusercontent.com"
BUNDLE = f"""#!/usr/bin/env node
var other = "{OTHER}", more = "d-9f8e7d6c";
// filler
{"x();" * 5000}
var OAUTH_CLIENT_ID = "{ID}";
var OAUTH_CLIENT_SECRET = "{SECRET}";
"""
MODULE = f"""const OAUTH_CLIENT_ID = '{ID}';
// It's ok to save this in git because this is an "installed application"
{"// as described there" * 20}
const OAUTH_CLIENT_SECRET = '{SECRET}';
"""
MINIFIED = f'var a="{OTHER}",b="{ID}",c="{SECRET}",d=1;'


def package(root: Path, files: dict[str, str]) -> str:
    """An installation as npm makes it; its program, by the link on PATH."""
    modules = root / "lib" / "node_modules"
    for name, text in files.items():
        path = modules / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    program = modules / "@google/gemini-cli/bundle/gemini.js"
    program.parent.mkdir(parents=True, exist_ok=True)
    if not program.exists():
        program.write_text("#!/bin/sh\necho 0.61.0\n")
    program.chmod(0o755)
    (root / "bin").mkdir()
    (root / "bin" / "gemini").symlink_to(program)
    return str(root / "bin" / "gemini")


@pytest.mark.parametrize(
    "files",
    [
        {"@google/gemini-cli/bundle/gemini.js": BUNDLE},
        {"@google/gemini-cli/bundle/chunk-ABC.js": BUNDLE},
        {"@google/gemini-cli/bundle/chunk-ABC.js": MINIFIED},
        {"@google/gemini-cli/node_modules/@google/gemini-cli-core/dist/src/code_assist/oauth2.js": MODULE},
        {"@google/gemini-cli-core/dist/src/code_assist/oauth2.js": MODULE},
    ],
    ids=["program", "chunk", "minified", "core inside", "core beside"],
)
def test_id_and_secret_are_found_in_the_package(tmp_path: Path, files: dict[str, str]) -> None:
    assert client(package(tmp_path, files)) == (ID, SECRET)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f'var a = "{ID}";',
        f'var a = "{SECRET}", b = "{ID}";',
        f'var a = "{ID}"; {" " * 2000} var b = "{SECRET}";',
        f'var a = "{ID}", b = "{OTHER}", c = SECRET;',
        "x.apps.googleusercontent.com" * 50,
    ],
)
def test_what_is_no_pair_is_none(tmp_path: Path, text: str) -> None:
    assert client(package(tmp_path, {"@google/gemini-cli/bundle/chunk.js": text})) is None


def test_it_is_looked_for_in_a_bounded_part_of_the_disk(tmp_path: Path) -> None:
    program = package(tmp_path, {"@google/gemini-cli/a/large.js": "", "elsewhere/chunk.js": BUNDLE})
    os.truncate(tmp_path / "lib/node_modules/@google/gemini-cli/a/large.js", 10**12)  # a hole

    assert client(program) is None
    assert client("/nowhere/at/all") is None


def test_the_installed_gemini_cli_signs_in_as_itself(tmp_path: Path, provider: Provider) -> None:
    package(tmp_path / "npm", {"@google/gemini-cli/bundle/chunk.js": BUNDLE})
    environ = provider.environ(
        PATH=f"{tmp_path}/npm/bin:{os.environ['PATH']}", AGENTGUID_HOSTS="studio.example"
    )
    daemon = Daemon(
        tmp_path, **{**environ, "AGENTGUID_GEMINI_CLIENT_ID": "", "AGENTGUID_GEMINI_CLIENT_SECRET": ""}
    )
    try:
        daemon.start()
        token = daemon.api("POST", "/tokens", {"name": "t", "scope": "admin"})["token"]
        started = post(daemon, "/api/gemini-oauth/start", {}, token, Host="studio.example")
        assert started["mode"] == "cli-remote", "the browser will not find the page"
        redirect = f"http://localhost:{daemon.port}/gm/oauth2callback"
        assert query(started["authUrl"])["redirect_uri"] == redirect
        assert begin(daemon)["mode"] == "cli-local"
        tunnel = post(daemon, "/api/gemini-oauth/start", {}, token, Host="localhost:8080")
        assert query(tunnel["authUrl"])["redirect_uri"] == "http://localhost:8080/gm/oauth2callback"

        address = provider.agree(started["authUrl"])
        assert post(daemon, "/api/gemini-oauth/complete", {"url": address}, token)["email"] == EMAIL
        assert provider.seen()["asked"][0]["client_id"] == ID
        assert SECRET not in json.dumps(daemon.api("GET", "/settings"))
    finally:
        daemon.close()


def test_without_gemini_cli_it_says_what_to_do(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, PATH="/usr/bin:/bin")
    try:
        daemon.start()
        status, body = daemon.request("POST", "/api/gemini-oauth/start", {})
        assert status == 409
        assert "npm install" in json.loads(body)["error"]
        package(tmp_path / "home" / ".local", {})
        daemon.api("POST", "/agents/rescan")
        status, body = daemon.request("POST", "/api/gemini-oauth/start", {})
        assert status == 409
        assert "set gemini_client_id" in json.loads(body)["error"]
        assert get(f"{daemon.base}/oauth2callback?state=x&code=y")[0] == 400
    finally:
        daemon.close()


def test_the_secret_of_ones_own_client_is_shown_to_nobody(daemon: Daemon) -> None:
    settings = {one["name"]: one for one in daemon.api("GET", "/settings")["settings"]}

    assert settings["gemini_client_id"]["value"] == ID
    assert set(settings["gemini_client_secret"]["value"]) == {"*"}
    daemon.stop()
    done = daemon.start(ready=False, AGENTGUID_GEMINI_TOKEN_URL="http://example.com/token")
    assert done.process
    assert done.process.wait(60) == 78
    assert "must be an https:// URL" in done.log()
