"""Blobs are whole or not there, whoever puts them and however it ends."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agentguid.append.blobs import LIMIT, PREVIEW, Blobs
from agentguid.protocol.errors import LogBroken
from agentguid.protocol.events import ApprovalDecided, ConversationRenamed, ItemAdded, ToolStarted
from agentguid.protocol.items import Body

KILLED = """
import os, signal, sys
from pathlib import Path
from agentguid.append.blobs import Blobs
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)  # dies where the data is half way to the disk
Blobs(Path(sys.argv[1])).put(b"x" * 100_000)
"""
LIMITED = """
import resource, sys
from pathlib import Path
from agentguid.append.blobs import Blobs
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
Blobs(Path(sys.argv[1])).put(b"x" * 100_000)
"""


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("data", [b"", b"x", os.urandom(1 << 20)])
def test_what_is_put_comes_back(blobs: Blobs, data: bytes) -> None:
    digest = blobs.put(data)

    assert digest == sha256(data).hexdigest()
    assert blobs.get(digest) == data
    with blobs.open(digest) as file:
        assert file.read() == data


def test_putting_twice_keeps_one_and_renews_its_age(blobs: Blobs, tmp_path: Path) -> None:
    """The collector goes by age: what is about to be named again must not look forgotten."""
    digest = blobs.put(b"data")
    os.utime(blobs.path(digest), (0, 0))

    assert blobs.put(b"data") == digest
    assert files(tmp_path) == [blobs.path(digest)]
    assert blobs.path(digest).stat().st_mtime > 1_000_000


def test_many_threads_may_put_the_same_at_once(blobs: Blobs, tmp_path: Path) -> None:
    datas = [bytes([n]) * 50_000 for n in range(4)]
    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(blobs.put, datas * 16))

    assert digests == [sha256(data).hexdigest() for data in datas] * 16
    assert files(tmp_path) == sorted(blobs.path(digest) for digest in digests[:4])
    assert [blobs.get(digest) for digest in digests[:4]] == datas


def test_what_a_kill_leaves_is_no_blob_and_is_swept(blobs: Blobs, tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "blobs")], check=False)
    digest = sha256(b"x" * 100_000).hexdigest()

    assert ended.returncode == -9
    with pytest.raises(KeyError):
        blobs.get(digest)
    assert len(files(tmp_path)) == 0 or blobs.sweep() == 1
    assert files(tmp_path) == []
    assert blobs.put(b"x" * 100_000) == digest


def test_sweeping_leaves_the_blobs_alone(blobs: Blobs, tmp_path: Path) -> None:
    digest = blobs.put(b"data")
    (tmp_path / "blobs/tmp/left").write_bytes(b"half")

    assert blobs.sweep() == 1
    assert files(tmp_path) == [blobs.path(digest)]


def test_a_changed_blob_is_not_handed_out(blobs: Blobs) -> None:
    digest = blobs.put(b"data")
    blobs.path(digest).write_bytes(b"dat")

    with pytest.raises(LogBroken, match=digest):
        blobs.get(digest)


@pytest.mark.parametrize(
    "digest", ["", "ab", "../" * 20 + "etc", "A" * 64, "g" * 64, "0" * 65, "." * 64, "/" * 64]
)
def test_what_is_no_digest_names_no_file(blobs: Blobs, digest: str) -> None:
    with pytest.raises(KeyError):
        blobs.path(digest)


def test_a_put_that_fails_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk."""
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert "OSError: [Errno 27] File too large" in ended.stderr
    assert files(tmp_path) == []


def test_blobs_are_for_their_owner_only(blobs: Blobs) -> None:
    path = blobs.path(blobs.put(b"data"))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_large_body_becomes_a_preview_and_a_blob(blobs: Blobs) -> None:
    text = "ä" * (LIMIT // 2 + 1)
    event = ItemAdded(item="i", turn=None, kind="message", body=Body(text, "text/markdown"))

    small = blobs.shrink(event)

    assert small == ItemAdded(
        item="i",
        turn=None,
        kind="message",
        body=Body("ä" * PREVIEW, "text/markdown", sha256(text.encode()).hexdigest(), LIMIT + 2),
    )
    assert isinstance(small, ItemAdded)
    assert blobs.whole(small.body) == text.encode()
    assert blobs.shrink(small) is small


@given(some.integers(LIMIT - 3, LIMIT + 3), some.sampled_from(["x", "é", "€", "🙂"]))
def test_the_bound_counts_bytes_and_the_whole_is_never_lost(size: int, letter: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        blobs = Blobs(Path(directory))
        width = len(letter.encode())
        text = letter * (size // width) + "." * (size % width)
        event = blobs.shrink(ToolStarted(item="i", turn="t", name="n", input=Body(text)))

        assert isinstance(event, ToolStarted)
        assert (event.input.blob is not None) == (size > LIMIT)
        assert blobs.whole(event.input) == text.encode()


def test_events_without_a_body_or_with_none_stay_as_they_are(blobs: Blobs, tmp_path: Path) -> None:
    for event in (
        ConversationRenamed(title="x" * 100_000),
        ApprovalDecided(approval="a", decision="allow_once"),
    ):
        assert blobs.shrink(event) is event

    optional = ApprovalDecided(approval="a", decision="allow_once", input=Body("x" * 100_000))
    assert blobs.shrink(optional) != optional
    assert len(files(tmp_path)) == 1


def test_what_else_lies_among_blobs_is_left_alone(blobs: Blobs) -> None:
    """A file manager's notes, a copy that rsync broke off, a conflict of a synchronised folder."""
    digest = blobs.put(b"data")
    shelf = blobs.path(digest).parent
    for name in (".DS_Store", f".{digest}.xK3f9a", f"{digest} (conflict)", digest.upper(), digest):
        (shelf / name).touch()
        os.utime(shelf / name, (0, 0))

    assert blobs.resting(shelf, 3600) == [digest]
