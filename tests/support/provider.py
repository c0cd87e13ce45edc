"""The OAuth server as tests have it: started, asked, ended; and a browser that only follows redirects."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]
ID = "1234567-ofthetests0123.apps.googleusercontent.com"
SECRET = "GOCSPX-test-secret-of-the-tests"
EMAIL = "ada@example.com"


class Provider:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout
        self.process = process
        self.url = f"http://127.0.0.1:{int(process.stdout.readline())}"

    def environ(self, **more: str) -> dict[str, str]:
        """What makes a daemon sign in here."""
        return {
            "AGENTGUID_GEMINI_CLIENT_ID": ID,
            "AGENTGUID_GEMINI_CLIENT_SECRET": SECRET,
            "AGENTGUID_GEMINI_AUTH_URL": f"{self.url}/auth",
            "AGENTGUID_GEMINI_TOKEN_URL": f"{self.url}/token",
            "AGENTGUID_GEMINI_USER_URL": f"{self.url}/user",
            **more,
        }

    def behave(self, **wish: Any) -> None:
        with urlopen(Request(f"{self.url}/test", json.dumps(wish).encode())) as answer:
            answer.read()

    def seen(self) -> dict[str, Any]:
        with urlopen(f"{self.url}/test") as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def agree(self, auth_url: str) -> str:
        """The user goes to the sign-in page and agrees: the address that the browser is then sent to."""
        status, location, body = get(auth_url)
        assert status in (302, 303), (status, body)
        return location


def get(url: str, **headers: str) -> tuple[int, str, str]:
    """Status, Location and body, of one request."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location") or "", answer.read().decode(errors="replace")
    finally:
        connection.close()


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


@contextmanager
def provider() -> Iterator[Provider]:
    command = [sys.executable, "-m", "tests.support.oauth_server"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield Provider(process)
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
