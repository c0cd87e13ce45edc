"""A limit on the terminal: told with its time, waited for by who follows, tried now or not at all."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import badagent
from tests.support.ctl import Here
from tests.support.daemon import Daemon, wait_for

LATER = "You've hit your limit · try again in 3 hours"
FULL = "API Error: Request rejected (429) · This request would exceed your rate limit."


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    root: Path = tmp_path_factory.mktemp("limits")
    programs = badagent.install(root / "programs", "limited")
    path = f"{programs}:{os.environ['PATH']}"
    daemon = Daemon(root, PATH=path, AGENTGUID_RETRY_SECONDS="0.3,0.3").start()
    yield Here(daemon)
    daemon.close()


def fail(here: Here, *said: str) -> None:
    """What the agent says the next times."""
    (here.daemon.work / "limits").write_text("".join(f"{line}\n" for line in said))


def waiting(here: Here) -> str:
    """A conversation that waits for a far limit to be lifted."""
    fail(here, LATER)
    conversation = here.daemon.conversation("claude-code")
    here.daemon.send(conversation, "begin")
    path = f"/conversations/{conversation}"
    wait_for(lambda: here.daemon.api("GET", path)["conversation"]["retry"], "the next try to be scheduled")
    return conversation


def test_run_goes_on_until_a_try_comes_through(here: Here) -> None:
    fail(here, FULL, FULL)
    done = here("run", "begin", "--agent", "claude-code")
    assert "1 of 2" in done.stdout + done.stderr
    assert "2 of 2" in done.stdout + done.stderr
    assert badagent.AFTER in done.stdout


def test_run_fails_when_the_last_try_has(here: Here) -> None:
    fail(here, *[FULL] * 3)
    here("run", "begin", "--agent", "claude-code", code=1)


def test_what_waits_is_shown_everywhere_and_tried_now(here: Here) -> None:
    conversation = waiting(here)
    assert "1 waiting to retry" in here("status").stdout
    assert "retrying" in here("ls").stdout
    assert "trying again at" in here("show", conversation).stderr
    followed = here("follow", conversation)
    assert f"agentguictl retry {conversation[:8]} does it now" in followed.stderr
    here("retry", conversation)
    wait_for(lambda: here.daemon.latest(conversation)["status"] == "complete", "the try")  # type: ignore[index]
    here("retry", conversation, code=3)
    assert "waiting to retry" not in here("status").stdout


@pytest.mark.parametrize("command", [("retry", "--cancel"), ("stop",)])
def test_what_waits_can_be_left(here: Here, command: tuple[str, ...]) -> None:
    conversation = waiting(here)
    here(command[0], conversation, *command[1:])
    assert here.daemon.api("GET", f"/conversations/{conversation}")["conversation"]["retry"] is None
    assert "it is not tried again" in here("show", conversation).stderr
