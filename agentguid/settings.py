"""What the user may set: one model. Flags win over `AGENTGUID_*`, those over the reference's own variables
(`PORT`, `BASE_URL`, `STARTUP_CWD`, `HOT_RELOAD`), those over `config.toml`, that over the defaults.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from agentguid.paths import Places
from agentguid.sources import DIRECTORIES, PREFIX, REFERENCE, BadSetting, Origin, Written, gather

__all__ = ["FIXED", "PREFIX", "REFERENCE", "BadSetting", "Settings", "Shown", "allowed", "load"]

FIXED = frozenset((*DIRECTORIES, "host", "port", "base_url", "hot_reload", "agents"))
"""Settings that take a restart; SIGHUP brings the others into force."""


HTTPS = "an https:// URL, or an http:// one on this machine"


class Shown(NamedTuple):
    """One setting, as it is told to people and programs."""

    name: str
    value: Any
    origin: Origin
    where: str
    doc: str
    allowed: str
    default: Any
    """None: it follows from the environment."""
    restart: bool
    """A change takes a restart of the daemon."""


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
    login_command: tuple[str, ...] = ()
    """What `agentguictl agents login` runs: program and arguments."""
    update_command: tuple[str, ...] = ()
    """What `agentguictl agents update` runs."""
    docs: str = ""
    authenticate: str = ""
    """ACP: a sign-in method that needs no human, tried when the agent asks for one."""
    files: bool = False
    """ACP: offer to read and write files for it."""
    terminals: bool = False
    """ACP: offer to run commands for it."""
    versioned: bool = False
    """Whether it may be asked `--version`."""


class Settings(BaseSettings):
    """Every setting of the daemon. Made by `load`."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, case_sensitive=True)
    _written: dict[str, Written] = PrivateAttr(default_factory=dict)
    _source: tuple[tuple[str, ...], Mapping[str, str]] = PrivateAttr(default=((), {}))

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
    cache_dir: Path = setting(None, "a directory", "Compiled templates; may be deleted at any time.")
    hosts: tuple[str, ...] = setting(
        (),
        "names such as studio.local, or studio.example:443 for a proxy with TLS, separated by commas",
        "More names that the daemon may be called by.",
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
    retry_seconds: Annotated[tuple[Annotated[float, Field(gt=0, le=1_000_000)], ...], Field(max_length=3)] = (
        setting(
            (30.0, 120.0, 600.0),
            "up to three numbers of seconds, separated by commas, or never",
            "When a prompt that a limit cut short is tried again, once, twice, three times; a time that the agent names counts more.",
        )
    )
    tape_days: Annotated[float, Field(gt=0, le=100_000)] = setting(
        90.0, "a number of days above 0", "How long the raw record of an ended agent is kept."
    )
    tape_megabytes: Annotated[float, Field(gt=0, le=100_000_000)] = setting(
        4096.0, "a number of megabytes above 0", "How much room such records may take before the oldest go."
    )
    import_watch: Literal["all", "ours", "off"] = setting(
        "ours",
        "all, ours (conversations of agentguid that go on in a terminal) or off",
        "What agents do elsewhere on this machine that is taken in by itself, until it is chosen on the page Import.",
    )
    agents: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")], CustomAgent] = setting(
        {},
        'tables such as [agents.mine] with command = ["my-agent", "--acp"]',
        "Agents of your own, in config.toml.",
    )
    gemini_client_id: Annotated[str, Field(max_length=300, pattern=r"^[!-~]*$")] = setting(
        "",
        "the id of an OAuth client, without spaces",
        "Client that signs in to Gemini CLI; none: the one of the installed Gemini CLI.",
    )
    gemini_client_secret: Annotated[SecretStr, Field(max_length=300)] = setting(
        "", "the secret of that client", "Its secret."
    )
    gemini_auth_url: str = setting(
        "https://accounts.google.com/o/oauth2/v2/auth", HTTPS, "Where the user signs in to Gemini CLI."
    )
    gemini_token_url: str = setting(
        "https://oauth2.googleapis.com/token", HTTPS, "Where tokens for Gemini CLI come from."
    )
    gemini_user_url: str = setting(
        "https://www.googleapis.com/oauth2/v2/userinfo", HTTPS, "Where it is asked whose account that is."
    )
    demo: bool = setting(True, "true or false", "Whether the demo agent is offered.")
    hot_reload: bool = setting(
        False, "true or false", "For work on agentguid: open pages follow its templates, styles and scripts."
    )

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

    @field_validator("port", "idle_minutes", "silent_seconds", "tape_days", "tape_megabytes", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        if isinstance(value, bool):  # which Python takes for 0 or 1
            raise ValueError  # noqa: TRY004 — a validator's own error
        return value

    @field_validator("import_watch", mode="before")
    @classmethod
    def _watch(cls, value: Any) -> Any:
        return {"true": "all", "on": "all", "false": "off"}.get(str(value).lower(), value)

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

    @field_validator("retry_seconds", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        if isinstance(value, str):
            if value.strip().lower() == "never":
                return ()
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("hosts")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(set(name) & set("/@*? ") for name in value):
            raise ValueError
        return tuple(name.lower() for name in value)

    @field_validator("gemini_auth_url", "gemini_token_url", "gemini_user_url")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        parts = urlsplit(value)
        here = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
        if (
            not (here or (parts.scheme == "https" and parts.hostname))
            or not value.isprintable()
            or "#" in value
        ):
            raise ValueError
        return value

    def shown(self) -> list[Shown]:
        """Every setting, with where its value comes from. In the order of the model."""
        default = Written(None, "", "default")
        values = self.model_dump(mode="json")
        return [
            Shown(
                *(name, values[name], (one := self._written.get(name, default)).origin, one.where),
                *(field.description or "", allowed(name), _plain(field.default), name in FIXED),
            )
            for name, field in Settings.model_fields.items()
        ]

    def where(self, name: str) -> str:
        """A setting with its value and its source, for a sentence about it."""
        one = self._written.get(name)
        return f"{name} = {str(getattr(self, name))!r}" + (f" ({one.where})" if one and one.where else "")

    def again(self) -> "Settings":
        """Read anew from where these were read. Raises BadSetting."""
        return load(*self._source)

    def with_those_of(self, other: "Settings", names: Sequence[str]) -> "Settings":
        """These, but for some that are taken from elsewhere."""
        made = self.model_copy(update={name: getattr(other, name) for name in names})
        taken = {name: one for name, one in other._written.items() if name in names}
        made._written = {name: one for name, one in self._written.items() if name not in names} | taken
        return made

    @property
    def places(self) -> Places:
        return Places(self.data_dir, self.config_dir, self.runtime_dir, self.cache_dir)

    @property
    def pauses(self) -> tuple[int, ...]:
        """Microseconds until each automatic try of a prompt that broke off at a limit."""
        return tuple(round(seconds * 1_000_000) for seconds in self.retry_seconds)

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the daemon, with a slash at the end."""
        name = "localhost" if self.host in {"127.0.0.1", "0.0.0.0", "::", "::1", ""} else self.host  # noqa: S104
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}{self.base_url}/"


def load(argv: Sequence[str] = (), environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force.

    Raises BadSetting for a value that is not allowed; SystemExit for `--help`, `--version` and unknown flags.
    """
    written = gather(Settings.model_fields, argv, environ)
    try:
        settings = Settings(**{name: one.value for name, one in written.items()})
    except ValidationError as error:
        raise BadSetting(_sentence(error, written)) from None
    settings._written.update(written)
    settings._source = (tuple(argv), environ)
    return settings


def allowed(name: str) -> str:
    """What a setting may be."""
    extra = Settings.model_fields[name].json_schema_extra
    return str(extra["allowed"]) if isinstance(extra, dict) else ""


def _sentence(error: ValidationError, written: Mapping[str, Written]) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    name = str(first["loc"][0])
    one = written.get(name)
    where = f" ({one.where})" if one and one.where else ""
    value = one.value if one else Settings.model_fields[name].default
    return f"{name} = {str(value)!r}{where} is not allowed: it must be {allowed(name)}"


def _plain(value: Any) -> Any:
    """A default as JSON has it."""
    return list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value
