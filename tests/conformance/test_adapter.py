"""The suite, for every adapter."""

from tests.conformance.adapter import *  # noqa: F403
