"""Limits of accounts and providers, as agents tell of them: which it is, and when it is lifted.

Pure: the time at which something was said and the zone of the machine come in. Every agent words it differently, and
none has a field for it, so words are what there is; `tests/agents/test_limits.py` has those that we have met.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from agentguid.protocol.items import Limit

READ = 4096
"""Characters that are looked at: the last of them."""
FAR = timedelta(days=32)
"""What is further away than this was not meant so."""
JUST = timedelta(minutes=15)
"""So long ago, a time of the day means today's and not tomorrow's: it has just come."""

_CODE = r"(?:status|code|error|http|\(|^|last status)\W{0,3}"
_ACCOUNT = re.compile(
    _CODE
    + r"429\b|\b429\W{1,3}too many|too many requests|rate[ _-]?limit|usage limit|session limit|weekly limit"
    r"|limit (?:of the account )?(?:is |was |has been )?(?:reached|exceeded|hit)|(?:hit|reached|exceeded) your (?:\S+ ){0,3}limit"
    r"|limit reached|out of extra usage|resource[ _-]exhausted|quota (?:exceeded|exhausted|will reset)|exceeded your (?:current )?quota"
    r"|exhausted your (?:\S+ ){0,3}(?:capacity|quota)|throttl(?:ed|ing)|free tier (?:of \d+ )?requests",
    re.I | re.M,
)
_PROVIDER = re.compile(
    _CODE
    + r"(?:529|503)\b|\b(?:529|503)\W{1,3}(?:overloaded|service)|overloaded|at capacity|selected model is at"
    r"|service (?:is )?(?:currently |temporarily )?unavailable|high demand",
    re.I | re.M,
)
_NEVER = re.compile(
    r"insufficient[ _]quota|credit balance|no credit|prompt is too long|context (?:length|window)"
    r"|too many tokens in|maximum context|invalid[ _](?:model|api|x-api)|model[ _]not[ _]found|no such model|unauthorized"
    r"|authentication|not signed in|longer than the model",
    re.I,
)
"""What waiting does not mend, also where the words of a limit stand beside it (OpenAI's `insufficient_quota` is a 429)."""
_MONEY = re.compile(r"billing|payment|purchase|credit", re.I)
"""What only money mends; but a limit that is lifted at some time may be bought off before that."""
HINTS = (
    *("429", "529", "503", "limit", "quota", "exhausted", "extra usage", "too many requests", "throttl"),
    *("free tier", "overloaded", "at capacity", "model is at", "unavailable", "high demand"),
)
"""Without one of these there is no limit in a text: looking for them costs next to nothing."""
KEPT, BEFORE = 500, 200
"""Characters that are kept of a line of output, and how many of them stand before the words of the limit at most."""


def read(text: str, at: int, zone: tzinfo = UTC) -> Limit | None:
    """The limit that a text speaks of, said at a time (microseconds); None when waiting would not help."""
    text = text[-READ:]
    if _NEVER.search(text):
        return None
    until = lifted(text, at, zone)
    if until is None and _MONEY.search(text):
        return None
    if _ACCOUNT.search(text):
        return Limit("account", until)
    return Limit("provider", until) if _PROVIDER.search(text) else None


def mentioned(line: str, at: int) -> str:
    """What a line of output says of a limit that waiting mends, short enough to be remembered. Mostly empty, and fast."""
    low = line.lower()
    if not any(hint in low for hint in HINTS):
        return ""
    line = " ".join(line[-READ:].split())
    if read(f"it says {line}", at) is None:  # a number at the beginning of a line may be anything
        return ""
    found = _ACCOUNT.search(line) or _PROVIDER.search(line)
    begin = max(0, found.start() - BEFORE) if found and len(line) > KEPT else 0
    return line[begin : begin + KEPT]


def lifted(text: str, at: int, zone: tzinfo = UTC) -> int | None:
    """The point in time (microseconds) that a text names for the end of a limit. Never before `at`."""
    said = datetime.fromtimestamp(at / 1_000_000, UTC)
    text = text[-READ:]
    for find in (_epoch, _instant, _clock, _span):
        try:
            when = find(text, said, zone)
        except (ValueError, OverflowError, OSError):
            continue
        if when is not None and when - said <= FAR:
            return int(max(when, said).timestamp() * 1_000_000)
    return None


# -- Claude AI usage limit reached|1735689600 -------------------------------------------------------------------------
_EPOCH = re.compile(
    r"(?:\||reset\w*\W{1,4}(?:at\W{1,3})?|until\W{1,3})(1[5-9]\d{8}|2\d{9})(\d{3})?(?!\d)", re.I
)


def _epoch(text: str, said: datetime, _: tzinfo) -> datetime | None:
    found = _EPOCH.search(text)
    when = found and datetime.fromtimestamp(int(found[1]), UTC)
    return when if when and when >= said - JUST else None


# -- 2026-11-26T15:00:00Z, 2026-11-26 15:00 UTC -----------------------------------------------------------------------
_ISO = re.compile(
    r"\b(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.\d+)?"
    r"\s?(Z|(?:UTC|GMT)(?:[+-]\d{1,2}(?::?\d\d)?)?|[+-]\d\d:?\d\d)?(?!\w)"
)


def _instant(text: str, said: datetime, zone: tzinfo) -> datetime | None:
    for found in _ISO.finditer(text):
        day, minute, second, offset = found.groups()
        there = _offset(offset or "") or (UTC if offset == "Z" else zone)
        when = (
            datetime.fromisoformat(f"{day}T{minute}{second or ':00'}").replace(tzinfo=there).astimezone(UTC)
        )
        if when >= said - JUST:  # a log may have been quoted, with times of its own
            return when
    return None


# -- in 2 hours 5 minutes, after 3h5m12s, retry-after: 30 -------------------------------------------------------------
_UNIT = r"(?:days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s|milliseconds?|ms)"
_PART = rf"\d{{1,6}}(?:\.\d{{1,9}})?\s?{_UNIT}(?![a-z])"
_SPAN = re.compile(
    rf"(?:\bin|\bafter|\bwait|\bfor|retry[ -]after\W{{0,3}}|delay\W{{0,3}}|reset\w*\W{{1,3}})\s{{0,2}}(?:about |another )?"
    rf"({_PART}(?:(?:,|\sand|\s){{0,2}}\s?{_PART}){{0,3}})",
    re.I,
)
_BARE = re.compile(r"retry[ -]after[\"':\s]{1,4}(\d{1,7})(?![\d.\w])", re.I)
"""The header has seconds without saying so."""
_EACH = re.compile(rf"(\d+(?:\.\d+)?)\s?({_UNIT})(?![a-z])", re.I)
_SECONDS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def _span(text: str, said: datetime, _: tzinfo) -> datetime | None:
    if found := _SPAN.search(text):
        return said + timedelta(seconds=sum(float(n) * _seconds(unit) for n, unit in _EACH.findall(found[1])))
    bare = _BARE.search(text)
    return said + timedelta(seconds=int(bare[1])) if bare else None


def _seconds(unit: str) -> float:
    unit = unit.lower()
    return _SECONDS["ms"] if unit.startswith(("ms", "milli")) else _SECONDS[unit[0]]


# -- resets 3pm (Europe/Zurich), try again at Dec 3rd, 2026 3:45 PM, resets Mon 9am -----------------------------------
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(
    r"(?:reset\w*|again|until|available|lifted|renews?|back)(?:[ \t]+(?:at|on|after|by|from|is))?[ \t∙·:]+"
    r"(?:(?P<word>today|tomorrow)\W{1,2}(?:at )?|(?P<weekday>"
    + "|".join(_DAYS)
    + r")[a-z]{0,6}\W{1,2}(?:at )?"
    r"|(?P<month>"
    + "|".join(_MONTHS)
    + r")[a-z]{0,6}\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,? (?P<year>20\d\d))?,?(?: at)? )?"
    r"(?P<hour>[01]?\d|2[0-3])(?::(?P<minute>[0-5]\d)(?::[0-5]\d)?)?[ \u202f]?(?P<half>[ap]m\b|[ap]\.m\b\.?)?"
    r"(?:[ ]?\(?(?P<zone>[A-Z][A-Za-z_]+(?:/[A-Za-z_+\-0-9]+){1,2}"
    r"|(?:UTC|GMT)(?:[+-]\d{1,2}(?::?\d\d)?)?(?!\w)|(?-i:[A-Z]{3,5}|[PMCE]T)(?![\w/]))\)?)?",
    re.I,
)
_ZONES = {
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "PT": "America/Los_Angeles",
    "EST": "America/New_York", "EDT": "America/New_York", "ET": "America/New_York", "CET": "Europe/Berlin",
    "CEST": "Europe/Berlin", "BST": "Europe/London", "MST": "America/Denver", "MDT": "America/Denver",
    "MT": "America/Denver", "CST": "America/Chicago", "CDT": "America/Chicago", "CT": "America/Chicago",
    "JST": "Asia/Tokyo",
}  # fmt: skip
_OFFSET = re.compile(r"(?:UTC|GMT)?(?:([+-])(\d\d?):?(\d\d)?)?", re.I)


def _clock(text: str, said: datetime, zone: tzinfo) -> datetime | None:
    for found in _CLOCK.finditer(text):
        if not (found["half"] or found["minute"]):
            continue  # a bare number is no time of the day
        there = _zone(found["zone"], zone)
        if there is None:
            continue
        hour = int(found["hour"])
        if found["half"]:
            if not 1 <= hour <= 12:
                continue
            hour = hour % 12 + (12 if found["half"].lower().startswith("p") else 0)
        when = _day(found, said.astimezone(there), hour, int(found["minute"] or 0), there, said)
        return when.astimezone(UTC)
    return None


def _day(
    found: re.Match[str], here: datetime, hour: int, minute: int, zone: tzinfo, said: datetime
) -> datetime:
    """The day that is meant. A time that a clock change leaves out is that much later; of one that comes twice, the
    first that is still to come."""
    if found["month"]:
        month = _MONTHS.index(found["month"].lower()[:3]) + 1
        year = int(found["year"] or here.year)
        when = _wall(datetime(year, month, int(found["day"]), tzinfo=UTC), hour, minute, zone, said)
        return when if found["year"] or when >= said - JUST else when.replace(year=year + 1)
    days = 1 if (found["word"] or "").lower() == "tomorrow" else 0
    if found["weekday"]:
        days = (_DAYS.index(found["weekday"].lower()[:3]) - here.weekday()) % 7
    midnight = datetime(here.year, here.month, here.day, tzinfo=UTC) + timedelta(days=days)
    when = _wall(midnight, hour, minute, zone, said)
    if when >= said - JUST:
        return when
    return _wall(midnight + timedelta(days=7 if found["weekday"] else 1), hour, minute, zone, said)


def _wall(midnight: datetime, hour: int, minute: int, zone: tzinfo, said: datetime) -> datetime:
    local = midnight.replace(hour=hour, minute=minute, tzinfo=zone)
    first = local.astimezone(UTC)
    return first if first >= said - JUST else local.replace(fold=1).astimezone(UTC)


def _zone(name: str | None, otherwise: tzinfo) -> tzinfo | None:
    """None: an abbreviation that we do not know; no time is better than a wrong one.

    A name that this machine does not know is most likely its own: agents are told of no other.
    """
    if not name:
        return otherwise
    if offset := _offset(name):
        return offset
    try:
        return ZoneInfo(_ZONES.get(name, name))
    except (ValueError, OSError, KeyError):
        return otherwise if "/" in name else None


def _offset(name: str) -> tzinfo | None:
    """UTC, GMT+5, +01:30."""
    found = _OFFSET.fullmatch(name) if name else None
    if found is None:
        return None
    away = timedelta(hours=int(found[2] or 0), minutes=int(found[3] or 0))
    return timezone(-away if found[1] == "-" else away)
