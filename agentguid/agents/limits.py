"""Limits of accounts and providers, as agents tell of them: which it is, and when it is lifted.

Pure: the time at which something was said and the zone of the machine come in. Every agent words it differently, and
none has a field for it, so words are what there is; `tests/agents/test_limits.py` has those that we have met.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
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
    r"|limit reached|resource[ _-]exhausted|quota (?:exceeded|exhausted|will reset)|exceeded your (?:current )?quota"
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
    r"insufficient[ _]quota|billing|credit balance|no credit|payment|purchase|prompt is too long|context (?:length|window)"
    r"|too many tokens in|maximum context|invalid[ _](?:model|api|x-api)|model[ _]not[ _]found|no such model|unauthorized"
    r"|authentication|not signed in|longer than the model",
    re.I,
)
"""What waiting does not mend, also where the words of a limit stand beside it (OpenAI's `insufficient_quota` is a 429)."""


def read(text: str, at: int, zone: tzinfo = UTC) -> Limit | None:
    """The limit that a text speaks of, said at a time (microseconds); None when waiting would not help."""
    text = text[-READ:]
    if _NEVER.search(text):
        return None
    if _ACCOUNT.search(text):
        return Limit("account", lifted(text, at, zone))
    return Limit("provider", lifted(text, at, zone)) if _PROVIDER.search(text) else None


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
_ISO = re.compile(r"\b(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.\d+)?\s?(Z|UTC|[+-]\d\d:?\d\d)?(?!\w)")


def _instant(text: str, said: datetime, zone: tzinfo) -> datetime | None:
    for found in _ISO.finditer(text):
        day, minute, second, offset = found.groups()
        offset = "+00:00" if offset in ("Z", "UTC") else offset or ""
        when = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}{offset}")
        when = (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC)
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
    r"(?P<hour>[01]?\d|2[0-3])(?::(?P<minute>[0-5]\d)(?::[0-5]\d)?)?[ \u202f]?(?P<half>[ap]\.?m\b\.?)?"
    r"(?:[ ]?\(?(?P<zone>[A-Z][A-Za-z_]+(?:/[A-Za-z_+\-0-9]+){1,2}|[A-Z]{3,4}|UTC[+-]\d{1,2})\)?)?",
    re.I,
)
_ZONES = {
    "utc": "UTC", "gmt": "UTC", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "pt": "America/Los_Angeles",
    "est": "America/New_York", "edt": "America/New_York", "cet": "Europe/Berlin", "cest": "Europe/Berlin",
    "bst": "Europe/London", "mst": "America/Denver", "mdt": "America/Denver", "cst": "America/Chicago",
    "cdt": "America/Chicago", "jst": "Asia/Tokyo",
}  # fmt: skip


def _clock(text: str, said: datetime, zone: tzinfo) -> datetime | None:
    for found in _CLOCK.finditer(text):
        if not (found["half"] or found["minute"]):
            continue  # a bare number is no time of the day
        there = _zone(found["zone"], zone)
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


def _zone(name: str | None, otherwise: tzinfo) -> tzinfo:
    if not name:
        return otherwise
    try:
        return ZoneInfo(_ZONES.get(name.lower(), name))
    except (ValueError, OSError, KeyError):
        return otherwise
