"""Where settings are written: flags, variables, config.toml. Knows their names, not what they may be."""

import argparse
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic.fields import FieldInfo

from agentguid import __version__
from agentguid.paths import Places, places

PREFIX = "AGENTGUID_"
REFERENCE = {"PORT": "port", "BASE_URL": "base_url", "STARTUP_CWD": "startup_cwd", "HOT_RELOAD": "hot_reload"}
"""The reference's variables."""
DIRECTORIES = ("data_dir", "config_dir", "runtime_dir", "cache_dir")
TABLES = ("agents",)
"""Settings that only the file can have."""
Fields = Mapping[str, FieldInfo]


class BadSetting(Exception):  # noqa: N818 — it is the setting that is bad
    """One line that names the setting, its value and what is allowed. The process ends with 78 (EX_CONFIG)."""


Origin = Literal["default", "file", "env", "flag"]


class Written(NamedTuple):
    """A value and where it was written."""

    value: Any
    where: str
    """The file, variable or flag; empty for a default."""
    origin: Origin


def gather(fields: Fields, argv: Sequence[str], environ: Mapping[str, str]) -> dict[str, Written]:
    """Every value that somebody wrote, the winning one each, with its source; the directories always."""
    flags = {
        name: Written(value, "--" + name.replace("_", "-"), "flag")
        for name, value in _flags(fields, argv).items()
    }
    own = {
        name: Written(environ[PREFIX + name.upper()], PREFIX + name.upper(), "env")
        for name in fields
        if environ.get(PREFIX + name.upper()) and name not in TABLES
    }
    reference = {
        name: Written(environ[key], key, "env") for key, name in REFERENCE.items() if environ.get(key)
    }
    named = {**reference, **own, **flags}
    file = _file(fields, _places(named, environ).config / "config.toml")
    written = {**file, **named}
    found = _places(written, environ)
    for name, path in zip(DIRECTORIES, found, strict=True):
        written.setdefault(name, Written(path, "", "default"))
    return written


def _places(written: Mapping[str, Written], environ: Mapping[str, str]) -> Places:
    """The directories: those that were named, and the rest as they follow from them."""
    named = {PREFIX + name.upper(): str(written[name].value) for name in DIRECTORIES if name in written}
    return places({**environ, **{name: str(Path(value).expanduser()) for name, value in named.items()}})


def _file(fields: Fields, path: Path) -> dict[str, Written]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSetting(f"{path} cannot be read: {error}") from None
    for name in table:
        if name not in fields:
            near = get_close_matches(name.lower(), fields, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(fields)}"
            raise BadSetting(f"{name} ({path}) is no setting; {hint}")
    return {name: Written(value, str(path), "file") for name, value in table.items()}


def _flags(fields: Fields, argv: Sequence[str]) -> dict[str, str]:
    parser = argparse.ArgumentParser(
        prog="agentguid", description="Runs coding agents and serves their pages.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"agentguid {__version__}")
    for name, field in fields.items():
        if name in TABLES:
            continue
        shown = f"{field.description} Default: {field.default}." if field.default else field.description
        parser.add_argument("--" + name.replace("_", "-"), metavar="VALUE", help=shown)
    return {name: value for name, value in vars(parser.parse_args(argv)).items() if value is not None}
