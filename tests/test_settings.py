"""Settings: who wins, and what is said about a bad value."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agentguid.settings import FIXED, BadSetting, Settings, allowed, load


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "AGENTGUID_CONFIG_DIR": str(tmp_path / "config")}


def written(environ: dict[str, str], text: str) -> None:
    folder = Path(environ["AGENTGUID_CONFIG_DIR"])
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(text)


def test_defaults_need_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    settings = load([], environ)

    assert (settings.host, settings.port, settings.base_url, settings.demo) == (
        "127.0.0.1",
        3000,
        "/gm",
        True,
    )
    assert settings.data_dir == tmp_path / ".local/share/agentguid"
    assert settings.runtime_dir == settings.data_dir / "run"
    assert settings.url == "http://localhost:3000/gm/"
    assert settings.idle_minutes == 10


def test_each_source_beats_the_next(environ: dict[str, str]) -> None:
    written(environ, "port = 1001")
    assert load([], environ).port == 1001
    assert load([], {**environ, "PORT": "1002"}).port == 1002
    assert load([], {**environ, "PORT": "1002", "AGENTGUID_PORT": "1003"}).port == 1003
    assert load(["--port", "1004"], {**environ, "PORT": "1002", "AGENTGUID_PORT": "1003"}).port == 1004


def test_an_empty_variable_is_none(environ: dict[str, str]) -> None:
    assert load([], {**environ, "PORT": "", "AGENTGUID_BASE_URL": ""}).port == 3000


@pytest.mark.parametrize(
    ("given", "kept"), [("/", ""), ("gm", "/gm"), ("/gm/", "/gm"), ("/a/b//", "/a/b"), (" /x ", "/x")]
)
def test_the_prefix_begins_with_a_slash_and_ends_without(
    environ: dict[str, str], given: str, kept: str
) -> None:
    assert load([], {**environ, "BASE_URL": given}).base_url == kept


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PORT", "many", "a whole number from 0 to 65535"),
        ("PORT", "65536", "a whole number from 0 to 65535"),
        ("AGENTGUID_PORT", "-1", "a whole number from 0 to 65535"),
        ("BASE_URL", "/a b", "a path such as /gm"),
        ("BASE_URL", "/a/../b", "a path such as /gm"),
        ("BASE_URL", "//evil.example", "a path"),
        ("STARTUP_CWD", "/nowhere/at/all", "an existing directory"),
        ("AGENTGUID_LOG_LEVEL", "loud", "debug, info, warning or error"),
        ("AGENTGUID_DEMO", "perhaps", "true or false"),
        ("AGENTGUID_IDLE_MINUTES", "0", "above 0"),
        ("AGENTGUID_HOSTS", "http://x/", "names such as"),
    ],
)
def test_a_bad_value_is_said_in_one_line(
    environ: dict[str, str], name: str, value: str, allowed: str
) -> None:
    if value == "//evil.example":
        assert load([], {**environ, name: value}).base_url == "/evil.example"
        return
    with pytest.raises(BadSetting) as caught:
        load([], {**environ, name: value})

    line = str(caught.value)
    assert "\n" not in line
    assert name in line
    assert value in line
    assert allowed in line


def test_a_bad_flag_is_named_as_it_was_given(environ: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match=r"port = 'x' \(--port\)"):
        load(["--port", "x"], environ)


def test_a_bad_file_is_named(environ: dict[str, str]) -> None:
    written(environ, 'port = "x"')
    with pytest.raises(BadSetting, match=r"config\.toml"):
        load([], environ)
    written(environ, "port = = 1")
    with pytest.raises(BadSetting, match=r"config\.toml cannot be read"):
        load([], environ)


def test_a_misspelled_setting_in_the_file_is_not_passed_over(environ: dict[str, str]) -> None:
    written(environ, "prot = 1")
    with pytest.raises(BadSetting, match=r"prot .* is no setting; did you mean port"):
        load([], environ)


def test_directories_follow_from_one_another(environ: dict[str, str], tmp_path: Path) -> None:
    settings = load(["--data-dir", str(tmp_path / "d")], environ)

    assert settings.places.log == tmp_path / "d/agentguid.db"
    assert settings.places.runtime == tmp_path / "d/run"
    assert load([], {**environ, "XDG_RUNTIME_DIR": "/run/user/1"}).runtime_dir == Path(
        "/run/user/1/agentguid"
    )


def test_names_are_separated_by_commas(environ: dict[str, str]) -> None:
    assert load([], {**environ, "AGENTGUID_HOSTS": "Studio.local, b:8443"}).hosts == (
        "studio.local",
        "b:8443",
    )
    written(environ, 'hosts = ["a", "B"]')
    assert load([], environ).hosts == ("a", "b")


def test_settings_cannot_be_changed_afterwards(environ: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load([], environ).port = 1  # type: ignore[misc]


def test_the_daemon_ends_with_78_and_one_line(tmp_path: Path) -> None:
    """EX_CONFIG, so that systemd does not start it over and over."""
    done = subprocess.run(
        [sys.executable, "-m", "agentguid"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PORT": "x", "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 78
    assert done.stderr.count("\n") == 1
    assert "PORT" in done.stderr


# -- where a value comes from -----------------------------------------------------------------------------------------
def test_each_value_names_its_source(environ: dict[str, str]) -> None:
    written(environ, 'log_level = "debug"\nport = 1001')
    given = {**environ, "PORT": "1002", "AGENTGUID_DEMO": "false"}

    shown = {one.name: one for one in load(["--idle-minutes", "3"], given).shown()}

    file = str(Path(environ["AGENTGUID_CONFIG_DIR"]) / "config.toml")
    assert (shown["log_level"].origin, shown["log_level"].where) == ("file", file)
    assert (shown["port"].value, shown["port"].origin, shown["port"].where) == (1002, "env", "PORT")
    assert (shown["demo"].value, shown["demo"].where) == (False, "AGENTGUID_DEMO")
    assert (shown["idle_minutes"].origin, shown["idle_minutes"].where) == ("flag", "--idle-minutes")
    assert (shown["host"].origin, shown["data_dir"].origin) == ("default", "default")
    assert list(shown) == list(Settings.model_fields)
    assert all(one.doc and one.allowed for one in shown.values())


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("prot", "port"),
        ("Port", "port"),
        ("log-level", "log_level"),
        ("base-url", "base_url"),
        ("hots", "hosts"),
    ],
)
def test_a_misspelled_setting_names_the_nearest(environ: dict[str, str], wrong: str, near: str) -> None:
    written(environ, f'{wrong} = "x"')

    with pytest.raises(BadSetting, match=rf"^{wrong} .* is no setting; did you mean {near}\?$"):
        load([], environ)


def test_one_that_is_like_none_names_all(environ: dict[str, str]) -> None:
    written(environ, "zzz = 1")

    with pytest.raises(BadSetting, match="there are host, port, base_url"):
        load([], environ)


def test_true_is_no_number(environ: dict[str, str]) -> None:
    written(environ, "port = true")

    with pytest.raises(BadSetting, match="port = 'True'"):
        load([], environ)


def test_settings_are_read_again_from_where_they_were(environ: dict[str, str]) -> None:
    written(environ, 'log_level = "debug"')
    first = load(["--port", "1001"], environ)
    written(environ, 'log_level = "error"\nhosts = ["a"]')

    again = first.again()

    assert (first.log_level, again.log_level, again.port) == ("debug", "error", 1001)
    mixed = first.with_those_of(again, ["hosts"])
    assert (mixed.hosts, mixed.log_level) == (("a",), "debug")
    assert {one.name: one.origin for one in mixed.shown()}["hosts"] == "file"


def test_the_document_has_every_setting_as_the_model_has_it() -> None:
    text = (Path(__file__).parent.parent / "docs" / "configuration.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)`( ↻)? \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)

    assert [(name, bool(fixed), may, doc) for name, fixed, _, may, doc in rows] == [
        (name, name in FIXED, allowed(name), field.description)
        for name, field in Settings.model_fields.items()
    ]
    for name, _, default, _, _ in rows:
        plain = Settings.model_fields[name].default
        if isinstance(plain, str | int | float) and plain != "":
            assert default == f"`{str(plain).lower()}`"


# -- agentguictl config -----------------------------------------------------------------------------------------------
def config(environ: dict[str, str], *args: str) -> "subprocess.CompletedProcess[str]":
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd(), "LANG": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "agentguid.cli", "config", *args],
        env={**kept, **environ}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_config_show_is_a_table_and_a_document(environ: dict[str, str]) -> None:
    given = {**environ, "BASE_URL": "/", "AGENTGUID_HOSTS": "a,b"}

    table = config(given, "show").stdout
    rows = {row["name"]: row for row in json.loads(config(given, "show", "--json").stdout)["settings"]}

    assert re.search(r"^base_url +/ +BASE_URL +What every URL", table, re.MULTILINE)
    assert re.search(r"^hosts +a, b +AGENTGUID_HOSTS", table, re.MULTILINE)
    assert list(rows) == list(Settings.model_fields)
    assert (rows["base_url"]["value"], rows["base_url"]["origin"]) == ("", "env")


def test_config_says_in_one_line_what_is_bad_and_ends_with_78(environ: dict[str, str]) -> None:
    done = config({**environ, "PORT": "x"}, "show")

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (78, "", 1)
    assert "PORT" in done.stderr


def test_config_path_is_where_the_file_would_be(environ: dict[str, str]) -> None:
    path = Path(environ["AGENTGUID_CONFIG_DIR"]) / "config.toml"

    assert config(environ, "path").stdout.strip() == str(path)
    assert json.loads(config(environ, "path", "--json").stdout) == {"path": str(path), "exists": False}
