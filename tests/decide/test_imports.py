"""What an agent did elsewhere is taken in as it was; nothing is run for it, and nothing comes between a turn of ours."""

import pytest

from agentguid.decide import imports
from agentguid.decide.imports import Imports
from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.errors import AgentguidError, Invalid
from agentguid.protocol.items import Body
from tests.decide.given import CREATED, ID, after, ended, given, hosted, queued, said, send, started

PROMPT = e.TurnStarted(turn="tx1", message="x1", body=Body("hi"), agent="claude", cwd="/tmp/w", imported=True)
END = e.TurnEnded(turn="tx1", outcome="complete")
IMPORTED = e.ConversationImported(source="claude", session="s9")
TITLE = e.ConversationRenamed(title="As Claude calls it")


def history(*facts: e.Event) -> c.ImportHistory:
    return c.ImportHistory(
        conversation=ID, source="claude", session="s9", cwd="/tmp/w", title="", facts=list(facts)
    )


def test_a_session_without_a_conversation_gets_one() -> None:
    created = e.ConversationCreated(title="", agent="claude", cwd="/tmp/w")

    assert given([], history(PROMPT, said("i1", "tx1"), END)) == [
        created,
        PROMPT,
        said("i1", "tx1"),
        END,
        IMPORTED,
    ]


@pytest.mark.parametrize(
    ("before", "facts", "events"),
    [
        pytest.param([CREATED], [PROMPT, END], [PROMPT, END, IMPORTED], id="what came since"),
        pytest.param([CREATED], [], [IMPORTED], id="that the session is known"),
        pytest.param([CREATED, IMPORTED], [], [], id="nothing new"),
        pytest.param([CREATED], [PROMPT, TITLE], [PROMPT, TITLE, IMPORTED], id="its name"),
        pytest.param([CREATED, started("m1")], [PROMPT], "Refused", id="a turn is open"),
        pytest.param([CREATED, e.ConversationDeleted()], [PROMPT], "NotFound", id="deleted"),
        pytest.param([CREATED], [started("m1")], "Invalid", id="a prompt that would be run"),
        pytest.param([CREATED], [hosted()], "Invalid", id="what no history tells"),
        pytest.param([CREATED], [e.ConversationDeleted()], "Invalid", id="a command in disguise"),
    ],
)
def test_a_conversation_is_gone_on_with(
    before: list[e.Event], facts: list[e.Event], events: list[e.Event] | str
) -> None:
    assert given(before, history(*facts)) == events


def test_a_prompt_that_was_run_elsewhere_opens_no_turn() -> None:
    state = after(CREATED, PROMPT)

    assert state.turn is None
    (begun,) = given([CREATED, PROMPT], send("m2"))
    assert isinstance(begun, e.TurnStarted)
    assert not begun.imported


FAILED = [CREATED, started("m1"), queued("m2"), ended("m1", "error", "x")]
HELD = e.QueueHeld(turn="tm1")
AGAIN = e.RetryScheduled(turn="tm1", at=5, attempt=1, of=3, reason="account")


def test_what_is_held_back_stays_so_over_an_import_and_can_be_released() -> None:
    release = c.ReleaseQueue(conversation=ID)

    assert given([*FAILED, HELD, PROMPT, END, IMPORTED], release) == [e.QueueReleased(), started("m2")]


def test_what_is_to_be_tried_again_is_so_after_an_import() -> None:
    history = [*FAILED, AGAIN, PROMPT, END, IMPORTED]
    retry = c.RetryTurn(conversation=ID, turn="tm1", message="m9", body=Body("m1"))

    assert given(history, send("m3")) == [queued("m3")]
    assert given(history, c.CancelRetry(conversation=ID)) == [e.RetryCancelled(turn="tm1"), HELD]
    (begun,) = given(history, retry)
    assert isinstance(begun, e.TurnStarted)
    assert (begun.retries, begun.attempt) == ("tm1", 1)


def test_the_next_turn_goes_on_with_the_agents_own_session() -> None:
    (requested,) = given(
        [CREATED, PROMPT, END, IMPORTED, started("m2")], c.RequestHost(conversation=ID, host="h1")
    )

    assert isinstance(requested, e.HostRequested)
    assert requested.resume == "s9"


def test_a_session_that_the_agent_lost_is_not_resumed_again() -> None:
    history = [CREATED, IMPORTED, started("m1"), hosted(resume="s9"), e.SessionLost(host="h1", session="s9")]
    end = [e.HostEnded(host="h1"), ended("m1"), started("m2")]

    (requested,) = given([*history, *end], c.RequestHost(conversation=ID, host="h2"))

    assert isinstance(requested, e.HostRequested)
    assert requested.resume is None


def asked(state: Imports, command: c.Command) -> list[e.Event] | str:
    try:
        return imports.decide(command, state)
    except Invalid as invalid:
        return invalid.field
    except AgentguidError as error:
        return type(error).__name__


ASKED = e.ImportRequested(request="r1", sources=["codex"], sessions=[])


@pytest.mark.parametrize(
    ("state", "command", "events"),
    [
        (Imports(), c.RequestImport(request="r1", sources=["codex"], sessions=[]), [ASKED]),
        (Imports(("r1",)), c.RequestImport(request="r1", sources=["codex"], sessions=[]), []),
        (
            Imports(("r1",)),
            c.FinishImport(request="r1", sessions=3),
            [e.ImportFinished(request="r1", sessions=3)],
        ),
        (Imports(), c.FinishImport(request="r1", sessions=3), []),
        (Imports(), c.RequestImport(request="r/1", sources=[], sessions=[]), "request"),
        (Imports(), c.RequestImport(request="r1", sources=["../x"], sessions=[]), "sources"),
        (Imports(), c.RequestImport(request="r1", sources=[], sessions=["x\n"]), "ids"),
        (Imports(), c.RequestImport(request="r1", sources=[], sessions=["x"] * 10_001), "ids"),
        (
            Imports(tuple(f"r{n}" for n in range(100))),
            c.RequestImport(request="r", sources=[], sessions=[]),
            "Refused",
        ),
    ],
)
def test_requests(state: Imports, command: c.Command, events: list[e.Event] | str) -> None:
    assert asked(state, command) == events


def test_a_request_is_open_until_it_is_finished() -> None:
    state = imports.evolve(
        imports.evolve(Imports(), ASKED), e.ImportRequested(request="r2", sources=[], sessions=[])
    )

    assert state.open == ("r1", "r2")
    assert imports.evolve(state, e.ImportFinished(request="r1", sessions=0)).open == ("r2",)


def chosen(state: Imports, watch: str) -> Imports:
    for event in imports.decide(c.ChooseImportWatch(watch=watch), state):
        state = imports.evolve(state, event)
    return state


def test_what_comes_by_itself_is_chosen_once_and_forgets_no_request() -> None:
    state = Imports(open=("r1",))
    state = chosen(chosen(state, "all"), "off")
    assert state == Imports(open=("r1",), watch="off")
    assert imports.decide(c.ChooseImportWatch(watch="off"), state) == []

    for event in imports.decide(c.RequestImport(request="r2", sources=[], sessions=[]), state):
        state = imports.evolve(state, event)
    for event in imports.decide(c.FinishImport(request="r1", sessions=1), state):
        state = imports.evolve(state, event)
    assert state == Imports(open=("r2",), watch="off")

    with pytest.raises(Invalid):
        imports.decide(c.ChooseImportWatch(watch="some"), state)
