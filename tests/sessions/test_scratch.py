"""Temporary files of agents lie in folders of their own, and go when nobody has them any more."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentguid.agents.commands import command_of
from agentguid.effects import scratch
from agentguid.hosts.kin import MARK
from agentguid.paths import places
from tests.sessions import acp
from tests.sessions.acp import Mine, ask
from tests.support.daemon import Daemon, wait_for

LEAVES = "touch $TMPDIR/left && echo done"


@pytest.fixture
def mine() -> Iterator[Mine]:
    """In a short place, as a home is."""
    root = Path(tempfile.mkdtemp(prefix="agd", dir="/tmp"))
    try:
        with acp.maker(root) as make:
            yield make
    finally:
        shutil.rmtree(root, ignore_errors=True)


def given(daemon: Daemon) -> set[str]:
    """What living agents have for TMPDIR."""
    found = set()
    for pid in daemon.descendants():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"acpagent.py" in words:
            found |= {one[7:].decode() for one in environ if one.startswith(b"TMPDIR=")}
    return found


def leave(daemon: Daemon, conversation: str = "") -> tuple[str, Path]:
    """A conversation whose agent has a command run that leaves a temporary file, and where that lies."""
    conversation, before = conversation or daemon.conversation("mine", mode="bypass"), left(daemon)
    assert ask(daemon, conversation, f"run {LEAVES}")["status"] == "complete"
    [new] = left(daemon) - before
    return conversation, new


def left(daemon: Daemon) -> set[Path]:
    return set((daemon.data / "tmp").glob("*/left"))


def test_each_agent_and_what_it_has_run_have_a_folder_for_it_alone(mine: Mine) -> None:
    daemon = mine(terminals=True)
    (_, one), (_, two) = leave(daemon), leave(daemon)

    assert given(daemon) == {str(one.parent), str(two.parent)}
    assert {path.stat().st_mode & 0o777 for path in (one.parent, two.parent)} == {0o700}
    assert len(str(one.parent)) <= scratch.LONGEST


def test_it_stays_while_its_agent_lives_and_goes_when_that_has_ended(mine: Mine) -> None:
    """Also over restarts of the daemon, which looks when it starts."""
    daemon = mine(terminals=True)
    (_, lives), (dies, dead) = leave(daemon), leave(daemon)
    assert ask(daemon, dies, "crash")["status"] == "error"
    assert daemon.stop() == 0
    daemon.start()

    wait_for(lambda: not dead.parent.exists(), "the folder of the agent that ended to go")
    assert lives.exists()
    assert given(daemon) == {str(lives.parent)}


@pytest.mark.parametrize("tape", ["h", command_of("h", 10)], ids=["agent", "command"])
def test_it_stays_for_what_its_agent_left_in_the_background(tmp_path: Path, tape: str) -> None:
    """Itself, or a command that it had run: both bear the mark of their host."""
    here = places({"AGENTGUID_DATA_DIR": str(tmp_path)})
    for name in ("h", "other"):
        (here.scratch / name).mkdir(parents=True)
        (here.scratch / name / "file").touch()
    (here.tapes / tape).mkdir(parents=True)
    server = subprocess.Popen(["sleep", "600"], env={MARK.decode(): str(here.tapes / tape)})
    try:
        scratch.sweep(here, scratch.names(here), ())
        assert scratch.names(here) == ["h"]
        assert (here.scratch / "h" / "file").exists()
    finally:
        server.kill()
        server.wait()
    scratch.sweep(here, scratch.names(here), ())
    assert scratch.names(here) == []


def test_it_goes_with_a_conversation_that_is_deleted_for_good(mine: Mine) -> None:
    daemon = mine(terminals=True)
    conversation, file = leave(daemon)
    daemon.api("DELETE", f"/conversations/{conversation}?now=1")

    wait_for(lambda: not file.parent.exists(), "its folder to go")


def test_an_agent_that_is_only_asked_what_it_offers_leaves_none(mine: Mine) -> None:
    daemon = mine()
    daemon.api("POST", "/agents/mine/models")

    wait_for(lambda: not list((daemon.data / "tmp").iterdir()), "its folder to go")


def test_where_the_data_lies_too_deep_for_sockets_the_daemons_own_is_left() -> None:
    deep = places({"AGENTGUID_DATA_DIR": "/" + "d" * 60})

    assert scratch.environ(deep, "h" * 16) == {}
    assert scratch.environ(places({"AGENTGUID_DATA_DIR": "/home/me/.local/share/agentguid"}), "h" * 16) == {
        "TMPDIR": "/home/me/.local/share/agentguid/tmp/" + "h" * 16
    }
