"""Sign-ins that wait: each state once, for ten minutes, and not too many."""

from agentguid.signin.oauth import Client, challenge
from agentguid.signin.starts import LIFETIME, OUTSTANDING, Start, Starts
from tests.support.provider import query

CLIENT = Client("id", "secret", "https://h.example/auth?x=1", "https://h.example/token", "")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def begun(starts: Starts) -> tuple[Start, str]:
    start = starts.begin(CLIENT, ("a", "b"), "http://localhost/", "cli-local", "test")
    return start, query(start.url)["state"]


def test_a_state_holds_ten_minutes_and_once() -> None:
    clock = Clock()
    starts = Starts(clock)
    (one, state), (late, its_state) = begun(starts), begun(starts)
    clock.now = LIFETIME - 1
    assert starts.take(state) is one
    assert starts.take(state) is None
    clock.now = LIFETIME
    assert starts.take(its_state) is None
    assert starts.get(late.id) is late
    assert late.outcome == "error"
    assert "10 minutes" in late.error
    assert starts.latest() is None


def test_the_oldest_makes_room() -> None:
    starts = Starts(Clock())
    first, state = begun(starts)
    others = [begun(starts)[0] for _ in range(OUTSTANDING)]
    assert starts.take(state) is None
    assert first.outcome == "error"
    assert starts.latest() is others[-1]


def test_what_became_of_them_is_kept_within_bounds_and_without_secrets() -> None:
    starts = Starts(Clock())
    for _ in range(100):
        start, state = begun(starts)
        taken = starts.take(state)
        assert taken
        starts.settle(taken)
    assert (start.outcome, start.verifier) == ("success", "")
    assert "secret" not in repr(start)
    assert state not in repr(start)


def test_one_can_be_cancelled() -> None:
    starts = Starts(Clock())
    start, state = begun(starts)
    assert starts.cancel(start.id)
    assert not starts.cancel(start.id)
    assert starts.take(state) is None


def test_the_challenge_is_that_of_the_rfc() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
