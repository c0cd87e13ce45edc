"""Finds the genuine agent programs, or installs them from their registry, once per machine and version."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CLAUDE = "2.1.330"
"""Pinned: npm silently takes an older one when the newest wants a newer Node."""
NODE = "22.23.3"
"""What agents run on that want a newer Node than there is; installed by npm like they are."""
CACHE = Path(os.environ.get("AGENTGUID_TEST_AGENTS_DIR") or "~/.cache/agentguid-test-agents").expanduser()
PATIENCE = 900.0
"""Seconds that an installation may take."""
PYTHONS = (
    (Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions", "{}*/bin/python"),
    (Path.home() / ".local/share/uv/python", "cpython-{}*/bin/python3"),
)
"""Where a Python stands that is not on PATH."""


class MissingError(Exception):
    """Why a program cannot be had here; the tests that want it are skipped, and say so."""


@dataclass(frozen=True)
class Npm:
    """A program of a package of npm's."""

    package: str
    version: str
    program: str
    megabytes: int
    newer: bool = False
    """It runs on `NODE`, not on the machine's."""
    within: str = ""
    """Where in the folder it lies; nothing: where npm puts a package's programs."""

    def path(self) -> Path:
        """Raises `MissingError`."""
        folder = CACHE / f"{self.program}-{self.version}"
        path = folder / (self.within or f"node_modules/.bin/{self.program}")
        if not path.exists():
            _npm(folder, f"{self.package}@{self.version}", self.megabytes)
        if not path.exists():
            raise MissingError(f"{self.package} {self.version} came without its program")
        return path

    def folders(self) -> list[Path]:
        """What goes before PATH. Raises `MissingError`."""
        return [self.path().parent, *([node()] if self.newer else [])]


@dataclass(frozen=True)
class Pip:
    """A program of a package of PyPI's, in an environment of its own."""

    package: str
    version: str
    program: str
    megabytes: int
    python: str

    def path(self) -> Path:
        """Raises `MissingError`."""
        folder = CACHE / f"{self.program}-{self.version}"
        path = folder / "bin" / self.program
        if not path.exists():
            _say(f"{self.package} {self.version}", folder, self.megabytes)
            _run([str(_python(self.python)), "-m", "venv", str(folder)], self.package)
            pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, f"{self.package}=={self.version}"], self.package)
        return path

    def folders(self) -> list[Path]:
        """What goes before PATH: the program alone, not its whole environment. Raises `MissingError`."""
        path, only = self.path(), CACHE / f"{self.program}-{self.version}" / "only"
        only.mkdir(exist_ok=True)
        link = only / self.program
        if not link.is_symlink():
            link.symlink_to(path)
        return [only]


def claude() -> Path:
    """The `claude` program. `AGENTGUID_TEST_CLAUDE` names another one than the pinned. Raises `MissingError`."""
    given = os.environ.get("AGENTGUID_TEST_CLAUDE")
    path = Path(given) if given else Npm("@anthropic-ai/claude-code", CLAUDE, "claude", 360).path()
    try:
        said = subprocess.run(
            [path, "--version"],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
    except OSError as error:
        raise MissingError(f"{path} cannot be run: {error.strerror}") from error
    if said.returncode:
        raise MissingError(f"{path} --version failed: {said.stderr.strip()[-500:]}")
    return path


def node() -> Path:
    """The folder of a newer Node. Raises `MissingError`."""
    folder = CACHE / f"node-{NODE}"
    path = folder / "node_modules" / "node" / "bin"
    if not (path / "node").exists():
        _npm(folder, f"node@{NODE}", 185)
    if not (path / "node").exists():
        raise MissingError(f"npm installed Node {NODE} without its program")
    return path


def _npm(folder: Path, package: str, megabytes: int) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise MissingError(f"npm is not installed, so {package} cannot be")
    folder.mkdir(parents=True, exist_ok=True)
    _say(package, folder, megabytes)
    _run([npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", package], package)


def _python(version: str) -> Path:
    """The interpreter of a version. Raises `MissingError`."""
    named = shutil.which(f"python{version}")
    found = [Path(named)] if named else []
    for root, pattern in PYTHONS:
        found += sorted(root.glob(pattern.format(version)))
    for path in found:
        asked = [str(path), "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"]
        said = subprocess.run(asked, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if said.stdout.strip() == version:
            return path
    raise MissingError(f"there is no Python {version} here")


def _say(package: str, folder: Path, megabytes: int) -> None:
    print(f"\ninstalling {package} into {folder} (once; some {megabytes} MB)", flush=True)


def _run(command: list[str], package: str) -> None:
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise MissingError(f"{package} was not installed within {PATIENCE:.0f} s") from error
    if done.returncode:
        raise MissingError(f"{package} could not be installed: {done.stderr.strip()[-500:]}")
