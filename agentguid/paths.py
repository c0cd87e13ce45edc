"""Where things lie. Stdlib only: hosts and the control CLI import it."""

import os
from pathlib import Path
from typing import NamedTuple


class Places(NamedTuple):
    """The directories of one daemon."""

    data: Path
    config: Path
    runtime: Path
    cache: Path = Path()
    """What may be deleted at any time; shared by all daemons of a user."""

    @property
    def log(self) -> Path:
        return self.data / "agentguid.db"

    @property
    def tapes(self) -> Path:
        return self.data / "tapes"

    @property
    def blobs(self) -> Path:
        return self.data / "blobs"

    @property
    def copies(self) -> Path:
        """Copies of agents' databases, for as long as they are read."""
        return self.data / "copies"

    @property
    def logs(self) -> Path:
        """The daemon's own words; older ones beside it as `.1`, `.2`, …"""
        return self.data / "logs" / "agentguid.log"

    @property
    def seen(self) -> Path:
        """When each device was last here."""
        return self.data / "seen.json"

    @property
    def offers(self) -> Path:
        """What each agent said last that it offers."""
        return self.data / "offers.json"

    @property
    def asked(self) -> Path:
        """Folders for agents that are started only to say what they offer."""
        return self.data / "asked"

    @property
    def compiled(self) -> Path:
        """Compiled templates."""
        return self.cache / "templates"

    @property
    def scratch(self) -> Path:
        """Folders for the temporary files of agents, by their hosts."""
        return self.data / "tmp"

    @property
    def keys(self) -> Path:
        """Keys of model providers, for this user only."""
        return self.data / "keys.json"

    @property
    def accounts(self) -> Path:
        """Who is signed in to a provider for which agent, with the tokens; for this user only."""
        return self.data / "accounts.json"

    @property
    def gemini(self) -> Path:
        """What Gemini CLI takes for the user's home while it works with such an account."""
        return self.data / "gemini"

    @property
    def socket(self) -> Path:
        return self.runtime / "ctl.sock"

    @property
    def terminals(self) -> "Places":
        """The places of terminals: their tapes lie in the runtime directory, which mostly is memory."""
        return self._replace(data=self.runtime / "terminals")

    @property
    def hosts(self) -> Path:
        return self.runtime / "hosts"


def places(environ: "os._Environ[str] | dict[str, str]" = os.environ) -> Places:
    """The places that the environment names."""
    home = Path(environ.get("HOME") or Path.home())
    share = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    conf = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    kept = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
    data = Path(environ.get("AGENTGUID_DATA_DIR") or share / "agentguid").absolute()
    config = Path(environ.get("AGENTGUID_CONFIG_DIR") or conf / "agentguid").absolute()
    cache = Path(environ.get("AGENTGUID_CACHE_DIR") or kept / "agentguid").absolute()
    run = environ.get("AGENTGUID_RUNTIME_DIR")
    if not run and environ.get("XDG_RUNTIME_DIR"):
        run = str(Path(environ["XDG_RUNTIME_DIR"]) / "agentguid")
    return Places(data, config, Path(run or data / "run").absolute(), cache)


def bundled(name: str) -> Path:
    """A directory that lies beside the package in a checkout and inside it in a wheel: `web`, `migrations`, `systemd`."""
    package = Path(__file__).parent
    inside = package / "_bundled" / name
    return inside if inside.is_dir() else package.parent / name
