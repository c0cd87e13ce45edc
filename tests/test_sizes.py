"""A limit that nobody checks is none: lengths of files and functions, and what may stand in no file."""

import ast
import gzip
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pathspec
import pytest

ROOT = Path(__file__).parent.parent
FILE, FUNCTION, TEMPLATE, SCRIPT = 400, 50, 150, 300
"""Lines."""
PACKAGES = ("agentguid", "tests", "benchmarks")


def kept() -> Iterator[Path]:
    """Every file of the project: what .gitignore does not name."""
    ignored = pathspec.GitIgnoreSpec.from_lines([".git", *(ROOT / ".gitignore").read_text().splitlines()])
    return (ROOT / name for name in sorted(ignored.match_tree_files(ROOT, negate=True)))


FILES = list(kept())
SOURCES = [path for path in FILES if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PACKAGES]


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def over(limit: int, paths: list[Path]) -> dict[str, int]:
    return {str(path.relative_to(ROOT)): count for path in paths if (count := lines(path)) > limit}


def under(folder: str, suffix: str) -> list[Path]:
    return [path for path in FILES if path.suffix == suffix and (ROOT / folder) in path.parents]


def test_the_walk_sees_the_project() -> None:
    names = {str(path.relative_to(ROOT)) for path in FILES}

    assert {"agentguid/paths.py", "tests/test_sizes.py", "Makefile", ".ci/run"} <= names
    assert not any(name.startswith((".venv/", ".git/")) for name in names)


def test_no_source_file_is_longer_than_400_lines() -> None:
    assert over(FILE, SOURCES) == {}


def test_the_host_is_small() -> None:
    """It lives as long as its agent, beside each of them, and cannot be replaced meanwhile."""
    assert lines(ROOT / "agentguid/hosts/host.py") <= 300


def test_no_function_is_longer_than_50_lines() -> None:
    long = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count = (node.end_lineno or node.lineno) - node.lineno + 1
                if count > FUNCTION:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = count

    assert long == {}


def test_no_template_is_longer_than_150_lines() -> None:
    assert over(TEMPLATE, under("web/templates", ".html")) == {}


def test_no_script_of_ours_is_longer_than_300_lines() -> None:
    ours = [path for path in under("web/assets", ".js") if "vendor" not in path.parts]

    assert over(SCRIPT, ours) == {}


def test_a_package_file_is_empty_or_only_names_things() -> None:
    """`__init__.py` runs on every import of anything below it: hosts and the control CLI pay for what is in it."""
    naming = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)
    busy = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.name == "__init__.py"
        and not all(isinstance(node, naming) for node in ast.parse(path.read_text("utf-8")).body)
    ]

    assert busy == []


REGISTRIES = [
    "pypi" + ".org",
    "python" + "hosted",
    "registry.npm" + "js",
    "npm" + "js.com",
    "deb.debian" + ".org",
]
MACHINE = [
    "/work/" + "main",
    "/work/" + "shared",
    "/root" + "/",
    ".pyenv" + "/",
    "/opt/" + "pypi",
    "/opt/" + "wheels",
    "/opt/" + "agents",
    "/tmp/" + "agents",
    "/tmp/" + "forms",
    "/work/" + "agents",
    "/work/" + "tmp-",
    "/work/" + "cc-",
    "/work/" + "wt",
]


@cache
def content(path: Path) -> bytes:
    """Of a file, also of one that is packed."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


@pytest.mark.parametrize("forbidden", [*REGISTRIES, *MACHINE])
def test_no_file_names_a_registry_or_a_place_on_one_machine(forbidden: str) -> None:
    found = [str(path.relative_to(ROOT)) for path in FILES if forbidden.encode() in content(path)]

    assert found == []


def test_no_file_is_marked_by_a_merge() -> None:
    marks = re.compile(rb"^(<{7} |>{7} |={7}$)", re.MULTILINE)

    assert [str(path.relative_to(ROOT)) for path in FILES if marks.search(path.read_bytes())] == []
