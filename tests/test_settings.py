"""Settings: who wins, and what is said about a bad value."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentguid.settings import BadSetting, load


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
