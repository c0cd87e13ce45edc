"""The results of test runs, as pytest, unittest, Jest, Vitest, Mocha, Node, Cargo and Go print them."""

import re
from collections.abc import Callable

from agentguid.render.panels import Checks

TAIL = 40
"""Lines at the end of an output among which its summary is looked for."""
LOOKED = 256 * 1024
"""Characters at the end of an output that are looked at."""
FAILURES = 50
"""Failing tests that are named."""
WHY = 200
"""Characters of a reason."""
_PYTEST = re.compile(
    r"^=*\s*((?:\d+ (?:failed|passed|skipped|deselected|xfailed|xpassed|errors?|warnings?|rerun|subtests passed)"
    r"(?:, )?)+) in ([\d.]+)s\b.*$",
    re.MULTILINE,
)
_COUNT = re.compile(r"(\d+) (\w+)")
_RAN = re.compile(r"^Ran (\d+) tests? in ([\d.]+)s\n+(OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$", re.MULTILINE)
_JEST = re.compile(r"^\s*Tests:\s+(.*\d+ total)$", re.MULTILINE)
_VITEST = re.compile(r"^\s+Tests\s+(.*\d.*) \((\d+)\)$", re.MULTILINE)
_MOCHA = re.compile(
    r"^ +(\d+) passing(?: \((\S+)\))?(?:\n +(\d+) pending)?(?:\n +(\d+) failing)?$", re.MULTILINE
)
_NODE = re.compile(r"^(?:#|ℹ) (pass|fail|skipped|cancelled|duration_ms) ([\d.]+)$", re.MULTILINE)
_CARGO = re.compile(
    r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;.*?(?:finished in ([\d.]+)s)?$",
    re.MULTILINE,
)
_GO = re.compile(
    r"^(ok  |FAIL|---)[ \t]+(?:(FAIL|PASS|SKIP): )?(\S+)(?:[ \t]+\(?([\d.]+)s\)?)?", re.MULTILINE
)


def recognise_tests(text: str) -> Checks | None:
    """The result that an output ends with; None when it is not that of a test run."""
    text = text[-LOOKED:]
    tail = "\n".join(text.rstrip().splitlines()[-TAIL:])
    found = (reader(text, tail) for reader in READERS)
    return next((one for one in found if one is not None and one.total), None)


def _named(text: str, pattern: str) -> tuple[tuple[str, str], ...]:
    """Failing tests by a pattern with the groups `name` and perhaps `why`; each once."""
    seen: dict[str, str] = {}
    for match in re.finditer(pattern, text, re.MULTILINE):
        why = match.groupdict().get("why") or ""
        seen.setdefault(match["name"].strip()[:WHY], why.strip()[:WHY])
        if len(seen) >= FAILURES:
            break
    return tuple(seen.items())


def _pytest(text: str, tail: str) -> Checks | None:
    found = _PYTEST.findall(tail)
    if not found:
        return None
    said, seconds = found[-1]
    count = {word.removesuffix("s"): int(number) for number, word in _COUNT.findall(said)}
    failures = _named(text, r"^(?:FAILED|ERROR) (?P<name>\S+(?:\[.*?\])?)(?: - (?P<why>.*))?$")
    return Checks(
        "pytest",
        count.get("passed", 0) + count.get("xpassed", 0),
        count.get("failed", 0) + count.get("error", 0),
        count.get("skipped", 0) + count.get("xfailed", 0),
        failures or _named(text, r"^_{3,} (?P<name>\S.*?) _{3,}$"),
        f"{seconds} s",
    )


def _unittest(text: str, tail: str) -> Checks | None:
    found = _RAN.search(tail)
    if found is None:
        return None
    count = {name: int(number) for name, number in re.findall(r"([a-z ]+)=(\d+)", found[4] or "")}
    failed = sum(count.get(name, 0) for name in ("failures", "errors", " errors"))
    skipped = count.get("skipped", 0) + count.get(" skipped", 0)
    failures = _named(text, r"^(?:FAIL|ERROR): (?P<name>.+)$")
    passed = max(0, int(found[1]) - failed - skipped)
    return Checks("unittest", passed, failed, skipped, failures, f"{found[2]} s")


def _counted(said: str) -> tuple[int, int, int]:
    count = {word: int(number) for number, word in _COUNT.findall(said)}
    skipped = count.get("skipped", 0) + count.get("todo", 0) + count.get("pending", 0)
    return count.get("passed", 0), count.get("failed", 0), skipped


def _jest(text: str, tail: str) -> Checks | None:
    found = _JEST.search(tail)
    if found is None:
        return None
    time = re.search(r"^\s*Time:\s+([\d.]+ ?m?s)", tail, re.MULTILINE)
    failures = _named(text, r"^ +● (?P<name>.*\S)$")
    return Checks("Jest", *_counted(found[1]), failures, time[1] if time else "")


def _vitest(text: str, tail: str) -> Checks | None:
    found = _VITEST.search(tail)
    if found is None:
        return None
    time = re.search(r"^\s+Duration\s+([\d.]+m?s)", tail, re.MULTILINE)
    failures = _named(text, r"^ *FAIL +(?P<name>\S.* > .*)$")
    return Checks("Vitest", *_counted(found[1]), failures, time[1] if time else "")


def _mocha(text: str, _tail: str) -> Checks | None:
    found = _MOCHA.search(text)
    if found is None:
        return None
    failures = _named(text[found.end() :], r"^ +\d+\) (?P<name>\S.*)$")
    passed, pending, failing = (int(found[group] or 0) for group in (1, 3, 4))
    return Checks("Mocha", passed, failing, pending, failures, found[2] or "")


def _node(text: str, tail: str) -> Checks | None:
    count = {name: float(number) for name, number in _NODE.findall(tail)}
    if not {"pass", "fail"} <= set(count):
        return None
    failures = _named(text, r"^ *not ok \d+ - (?P<name>.*)$") or _named(
        text, r"^ *✖ (?P<name>.*?)(?: \([\d.]+ms\))?$"
    )
    failed = int(count["fail"] + count.get("cancelled", 0))
    seconds = f"{count['duration_ms'] / 1000:.1f} s" if "duration_ms" in count else ""
    return Checks("node --test", int(count["pass"]), failed, int(count.get("skipped", 0)), failures, seconds)


def _cargo(text: str, _tail: str) -> Checks | None:
    found = _CARGO.findall(text)
    if not found:
        return None
    passed, failed, skipped = (sum(int(row[place]) for row in found) for place in range(3))
    seconds = sum(float(row[3] or 0) for row in found)
    failures = _named(text, r"^test (?P<name>\S+)(?: - should panic)? \.\.\. FAILED$")
    return Checks("cargo test", passed, failed, skipped, failures, f"{seconds:.2f} s")


def _go(text: str, _tail: str) -> Checks | None:
    found = _GO.findall(text)
    single = [(word, name) for mark, word, name, _ in found if mark == "---" and word]
    packages = [
        mark for mark, _, name, _ in found if mark in ("ok  ", "FAIL") and ("/" in name or "." in name)
    ]
    if not packages and not re.search(r"^(?:PASS|FAIL)$", text, re.MULTILINE):
        return None
    failures = tuple((name, "") for word, name in single if word == "FAIL")[:FAILURES]
    passed = sum(word == "PASS" for word, _ in single) or packages.count("ok  ")
    failed = sum(word == "FAIL" for word, _ in single) or packages.count("FAIL")
    return Checks("go test", passed, failed, sum(word == "SKIP" for word, _ in single), failures)


READERS: tuple[Callable[[str, str], Checks | None], ...] = (
    _pytest,
    _unittest,
    _jest,
    _vitest,
    _cargo,
    _node,
    _mocha,
    _go,
)
