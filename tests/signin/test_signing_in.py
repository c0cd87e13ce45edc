"""Signing in to Gemini CLI at an OAuth server of other people's making, by every way that leads back."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.daemon import Daemon, wait_for
from tests.support.provider import EMAIL, Provider, get, query


def begin(daemon: Daemon, **body: Any) -> dict[str, Any]:
    started: dict[str, Any] = daemon.api("POST", "/gemini-oauth/start", body)
    return started


def status(daemon: Daemon, id: str = "") -> dict[str, Any]:
    found: dict[str, Any] = daemon.api("GET", f"/gemini-oauth/status?id={id}")
    return found


def account(daemon: Daemon) -> dict[str, Any]:
    (found,) = json.loads((daemon.data / "accounts.json").read_text())
    return dict(found)


def test_the_browser_comes_back_to_the_daemon(daemon: Daemon, provider: Provider) -> None:
    assert status(daemon) == {"status": "idle", "error": None, "email": None}
    started = begin(daemon)
    assert status(daemon)["status"] == "pending"
    address = provider.agree(started["authUrl"])
    assert address.startswith(f"http://localhost:{daemon.port}{daemon.prefix}/oauth2callback?")

    code, location, _ = get(address)

    assert (code, location) == (303, f"{daemon.prefix}/oauth2callback?outcome=done")
    assert get(f"http://localhost:{daemon.port}{location}")[0] == 200
    assert status(daemon) == status(daemon, started["id"])
    assert status(daemon) == {"status": "success", "error": None, "email": EMAIL}
    assert daemon.api("GET", "/auth/configs")["google"]["hasKey"] is True
    assert stat.S_IMODE((daemon.data / "accounts.json").stat().st_mode) == 0o600


def test_pkce_is_by_sha256_and_the_server_checks_it(daemon: Daemon, provider: Provider) -> None:
    asked = query(begin(daemon)["authUrl"])
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 43
    assert query(begin(daemon)["authUrl"])["state"] != asked["state"]

    # The code of one sign-in with the state, and so the verifier, of another.
    code = query(provider.agree(begin(daemon)["authUrl"]))["code"]
    state = query(begin(daemon)["authUrl"])["state"]
    code_of, body = daemon.request("POST", "/api/gemini-oauth/relay", {"code": code, "state": state})
    assert code_of == 400
    assert "invalid_grant" in json.loads(body)["error"]
    assert status(daemon)["email"] is None


def test_whoever_waited_for_the_browser_relays_what_came(daemon: Daemon, provider: Provider) -> None:
    started = begin(daemon, port=8123)
    assert started["mode"] == "cli-local"
    address = provider.agree(started["authUrl"])
    assert address.startswith("http://127.0.0.1:8123/oauth2callback?")
    given = query(address)

    done = daemon.api("POST", "/gemini-oauth/relay", {"code": given["code"], "state": given["state"]})

    assert done == {"success": True, "email": EMAIL}


def test_the_address_can_be_pasted(daemon: Daemon, provider: Provider) -> None:
    address = provider.agree(begin(daemon)["authUrl"])

    assert daemon.api("POST", "/gemini-oauth/complete", {"url": f"  {address}\n"})["email"] == EMAIL


def test_a_client_of_ones_own_leads_back_to_where_the_browser_has_the_page(
    daemon: Daemon, provider: Provider
) -> None:
    daemon.stop()
    daemon.start(AGENTGUID_HOSTS="studio.example:443")
    token = daemon.api("POST", "/tokens", {"name": "t", "scope": "admin"})["token"]

    started = post(daemon, "/api/gemini-oauth/start", {}, token, Host="studio.example")
    assert started["mode"] == "custom"
    redirect = query(started["authUrl"])["redirect_uri"]
    assert redirect == f"https://studio.example{daemon.prefix}/oauth2callback"

    provider.behave(redirects=[r"https://studio\.example/gm/oauth2callback"])
    given = urlencode(query(provider.agree(started["authUrl"])))
    local = f"http://127.0.0.1:{daemon.port}{daemon.prefix}/oauth2callback?{given}"
    assert get(local, Host="studio.example")[0] == 303
    assert status(daemon)["email"] == EMAIL


def post(daemon: Daemon, path: str, body: Any, token: str, **headers: str) -> dict[str, Any]:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", **headers}
    connection.request("POST", daemon.prefix + path, json.dumps(body), sent)
    answer = connection.getresponse()
    found: dict[str, Any] = json.loads(answer.read())
    connection.close()
    assert answer.status == 200, found
    return found


def test_a_state_works_once(daemon: Daemon, provider: Provider) -> None:
    address = provider.agree(begin(daemon)["authUrl"])
    assert get(address)[0] == 303
    before = account(daemon)

    code, _, page = get(address)

    assert code == 400
    assert "No sign-in waits for this" in page
    assert account(daemon) == before
    assert len(provider.seen()["asked"]) == 1, "the server is not asked again"


def test_a_state_works_once_though_it_comes_twice_at_once(daemon: Daemon, provider: Provider) -> None:
    address = provider.agree(begin(daemon)["authUrl"])

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(answer[0] for answer in pool.map(get, [address] * 8))

    assert codes == [303] + [400] * 7
    assert len(provider.seen()["asked"]) == 1


@pytest.mark.parametrize("state", ["", "x", "A" * 43, "%00", "\u00e9", "s" * 5000])
def test_a_forged_state_is_refused(daemon: Daemon, provider: Provider, state: str) -> None:
    begin(daemon)
    where = f"http://localhost:{daemon.port}{daemon.prefix}/oauth2callback?"
    code, _, page = get(where + urlencode({"code": "abc", "state": state}))

    assert code == 400
    assert "abc" not in page
    refused, _ = daemon.request("POST", "/api/gemini-oauth/relay", {"code": "abc", "state": state})
    assert refused == 400
    assert provider.seen()["asked"] == []
    assert status(daemon)["status"] == "pending", "the true one can still come"


def test_a_restart_makes_what_was_begun_void(daemon: Daemon, provider: Provider) -> None:
    address = provider.agree(begin(daemon)["authUrl"])
    daemon.kill()
    daemon.start()

    assert get(address)[0] == 400
    assert status(daemon)["status"] == "idle"


def test_two_who_sign_in_at_once_do_not_disturb_one_another(daemon: Daemon, provider: Provider) -> None:
    one, other = begin(daemon), begin(daemon)

    assert get(provider.agree(one["authUrl"]))[0] == 303
    assert status(daemon, one["id"])["status"] == "success"
    assert status(daemon, other["id"])["status"] == "pending"
    assert get(provider.agree(other["authUrl"]))[0] == 303


def test_who_does_not_agree_is_told_so(daemon: Daemon, provider: Provider) -> None:
    provider.behave(answer="deny")
    started = begin(daemon)
    address = provider.agree(started["authUrl"])
    assert "error=access_denied" in address

    code, _, page = get(address)

    assert code == 400
    assert "You did not agree" in page
    assert status(daemon, started["id"])["status"] == "error"
    address = provider.agree(begin(daemon)["authUrl"])
    answer = daemon.api("POST", "/gemini-oauth/complete", {"url": address})
    assert answer["success"] is False
    assert "access_denied" in answer["error"]


@pytest.mark.parametrize(
    "url",
    ["", "hello", "http://localhost/oauth2callback", "http://[", "x" * 5000, "http://h/?code=a&st\nate=b"],
)
def test_what_is_no_address_of_a_sign_in_is_refused(daemon: Daemon, url: str) -> None:
    code, body = daemon.request("POST", "/api/gemini-oauth/complete", {"url": url})

    assert code == 400
    assert "address" in json.loads(body)["error"]


@pytest.mark.parametrize("port", [0, 80, 1023, 65536, -1])
def test_only_a_port_of_a_user_can_be_named(daemon: Daemon, port: int) -> None:
    assert daemon.request("POST", "/api/gemini-oauth/start", {"port": port})[0] == 400


def test_it_is_for_the_user_alone(daemon: Daemon) -> None:
    token = daemon.api("POST", "/tokens", {"name": "t", "scope": "write"})["token"]
    where = f"http://localhost:{daemon.port}{daemon.prefix}/api"
    for path in ("/gemini-oauth/status", "/auth/configs"):
        assert get(where + path)[0] == 401
        assert get(where + path, Authorization=f"Bearer {token}")[0] == 403


def test_signing_out_forgets_the_tokens_and_leaves_the_provider_alone(
    daemon: Daemon, provider: Provider
) -> None:
    get(provider.agree(begin(daemon)["authUrl"]))
    assert daemon.api("DELETE", "/gemini-oauth") == {"removed": True}

    assert daemon.api("DELETE", "/gemini-oauth") == {"removed": False}
    assert (daemon.data / "accounts.json").read_text() == "[]"
    assert status(daemon)["status"] == "idle"
    assert len(provider.seen()["asked"]) == 1


def test_no_secret_is_anywhere_but_in_its_file(daemon: Daemon, provider: Provider) -> None:
    daemon.stop()
    daemon.start(AGENTGUID_LOG_LEVEL="debug")
    started = begin(daemon)
    address = provider.agree(started["authUrl"])
    get(address)
    daemon.conversation()
    given, seen = query(address), provider.seen()
    kept = account(daemon)
    secrets = {
        "code": given["code"],
        "state": given["state"],
        "verifier": seen["asked"][0]["code_verifier"],
        "access": kept["access"],
        "refresh": kept["refresh"],
        "client's secret": kept["secret"],
    }
    assert all(len(secret) > 20 for secret in secrets.values())
    wait_for(lambda: "signed in" in daemon.log(), "the log to tell")

    for what, secret in secrets.items():
        files = [
            str(path.relative_to(daemon.root))
            for path in daemon.root.rglob("*")
            if path.is_file() and secret.encode() in path.read_bytes()
        ]
        allowed = ["data/accounts.json"] if what in ("access", "refresh", "client's secret") else []
        assert files == allowed, what
        for path in ("/gemini-oauth/status", "/auth/configs", "/settings", "/keys", "/status", "/events"):
            assert secret.encode() not in daemon.request("GET", f"/api{path}")[1], what
        assert secret.encode() not in daemon.request("GET", "/keys")[1], what
