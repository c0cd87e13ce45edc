"""`agentguictl import --watch`: what comes by itself is chosen, and said."""

import pytest

from tests.support.ctl import Here


@pytest.mark.parametrize(
    ("given", "kept", "said"),
    [
        ("on", "all", "what agents do elsewhere on this machine comes by itself"),
        ("ours", "ours", "what is done elsewhere in conversations of agentguid comes by itself"),
        ("off", "off", "nothing comes by itself"),
    ],
)
def test_what_comes_by_itself_is_chosen(here: Here, given: str, kept: str, said: str) -> None:
    assert here("import", "--watch", given).stderr.startswith(said)

    assert here.daemon.api("GET", "/import")["watch"] == kept


def test_it_stands_alone(here: Here) -> None:
    before = here.daemon.api("GET", "/import")["watch"]

    done = here("import", "--watch", "on", "--source", "codex", code=2)

    assert "--watch stands alone" in done.stderr
    assert here.daemon.api("GET", "/import")["watch"] == before
