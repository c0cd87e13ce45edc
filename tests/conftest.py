"""What every test may rely on: which tests run when, and how many examples."""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

FULL = os.environ.get("AGENTGUID_FULL") == "1"
"""The long numbers: more examples, more kills, more time (make test-full)."""
PATIENCE = 1800
"""Seconds that a test with long numbers may take."""

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As a job in the background has it; what is started here could not be interrupted either.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "short", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "full", deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("full" if FULL else "short")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests and tests of genuine agents run only when asked for, however pytest was started; and what needs a
    browser is of the tests in a browser."""
    asked = config.getoption("markexpr") or ""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
        if item.get_closest_marker("full") and not FULL:
            item.add_marker(pytest.mark.skip(reason="long: make test-full"))
        if FULL and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(PATIENCE))
        if item.get_closest_marker("agents") and "agents" not in asked:
            item.add_marker(pytest.mark.skip(reason="genuine agents: make test-agents"))
