"""The genuine Gemini CLI with an account of ours: it takes the token, by its protocol, and writes nothing of the user's."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agentguid.agents.gemini_package import client
from tests.agents_real.genuine import AGENTS, Genuine
from tests.agents_real.setups import QUIET
from tests.agents_real.work import Work
from tests.signin.test_agent import account, sign_in
from tests.support import provider as support
from tests.support.daemon import Daemon
from tests.support.model.server import ModelServer
from tests.support.provider import Provider

pytestmark = pytest.mark.agents
SAYS = "It is signed in."


class CodeAssist(ThreadingHTTPServer):
    """As much of Google's Code Assist as one prompt needs."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str]] = []
        """What, and with which token."""
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CodeAssist

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        what = self.path.rpartition(":")[2].partition("?")[0]
        self.server.asked.append((what, self.headers.get("Authorization", "")))
        if what == "loadCodeAssist":
            tier = {"id": "standard-tier", "name": "Standard"}
            self.reply({"currentTier": tier, "cloudaicompanionProject": "a-project"})
        elif what == "streamGenerateContent":
            part = {"role": "model", "parts": [{"text": SAYS}]}
            usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
            answer = {"candidates": [{"content": part, "finishReason": "STOP"}], "usageMetadata": usage}
            self.send(f"data: {json.dumps({'response': answer})}\n\n".encode(), "text/event-stream")
        else:
            self.reply({})

    do_GET = do_POST

    def reply(self, answer: object) -> None:
        self.send(json.dumps(answer).encode(), "application/json")

    def send(self, data: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def assist() -> Iterator[CodeAssist]:
    with CodeAssist() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with support.provider() as one:
        yield one


@pytest.fixture(params=[agent for agent in AGENTS if agent.id == "gemini"], ids=["gemini"])
def genuine(request: pytest.FixtureRequest) -> Genuine:
    agent: Genuine = request.param
    return agent


@pytest.mark.parametrize("chosen", [None, "gemini-api-key"])
def test_it_works_with_the_account_whatever_the_user_had_chosen(
    genuine: Genuine,
    model: ModelServer,
    provider: Provider,
    assist: CodeAssist,
    tmp_path: Path,
    chosen: str | None,
) -> None:
    path = f"{genuine.path().parent}:{os.environ['PATH']}"
    environ = provider.environ(PATH=path, CODE_ASSIST_ENDPOINT=assist.url, GEMINI_CLI_TRUST_WORKSPACE="true")
    # With a model of its own choice it asks a smaller one first which that shall be.
    daemon = Daemon(
        tmp_path, **QUIET, GEMINI_TELEMETRY_ENABLED="false", GEMINI_MODEL="gemini-2.5-pro", **environ
    )
    users = tmp_path / "home" / ".gemini"
    if chosen:
        users.mkdir(parents=True)
        (users / "settings.json").write_text(json.dumps({"security": {"auth": {"selectedType": chosen}}}))
    try:
        work = Work(daemon.start(), model, "gemini", (genuine.program, genuine.argument), 120)
        daemon.api("POST", "/agents/rescan")  # asked for its version, it makes a file
        before = {file: file.read_bytes() for file in users.glob("*.json")}
        sign_in(daemon, provider)

        conversation = work.start("say it")

        assert work.ended(conversation)["status"] == "complete"
        assert work.texts(conversation, "message") == [SAYS]
        token = f"Bearer {account(daemon)['access']}"
        assert {given for _, given in assist.asked} == {token}
        assert ("streamGenerateContent", token) in assist.asked
        assert {file: file.read_bytes() for file in users.glob("*.json")} == before
        assert work.ask(conversation, "say it again")["status"] == "complete"
    finally:
        daemon.close()


def test_what_it_signs_in_as_is_found_in_its_package(genuine: Genuine) -> None:
    found = client(str(genuine.path()))

    assert found is not None
    assert found[0].endswith(".apps.googleusercontent.com")
