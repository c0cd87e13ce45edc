"""Finds the genuine agent programs, or installs them from their registry, once per machine and version."""

import os
import shutil
import subprocess
from pathlib import Path

CLAUDE = "2.1.330"
"""Pinned: npm silently takes an older one when the newest wants a newer Node."""
CACHE = Path(os.environ.get("AGENTGUID_TEST_AGENTS_DIR") or "~/.cache/agentguid-test-agents").expanduser()
PATIENCE = 600.0
"""Seconds that an installation may take."""


class MissingError(Exception):
    """Why a program cannot be had here; the tests that want it are skipped, and say so."""


def claude() -> Path:
    """The `claude` program. `AGENTGUID_TEST_CLAUDE` names another one than the pinned. Raises `MissingError`."""
    given = os.environ.get("AGENTGUID_TEST_CLAUDE")
    if given:
        return _working(Path(given))
    return _working(_from_npm("@anthropic-ai/claude-code", CLAUDE, "claude"))


def other(package: str, version: str, program: str, megabytes: int) -> Path:
    """Another agent's program. Raises `MissingError`."""
    return _working(_from_npm(package, version, program, megabytes))


def _from_npm(package: str, version: str, program: str, megabytes: int = 360) -> Path:
    folder = CACHE / f"{program}-{version}"
    path = folder / "node_modules" / ".bin" / program
    if path.exists():
        return path
    npm = shutil.which("npm")
    if npm is None:
        raise MissingError(f"npm is not installed, so {package} cannot be")
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", f"{package}@{version}"]
    print(f"\ninstalling {package} {version} into {folder} (once; some {megabytes} MB)", flush=True)
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise MissingError(f"npm did not install {package} {version} within {PATIENCE:.0f} s") from error
    if done.returncode or not path.exists():
        raise MissingError(f"npm could not install {package} {version}: {done.stderr.strip()[-500:]}")
    return path


def _working(path: Path) -> Path:
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
