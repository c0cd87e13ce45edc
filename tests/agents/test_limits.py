"""What agents say when a limit is reached, and when they say that it is lifted."""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentguid.agents import codex_errors, limits
from agentguid.agents.catalogue import CATALOGUE
from agentguid.agents.codex_state import State

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)
"""13:30 in Zurich, a Thursday."""


def micros(when: datetime) -> int:
    return int(when.timestamp() * 1_000_000)


def until(text: str, now: datetime = NOW, zone: ZoneInfo = ZURICH) -> str | None:
    found = limits.lifted(text, micros(now), zone)
    return found and f"{datetime.fromtimestamp(found / 1_000_000, UTC):%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("API Error: Request rejected (429) · This request would exceed your rate limit.", "account"),
        ("Claude AI usage limit reached|1795700000", "account"),
        ("Claude usage limit reached. Your limit will reset at 3pm (Europe/Zurich).", "account"),
        ("5-hour limit reached ∙ resets 3pm", "account"),
        ("You've hit your limit · resets 3pm (Europe/Zurich)", "account"),
        ("You've hit your session limit · resets 10:40pm (UTC)", "account"),
        ("The five hour limit of the account is reached. It is lifted at 2026-11-26 15:00 UTC.", "account"),
        ("The limit of the account is reached (429: nope). Wait until it is lifted.", "account"),
        ("exceeded retry limit, last status: 429 Too Many Requests", "account"),
        ("You've hit your usage limit. Upgrade to Pro or try again in 2 days 3 hours 5 minutes.", "account"),
        ("stream error: rate_limit_exceeded; Please try again in 11.054s.", "account"),
        ('{"error":{"code":429,"message":"…","status":"RESOURCE_EXHAUSTED"}}', "account"),
        ("You have exhausted your daily quota on this model.", "account"),
        ("You have exhausted your capacity on this model. Your quota will reset after 3h5m12s.", "account"),
        ("Qwen OAuth quota exceeded: Your free daily quota has been reached.", "account"),
        ("429 This request would exceed your rate limit.", "account"),
        ("You've hit your usage limit. Upgrade to Pro (https://chatgpt.com/explore/pro), visit https://chatgpt.com/codex/settings/usage to purchase more credits or try again at 3:45 PM.", "account"),
        ("You've hit your usage limit. Visit https://chatgpt.com/codex/settings/usage to purchase more credits or try again at Dec 3rd, 2026 3:45 PM.", "account"),
        ("You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. * Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 20 Please retry in 34.074824224s.", "account"),
        ("You're out of extra usage · resets 3pm (Europe/Zurich)", "account"),
        ("Throttling: TPM(10000/10000)", "account"),
        ("request was throttled", "account"),
        ("API Error: 529 Overloaded. This is only the demo agent", "provider"),
        ('API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "provider"),
        ("The model is overloaded. Please try again later. (503)", "provider"),
        ("Selected model is at capacity. Please try a different model.", "provider"),
        ("This model is currently experiencing high demand.", "provider"),
        ('{"code":"insufficient_quota","message":"You exceeded your current quota, please check your plan and billing details"}', None),
        ('{"code":"insufficient_quota","message":"You exceeded your current quota"} Please retry in 20s', None),
        ("You exceeded your current quota, please check your plan and billing details.", None),
        ("You've hit your usage limit. To get more access now, purchase more credits.", None),
        ("Your credit balance is too low to access the Anthropic API.", None),
        ("API Error: 401 authentication_error: invalid x-api-key", None),
        ("prompt is too long: 210000 tokens > 200000 maximum; rate limit", None),
        ("404 model_not_found: no such model", None),
        ("The agent wrote 429 lines.", None),
        ("Error on line 529 of overload.py", None),
        ("Claude Code ended with exit status 1: cannot find my configuration", None),
        ("", None),
    ],
)  # fmt: skip
def test_limits_are_recognised_and_nothing_else_is(text: str, kind: str | None) -> None:
    found = limits.read(text, micros(NOW), ZURICH)
    assert (found and found.kind) == kind
    assert bool(limits.mentioned(text, micros(NOW))) == bool(kind)


@pytest.mark.parametrize("line", ["429 files changed", "  503  ", "529", "what the limit is"])
def test_a_line_of_output_that_only_begins_like_one_names_no_limit(line: str) -> None:
    assert limits.mentioned(line, micros(NOW)) == ""


def test_of_a_long_line_the_part_is_kept_that_names_the_limit_and_its_end() -> None:
    line = f"{'before ' * 300}You've hit your limit · resets 3pm (UTC) {'behind ' * 200}"
    kept = limits.mentioned(line, micros(NOW))

    assert len(kept) <= limits.KEPT
    assert until(kept) == "11-26 15:00:00"


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("Claude AI usage limit reached|1795700000", "11-26 13:33:20"),
        ("limit reached|1795700000000", "11-26 13:33:20"),
        ("limit reached|1600000000", None),
        ("It is lifted at 2026-11-26 15:00 UTC.", "11-26 15:00:00"),
        ("resets at 2026-11-27T01:02:03.5+01:00", "11-27 00:02:03"),
        ("resets at 2026-11-27 01:02", "11-27 00:02:00"),
        ("try again in 2 hours", "11-26 14:30:00"),
        ("try again in 2 days 3 hours 5 minutes.", "11-28 15:35:00"),
        ("Please try again in 1m30.5s.", "11-26 12:31:30"),
        ("Your quota will reset after 3h5m12s.", "11-26 15:35:12"),
        ("Retrying after 500 ms", "11-26 12:30:00"),
        ("please wait 45 seconds", "11-26 12:30:45"),
        ('"retry-after":"120"', "11-26 12:32:00"),
        ("Retry-After: 30", "11-26 12:30:30"),
        ("Your limit will reset at 3pm (Europe/Zurich).", "11-26 14:00:00"),
        ("resets 3pm", "11-26 14:00:00"),
        ("5-hour limit reached ∙ resets 3pm", "11-26 14:00:00"),
        ("resets 3:15 PM (UTC)", "11-26 15:15:00"),
        ("resets at 15:00 (America/New_York)", "11-26 20:00:00"),
        ("resets 9am PST", "11-26 17:00:00"),
        ("resets 9am (Mars/Olympus)", "11-27 08:00:00"),
        ("resets 3pm (UTC-5)", "11-26 20:00:00"),
        ("resets 3pm (UTC+1)", "11-26 14:00:00"),
        ("resets 3pm GMT+2", "11-26 13:00:00"),
        ("resets 6pm (UTC+5:30)", "11-26 12:30:00"),
        ("resets 3pm (GMT)", "11-26 15:00:00"),
        ("resets 3pm (utc)", "11-26 15:00:00"),
        ("resets 3pm (UTC+77)", None),
        ("It is lifted at 2026-11-26 15:00 UTC-5.", "11-26 20:00:00"),
        ("resets 9am PT", "11-26 17:00:00"),
        ("resets 9am ET.", "11-26 14:00:00"),
        ("resets 3pm (XYZT)", None),
        ("resets 3pm AKDT", None),
        ("resets 3pm and then goes on", "11-26 14:00:00"),
        ("try again at 3:45 PM. API Error", "11-26 14:45:00"),
        ("try again at 3:45 p.m. or later", "11-26 14:45:00"),
        ("resets 12am", "11-26 23:00:00"),
        ("resets 12pm (UTC)", "11-27 12:00:00"),
        ("resets 1pm (Europe/Zurich)", "11-27 12:00:00"),
        ("resets 1:20pm (Europe/Zurich)", "11-26 12:30:00"),
        ("resets tomorrow at 8am (UTC)", "11-27 08:00:00"),
        ("resets Mon 9am (UTC)", "11-30 09:00:00"),
        ("resets Thu 9am (UTC)", "12-03 09:00:00"),
        ("resets Dec 3 at 4pm (UTC)", "12-03 16:00:00"),
        ("resets Dec 3, 4pm (UTC)", "12-03 16:00:00"),
        ("try again at Dec 3rd, 2026 3:45 PM.", "12-03 14:45:00"),
        ("try again at 3:45 PM.", "11-26 14:45:00"),
        ("try again at 25:00", None),
        ("try again at 13pm", None),
        ("resets Feb 30 at 4pm", None),
        ("try again in 400 days", None),
        ("try again at Mar 1, 2029 3:45 PM", None),
        ("try again later", None),
        ("wait until it is lifted, or choose another model", None),
        ("attempt 2 of 10", None),
    ],
)
def test_the_end_of_a_limit_is_read(text: str, when: str | None) -> None:
    assert until(text) == when


@pytest.mark.parametrize(
    ("now", "text", "when"),
    [
        # 2026-03-29, 02:00 → 03:00 in Zurich: half past two does not exist and is half past three.
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "resets 2:30am", "03-29 01:30:00"),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "resets 3am", "03-29 01:00:00"),
        (datetime(2026, 3, 28, 12, 0, tzinfo=UTC), "resets 11am", "03-29 09:00:00"),
        # 2026-10-25, 03:00 → 02:00: half past two comes twice; the first that is still to come.
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), "resets 2:30am", "10-25 00:30:00"),
        (datetime(2026, 10, 25, 1, 0, tzinfo=UTC), "resets 2:30am", "10-25 01:30:00"),
        (datetime(2026, 12, 31, 20, 0, tzinfo=UTC), "resets 3am", "01-01 02:00:00"),
        (datetime(2026, 12, 30, 20, 0, tzinfo=UTC), "resets Jan 2 at 3am", "01-02 02:00:00"),
    ],
)
def test_clocks_that_are_changed_and_years_that_end(now: datetime, text: str, when: str) -> None:
    assert until(text, now) == when


def test_what_codex_says_of_a_used_up_limit_is_still_one_in_our_words() -> None:
    said = (
        "You've hit your usage limit. Upgrade to Pro (https://chatgpt.com/explore/pro), visit "
        "https://chatgpt.com/codex/settings/usage to purchase more credits or try again at 3:45 PM."
    )
    codex = next(one for one in CATALOGUE if one.id == "codex")
    told = codex_errors.sentence(codex, State(), {"message": said, "codexErrorInfo": "usageLimitExceeded"})

    found = limits.read(told, micros(NOW), ZURICH)

    assert found
    assert (found.kind, until(told)) == ("account", "11-26 14:45:00")


@given(st.text(), st.integers(0, 4_000_000_000_000_000))
def test_no_text_raises(text: str, at: int) -> None:
    found = limits.read(text, at, ZURICH)
    assert found is None or found.until is None or found.until >= at


WORDS = ["resets", "429", "in", "at", "3pm", "(Europe/Zurich)", "|", "1795700000", "2h", "Dec", "31", "Mon", "Feb", "30", "rate limit",
         "12:60", "99999 days", "(UTC)", "2026-13-40 25:61 UTC", "tomorrow", "and", "retry-after:", "0", ".", "\n"]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), st.integers(0, 4_000_000_000_000_000))
def test_no_mixture_of_their_words_raises_or_means_the_past(text: str, at: int) -> None:
    found = limits.lifted(text, at, ZURICH)
    assert found is None or at <= found <= at + timedelta(days=33) / timedelta(microseconds=1)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Europe/Zurich", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
)
def test_a_time_of_the_day_is_the_next_such_time_there(now: datetime, zone: str) -> None:
    found = limits.lifted(f"resets 4:30pm ({zone})", micros(now), ZURICH)
    assert found is not None
    when = datetime.fromtimestamp(found / 1_000_000, ZoneInfo(zone))
    if found > micros(now):
        assert (when.hour, when.minute) == (16, 30)
    assert found - micros(now) <= 25 * 3_600_000_000


@pytest.mark.parametrize(
    "piece", ["resets ", "1 ", "in 1h ", "2026-11-26 ", "9" * 10, "retry-after ", "limit your "]
)
def test_long_texts_cost_little(piece: str) -> None:
    """A regular expression may take for ever on the wrong text; a second for 50 of the longest is plenty."""

    begun = time.process_time()
    for _ in range(50):
        limits.read(piece * 5000, micros(NOW), ZURICH)
    assert time.process_time() - begun < 5


def ends_of(scenario: str) -> list[tuple[str, str]]:
    """How the genuine agents' turns ended in a recording: which agent, in what words."""
    found = []
    for path in sorted((Path(__file__).parent / "golden").rglob(f"{scenario}.txt")):
        agent = path.parent.name if path.parent.name != "golden" else "claude-code"
        for line in path.read_text("utf-8").splitlines():
            _, there, data = line.partition("turn.ended ")
            error = re.search(r'"error": "((?:[^"\\]|\\.)*)"', data) if there else None
            found += [(agent, error[1])] if error else []
    return found


@pytest.mark.parametrize(("scenario", "kind"), [("error-429", "account"), ("error-529", "provider")])
def test_the_limits_of_genuine_agents_are_recognised(scenario: str, kind: str) -> None:
    silent = re.compile(r"[^:]+ ended with exit status 0\. ")  # until we ended it, and then too
    ends = [one for one in ends_of(scenario) if not silent.match(one[1])]
    assert {agent for agent, _ in ends} >= {"claude-code", "gemini-acp", "codex-app-server"}
    wrong = [
        (agent, words)
        for agent, words in ends
        if (found := limits.read(words, micros(NOW), ZURICH)) is None or found.kind != kind
    ]
    assert wrong == []


@pytest.mark.parametrize("scenario", ["error-401", "error-400-too-long", "resume-lost", "cut"])
def test_what_else_genuine_agents_fail_with_is_no_limit(scenario: str) -> None:
    ends = ends_of(scenario)
    assert [one for one in ends if limits.read(one[1], micros(NOW), ZURICH)] == []
