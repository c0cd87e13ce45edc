"""What the user may set: one model. Flags win over `AGENTGUID_*`, those over the reference's own variables
(`PORT`, `BASE_URL`, `STARTUP_CWD`, `HOT_RELOAD`), those over `config.toml`, that over the defaults.
"""

import argparse
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from agentguid import __version__
from agentguid.paths import Places, places

PREFIX = "AGENTGUID_"
REFERENCE = {"PORT": "port", "BASE_URL": "base_url", "STARTUP_CWD": "startup_cwd", "HOT_RELOAD": "hot_reload"}
"""The reference's variables."""
DIRECTORIES = ("data_dir", "config_dir", "runtime_dir")


class BadSetting(Exception):  # noqa: N818 — it is the setting that is bad
    """One line that names the setting, its value and what is allowed. The process ends with 78 (EX_CONFIG)."""


def setting(default: Any, allowed: str, description: str) -> Any:
    """A field: `allowed` is what the line about a bad value says."""
    return Field(
        default, description=description, validate_default=True, json_schema_extra={"allowed": allowed}
    )


class CustomAgent(BaseModel):
    """An agent of the user's own: `[agents.NAME]` in config.toml. Under a name of the catalogue it takes that place."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: Annotated[tuple[str, ...], Field(min_length=1)]
    """Program (a name on PATH, or an absolute path) and arguments. For stream-json the options of Claude Code follow."""
    protocol: Literal["acp", "stream-json"] = "acp"
    login: str = ""
    docs: str = ""
    authenticate: str = ""
    """ACP: a sign-in method that needs no human, tried when the agent asks for one."""
    files: bool = False
    """ACP: offer to read and write files for it."""
    versioned: bool = False
    """Whether it may be asked `--version`."""


class Settings(BaseSettings):
    """Every setting of the daemon. Made by `load`."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    host: Annotated[str, Field(min_length=1)] = setting(
        "127.0.0.1", "an address of this machine, or a name for one", "Address to listen on."
    )
    port: Annotated[int, Field(ge=0, le=65535)] = setting(
        3000, "a whole number from 0 to 65535 (0: any free port)", "TCP port to listen on."
    )
    base_url: str = setting(
        "/gm", "a path such as /gm, or / for none", "What every URL begins with: a slash first, none last."
    )
    startup_cwd: Path = setting(
        Path(), "an existing directory", "Where conversations work that name no directory of their own."
    )
    data_dir: Path = setting(None, "a directory", "The log, blobs and tapes.")
    config_dir: Path = setting(None, "a directory", "Where config.toml is.")
    runtime_dir: Path = setting(None, "a directory", "The control socket and the agents' sockets.")
    hosts: tuple[str, ...] = setting(
        (), "names such as studio.local, separated by commas", "More names that the daemon may be called by."
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "debug, info, warning or error", "What is logged."
    )
    idle_minutes: Annotated[float, Field(gt=0, le=100_000)] = setting(
        10.0, "a number of minutes above 0", "How long an agent with nothing to do is kept."
    )
    silent_seconds: Annotated[float, Field(gt=0, le=1_000_000)] = setting(
        60.0, "a number of seconds above 0", "After how long an agent that says nothing is called silent."
    )
    tape_days: Annotated[float, Field(gt=0, le=100_000)] = setting(
        90.0, "a number of days above 0", "How long the raw record of an ended agent is kept."
    )
    tape_megabytes: Annotated[float, Field(gt=0, le=100_000_000)] = setting(
        4096.0, "a number of megabytes above 0", "How much room such records may take before the oldest go."
    )
    agents: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")], CustomAgent] = setting(
        {},
        'tables such as [agents.mine] with command = ["my-agent", "--acp"]',
        "Agents of your own, in config.toml.",
    )
    demo: bool = setting(True, "true or false", "Whether the demo agent is offered.")
    hot_reload: bool = setting(False, "true or false", "Read templates anew for each page; for work on them.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` has gathered, so that a bad value can be traced to where it was written."""
        return (init_settings,)

    @field_validator("base_url")
    @classmethod
    def _normal_base(cls, value: str) -> str:
        path = "/" + value.strip().strip("/")
        if (
            not all(c.isascii() and (c.isalnum() or c in "/-_.~") for c in path)
            or "//" in path
            or "/." in path
        ):
            raise ValueError
        return "" if path == "/" else path

    @field_validator("startup_cwd")
    @classmethod
    def _existing(cls, value: Path) -> Path:
        path = value.expanduser().absolute()
        if not path.is_dir():
            raise ValueError
        return path

    @field_validator(*DIRECTORIES)
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("hosts", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(name.strip().lower() for name in value.split(",") if name.strip())
        return value

    @field_validator("hosts")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(set(name) & set("/@*? ") for name in value):
            raise ValueError
        return tuple(name.lower() for name in value)

    @property
    def places(self) -> Places:
        return Places(self.data_dir, self.config_dir, self.runtime_dir)

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the daemon, with a slash at the end."""
        name = "localhost" if self.host in {"127.0.0.1", "0.0.0.0", "::", "::1", ""} else self.host  # noqa: S104
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}{self.base_url}/"


class Written(NamedTuple):
    """A value and where it was written."""

    value: Any
    where: str


def load(argv: Sequence[str] = (), environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force.

    Raises BadSetting for a value that is not allowed; SystemExit for `--help`, `--version` and unknown flags.
    """
    written = gather(argv, environ)
    try:
        return Settings(**{name: one.value for name, one in written.items()})
    except ValidationError as error:
        raise BadSetting(_sentence(error, written)) from None


def gather(argv: Sequence[str], environ: Mapping[str, str]) -> dict[str, Written]:
    """Every value that somebody wrote, the winning one each, with its source; the directories always."""
    flags = {name: Written(value, "--" + name.replace("_", "-")) for name, value in _flags(argv).items()}
    own = {
        name: Written(environ[PREFIX + name.upper()], PREFIX + name.upper())
        for name in Settings.model_fields
        if environ.get(PREFIX + name.upper())
    }
    reference = {name: Written(environ[key], key) for key, name in REFERENCE.items() if environ.get(key)}
    named = {**reference, **own, **flags}
    file = _file(_places(named, environ).config / "config.toml")
    written = {**file, **named}
    found = _places(written, environ)
    for name, path in zip(DIRECTORIES, found, strict=True):
        written.setdefault(name, Written(path, "the environment"))
    return written


def _places(written: Mapping[str, Written], environ: Mapping[str, str]) -> Places:
    """The directories: those that were named, and the rest as they follow from them."""
    named = {PREFIX + name.upper(): str(written[name].value) for name in DIRECTORIES if name in written}
    return places({**environ, **{name: str(Path(value).expanduser()) for name, value in named.items()}})


def _file(path: Path) -> dict[str, Written]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSetting(f"{path} cannot be read: {error}") from None
    return {name: Written(value, str(path)) for name, value in table.items()}


def _flags(argv: Sequence[str]) -> dict[str, str]:
    parser = argparse.ArgumentParser(
        prog="agentguid", description="Runs coding agents and serves their pages.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"agentguid {__version__}")
    for name, field in Settings.model_fields.items():
        shown = f"{field.description} Default: {field.default}." if field.default else field.description
        parser.add_argument("--" + name.replace("_", "-"), metavar="VALUE", help=shown)
    return {name: value for name, value in vars(parser.parse_args(argv)).items() if value is not None}


def _sentence(error: ValidationError, written: Mapping[str, Written]) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    name = str(first["loc"][0])
    one = written.get(name)
    where = f" ({one.where})" if one else ""
    field = Settings.model_fields.get(name)
    if field is None:
        return f"{name}{where} is no setting; there are {', '.join(Settings.model_fields)}"
    extra = field.json_schema_extra
    allowed = extra["allowed"] if isinstance(extra, dict) else ""
    value = one.value if one else field.default
    return f"{name} = {str(value)!r}{where} is not allowed: it must be {allowed}"
