"""What is shipped works: the wheel carries pages and migrations, and the locks pin all that it runs on."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from agentguid import __version__
from tests.support.daemon import free_port, wait_for

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PIN = re.compile(r"^([a-z0-9-]+)==([^ ;]+)(?: ; (.+))? \\$")


def pins(lock: str) -> dict[str, str]:
    """Name to version."""
    return {m[1]: m[2] for line in (ROOT / lock).read_text().splitlines() if (m := PIN.match(line))}


# -- the locks --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_has_exact_versions_with_hashes_and_nothing_else(lock: str) -> None:
    """No index, host or path: what is installed depends on the hashes only, not on where it was found."""
    head, *rest = (ROOT / lock).read_text().splitlines()
    other = [
        line
        for line in rest
        if not PIN.match(line) and not re.match(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$", line)
    ]

    assert head.startswith("# ")
    assert other == []
    assert len(pins(lock)) > 30


def test_the_development_lock_holds_the_versions_that_run() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["build"]),
        ("requirements-dev.lock", PROJECT["dependency-groups"]["dev"]),
    ],
)
def test_what_pyproject_asks_for_is_locked(lock: str, wanted: list[str]) -> None:
    locked = pins(lock)
    requirements = [Requirement(text) for text in wanted]

    assert [str(r) for r in requirements if not r.specifier.contains(locked.get(r.name.lower(), "0"))] == []


# -- the Python that is chosen ----------------------------------------------------------------------------------------
def choose(**environ: str) -> "subprocess.CompletedProcess[str]":
    script = ROOT / "scripts" / "python"
    return subprocess.run(
        ["/bin/sh", script], env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_python_that_fits_is_found_and_one_that_is_named_is_taken() -> None:
    assert Path(choose(PATH=os.environ["PATH"]).stdout.strip()).exists()
    assert choose(PATH=os.environ["PATH"], PYTHON=sys.executable).stdout.strip() == sys.executable


def test_without_a_python_that_fits_one_learns_what_to_do(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    none, wrong = choose(PATH=str(tmp_path)), choose(PATH=str(tmp_path), PYTHON="python3")

    assert (none.returncode, none.stdout) == (1, "")
    assert "make run PYTHON=" in none.stderr
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "PYTHON=python3 is not" in wrong.stderr


# -- the wheel --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what belongs to it, without the network."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("agentguid", "web", "migrations", "systemd"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(out),
        str(source),
    ]
    subprocess.run(command, check=True, timeout=120)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment that has the wheel, what requirements.lock names, and nothing else.

    The packages are copied from this environment: the same files as a download would give, without one.
    """
    place = tmp_path_factory.mktemp("installed")
    venv.create(place, with_pip=False, symlinks=True)
    for name in pins("requirements.lock"):
        with contextlib.suppress(PackageNotFoundError):  # a package for another system
            copy(name, Path(sysconfig.get_path("purelib", vars={"base": str(place), "platbase": str(place)})))
    python = place / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(wheel)], check=True, timeout=120)
    return place / "bin"


def copy(name: str, packages: Path) -> None:
    """Copies an installed package into another environment."""
    for file in distribution(name).files or []:
        if ".." not in file.parts and file.suffix != ".pyc":
            target = packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), target)


def test_the_wheel_carries_pages_migrations_unit_and_licence_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    shipped = {
        f"agentguid/_bundled/{p.relative_to(ROOT)}"
        for d in ("web", "migrations", "systemd")
        for p in (ROOT / d).rglob("*.*")
    }

    assert {
        name for name in shipped if not (ROOT / name.removeprefix("agentguid/_bundled/")).is_dir()
    } <= names
    assert f"agentguid-{__version__}.dist-info/licenses/LICENSE" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "web/"))]


@contextlib.contextmanager
def running(program: Path, root: Path) -> Iterator[int]:
    """The daemon of a wheel in an empty directory; gives its port."""
    port = free_port()
    environ = {"PATH": os.environ["PATH"], "HOME": str(root), "AGENTGUID_PORT": str(port), "LANG": "C.UTF-8"}
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(
            [program], env=environ, cwd=root, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )

    def healthy() -> bool:
        assert process.poll() is None, (root / "log").read_text()
        try:
            return get(port, "/gm/healthz")[0] == 200
        except OSError:
            return False

    try:
        wait_for(healthy, "the daemon of the wheel to serve")
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
    assert code == 0, (root / "log").read_text()


def get(port: int, path: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("localhost", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type") or "", answer.read()
    finally:
        connection.close()


def test_the_daemon_of_the_wheel_serves_pages_from_an_empty_directory(
    installed: Path, tmp_path: Path
) -> None:
    with running(installed / "agentguid", tmp_path) as port:
        status, kind, page = get(port, "/gm/login")
        assert (status, kind.split(";")[0]) == (200, "text/html")
        assets = re.findall(r'"(/gm/assets/[^"]+)"', page.decode())
        assert assets
        for asset in assets:
            assert get(port, asset)[0] == 200, asset
        control = [installed / "agentguictl", "status", "--json"]
        done = subprocess.run(
            control, env={"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
