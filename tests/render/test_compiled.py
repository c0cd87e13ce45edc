"""Templates are compiled once for all daemons, and never served from a stale or damaged copy."""

import os
from pathlib import Path

import pytest

from agentguid.paths import bundled
from agentguid.render.environment import Site


def made(web: Path, kept: Path) -> Site:
    site = Site("/gm", web)
    site.keep(kept)
    return site


@pytest.fixture
def web(tmp_path: Path) -> Path:
    (tmp_path / "web" / "templates").mkdir(parents=True)
    (tmp_path / "web" / "templates" / "a.html").write_text("one")
    return tmp_path / "web"


def test_what_was_compiled_is_taken_by_the_next(
    web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert made(web, tmp_path / "kept").page("a.html") == "one"
    later = made(web, tmp_path / "kept")
    monkeypatch.setattr(later.environment, "compile", lambda *_, **__: pytest.fail("it was compiled again"))
    assert later.page("a.html") == "one"


def test_another_text_is_compiled_anew(web: Path, tmp_path: Path) -> None:
    assert made(web, tmp_path / "kept").page("a.html") == "one"
    (web / "templates" / "a.html").write_text("two")
    assert made(web, tmp_path / "kept").page("a.html") == "two"


@pytest.mark.parametrize("damage", [b"", b"x", b"j2" + b"\0" * 100])
def test_a_damaged_copy_is_no_trouble(web: Path, tmp_path: Path, damage: bytes) -> None:
    kept = tmp_path / "kept"
    assert made(web, kept).page("a.html") == "one"
    (file,) = kept.iterdir()
    for data in (damage, file.read_bytes()[: len(damage) + 30]):
        file.write_bytes(data)
        assert made(web, kept).page("a.html") == "one"


def test_without_a_place_for_them_pages_are_served_all_the_same(web: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    assert made(web, tmp_path / "kept").page("a.html") == "one"


def test_all_templates_can_be_kept(tmp_path: Path) -> None:
    site = made(bundled("web"), tmp_path / "kept")
    site.warm()
    assert len(os.listdir(tmp_path / "kept")) == len(site.environment.list_templates(extensions=["html"]))
    assert oct((tmp_path / "kept").stat().st_mode & 0o777) == "0o700"
