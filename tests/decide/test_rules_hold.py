"""What holds for every history, however commands and facts come together."""

from collections import Counter
from collections.abc import Callable
from functools import reduce
from typing import Any

import msgspec
from hypothesis import given as every
from hypothesis import strategies as some
from msgspec.structs import replace

from agentguid.decide.conversation import Conversation, decide, evolve, initial
from agentguid.decide.rules import CONVERSATION
from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.errors import AgentguidError
from agentguid.protocol.items import Body, Limit
from agentguid.protocol.names import TYPES
from tests.decide.given import CREATED, ID, asked, ended, report, said, send

MESSAGES = [f"m{number}" for number in range(8)]
message = some.sampled_from(MESSAGES)
approval = some.sampled_from(["a1", "a2"])
host = some.sampled_from(["h1", "h2", "h3"])
outcome = some.sampled_from(["complete", "error", "interrupted"])

fact = some.one_of(
    some.builds(ended, message, outcome),
    some.builds(asked, approval, some.sampled_from([None, "tm0", "tm1"])),
    some.builds(said, some.sampled_from(["i1", "i2"])),
    some.builds(e.ApprovalWithdrawn, approval=approval, reason=some.just("r")),
    some.builds(e.MessageSteered, message=message, turn=some.sampled_from(["tm0", "tm1"])),
    some.builds(e.HostEnded, host=host, code=some.sampled_from([None, 0, 1])),
    some.builds(e.SessionIdentified, host=host, session=some.sampled_from(["s1", "s2"])),
)
facts = some.lists(fact, max_size=4)

Step = Callable[[Conversation], c.ToConversation]
"""A command that may look at the state first, so that most commands mean something."""


def plain(strategy: some.SearchStrategy[Any]) -> some.SearchStrategy[Step]:
    return strategy.map(lambda command: lambda state: command)


def a_turn_ends(outcome: Any, before: list[e.Event], after: list[e.Event]) -> Step:
    def step(state: Conversation) -> c.ToConversation:
        end = [ended(state.turn.message, outcome)] if state.turn else []
        return report(*before, *end, *after)

    return step


def a_limit_is_met() -> Step:
    """At the end of the open turn."""

    def step(state: Conversation) -> c.ToConversation:
        end = [replace(ended(state.turn.message, "error"), limit=Limit("account"))] if state.turn else []
        return replace(report(*end), at=1, pauses=(1, 2))

    return step


def tried_again(message: str) -> Step:
    def step(state: Conversation) -> c.ToConversation:
        turn = state.failed.turn if state.failed else "tm0"
        return c.RetryTurn(conversation=ID, turn=turn, message=message, body=Body("again"))

    return step


def the_host_ends(code: int | None) -> Step:
    return lambda state: report(e.HostEnded(host=state.host.id if state.host else "h1", code=code))


def waiting(state: Conversation, place: int) -> str:
    return state.queue[place % len(state.queue)].message if state.queue else "m0"


def taken(place: int) -> Step:
    """The agent takes a message into its turn."""
    return lambda state: report(
        e.MessageSteered(message=waiting(state, place), turn=state.turn.id if state.turn else "tm0")
    )


def steered(place: int) -> Step:
    return lambda state: c.SteerMessage(conversation=ID, message=waiting(state, place))


def edited(place: int, text: str) -> Step:
    return lambda state: c.EditMessage(conversation=ID, message=waiting(state, place), body=Body(text))


def removed(place: int) -> Step:
    return lambda state: c.RemoveMessage(conversation=ID, message=waiting(state, place))


def reordered(shuffled: list[str]) -> Step:
    return lambda state: c.ReorderQueue(
        conversation=ID, order=sorted((one.message for one in state.queue), key=shuffled.index)
    )


sent = plain(some.builds(send, message))
step = some.one_of(
    sent,
    sent,
    sent,
    plain(
        some.builds(
            c.SendMessage,
            conversation=some.just(ID),
            message=message,
            body=some.just(Body("x")),
            steer=some.just(True),
        )
    ),
    plain(facts.map(lambda facts: report(*facts))),
    some.builds(taken, some.integers(0, 5)),
    some.builds(steered, some.integers(0, 5)),
    some.builds(a_turn_ends, outcome, facts, facts),
    some.builds(the_host_ends, some.sampled_from([None, 0, 1])),
    some.builds(edited, some.integers(0, 5), some.text(max_size=2)),
    some.builds(removed, some.integers(0, 5)),
    some.builds(reordered, some.permutations(MESSAGES)),
    plain(some.builds(c.ReorderQueue, conversation=some.just(ID), order=some.lists(message, max_size=3))),
    plain(some.just(c.StopTurn(conversation=ID))),
    plain(some.just(c.ReleaseQueue(conversation=ID))),
    plain(some.just(c.CancelRetry(conversation=ID))),
    some.builds(a_limit_is_met),
    some.builds(tried_again, some.sampled_from(["r1", "r2", "r3"])),
    plain(some.builds(c.RequestHost, conversation=some.just(ID), host=host)),
    plain(
        some.builds(
            c.DecideApproval, conversation=some.just(ID), approval=approval, decision=some.just("allow_once")
        )
    ),
    plain(
        some.builds(
            c.ConfigureConversation, conversation=some.just(ID), agent=some.sampled_from(["claude", "codex"])
        )
    ),
    plain(some.builds(c.MarkRead, conversation=some.just(ID), upto=some.integers(0, 50))),
)
deleted = plain(some.just(c.DeleteConversation(conversation=ID)))
steps = some.builds(
    lambda before, end, after: [*before, *end, *after],
    some.lists(step, min_size=10, max_size=40),
    some.lists(deleted, max_size=1),
    some.lists(step, max_size=5),
)


def run(given: list[Step]) -> tuple[Conversation, list[e.Event]]:
    state = evolve(initial, CREATED)
    history: list[e.Event] = [CREATED]
    for one in given:
        try:
            events = decide(one(state), state)
        except AgentguidError:
            continue
        state, history = reduce(evolve, events, state), [*history, *events]
    return state, history


@every(steps)
def test_no_two_turns_are_ever_open(given: list[Step]) -> None:
    open_turn: str | None = None
    for event in run(given)[1]:
        if isinstance(event, e.TurnStarted):
            assert open_turn is None
            open_turn = event.turn
        elif isinstance(event, e.TurnEnded):
            assert open_turn == event.turn
            open_turn = None


@every(steps)
def test_each_message_starts_at_most_one_turn_and_none_is_lost(given: list[Step]) -> None:
    state, history = run(given)
    started = Counter(event.message for event in history if isinstance(event, e.TurnStarted))
    queued = {event.message for event in history if isinstance(event, e.MessageQueued)}
    removed = {event.message for event in history if isinstance(event, e.MessageRemoved)}
    removed |= {event.message for event in history if isinstance(event, e.MessageSteered)}
    waiting = [one.message for one in state.queue]

    assert set(started.values()) <= {1}
    assert len(set(waiting)) == len(waiting)
    if state.settings and not state.settings.deleted:
        assert queued == (queued & set(started)) ^ removed ^ set(waiting)
        assert state.turn or state.held or state.retry or not waiting


@every(steps)
def test_messages_are_sent_in_the_order_of_the_queue(given: list[Step]) -> None:
    """A model of the queue that knows nothing of the rules: its head is what starts, unless a failed turn held the
    queue back and a new message was sent."""
    model: list[str] = []
    held = False
    for event in run(given)[1]:
        match event:
            case e.MessageQueued(message=one):
                model.append(one)
            case e.MessageRemoved(message=one) | e.MessageSteered(message=one):
                model.remove(one)
            case e.QueueReordered(order=order):
                assert sorted(order) == sorted(model)
                model = list(order)
            case e.QueueHeld():
                assert model
                held = True
            case e.TurnStarted(message=one, retries=retried):
                assert one not in model[1:]
                if one in model[:1]:
                    model.pop(0)
                else:
                    assert held or retried or not model
                held = False


@every(steps)
def test_no_two_hosts_are_ever_alive_and_every_answer_is_to_an_open_question(
    given: list[Step],
) -> None:
    alive: str | None = None
    pending: set[str] = set()
    for event in run(given)[1]:
        match event:
            case e.HostRequested(host=one):
                assert alive is None
                alive = one
            case e.HostEnded(host=one):
                assert alive == one
                alive = None
            case e.ApprovalRequested(approval=one):
                assert one not in pending
                pending.add(one)
            case e.ApprovalDecided(approval=one) | e.ApprovalWithdrawn(approval=one):
                pending.remove(one)


@every(steps)
def test_the_same_command_again_is_nothing_or_refused_unless_it_is_a_report(
    given: list[Step],
) -> None:
    state = evolve(initial, CREATED)
    for one in given:
        command = one(state)
        try:
            state = reduce(evolve, decide(command, state), state)
            again = decide(command, state)
        except AgentguidError:
            continue
        if not isinstance(command, c.Report):
            assert again == []


@every(steps)
def test_a_snapshot_brings_the_state_back(given: list[Step]) -> None:
    state = run(given)[0]

    assert CONVERSATION.thaw(CONVERSATION.freeze(state)) == state
    assert CONVERSATION._replace(code=99).thaw(CONVERSATION.freeze(state)) is None


ids = some.sampled_from(["m0", "tm0", "h1", "a1", "i1"])
anything = some.one_of(
    some.builds(e.Unreadable, redacted=some.booleans()),
    fact,
    *(
        some.builds(
            kind,
            **{
                name: ids
                for name in kind.__struct_fields__
                if name in {"turn", "message", "host", "approval"}
            },
        )
        for kind in TYPES.values()
    ),
)


@every(some.lists(anything, max_size=30))
def test_evolve_takes_any_event_in_any_order(history: list[e.Event]) -> None:
    state: Any = initial
    for event in history:
        state = evolve(state, event)

    assert msgspec.json.decode(msgspec.json.encode(state), type=Conversation) == state
