"""What holds for every history, however commands and facts come together."""

from collections import Counter
from functools import reduce
from typing import Any

import msgspec
from hypothesis import given as every
from hypothesis import strategies as some

from agentguid.decide.conversation import Conversation, decide, evolve, initial
from agentguid.decide.rules import CONVERSATION
from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.errors import AgentguidError
from agentguid.protocol.items import Body
from tests.decide.given import CREATED, ID, asked, ended, report, said, send

MESSAGES = [f"m{number}" for number in range(6)]
message = some.sampled_from(MESSAGES)
approval = some.sampled_from(["a1", "a2"])
host = some.sampled_from(["h1", "h2", "h3"])

fact = some.one_of(
    some.builds(ended, message, some.sampled_from(["complete", "error", "interrupted"])),
    some.builds(asked, approval, some.sampled_from([None, "tm0", "tm1"])),
    some.builds(said, some.sampled_from(["i1", "i2"])),
    some.builds(e.ApprovalWithdrawn, approval=approval, reason=some.just("r")),
    some.builds(e.HostEnded, host=host, code=some.sampled_from([None, 0, 1])),
    some.builds(e.SessionIdentified, host=host, session=some.sampled_from(["s1", "s2"])),
)
command = some.one_of(
    some.builds(send, message),
    some.builds(send, message),
    some.lists(fact, max_size=4).map(lambda facts: report(*facts)),
    some.lists(fact, max_size=4).map(lambda facts: report(*facts)),
    some.builds(
        c.EditMessage,
        conversation=some.just(ID),
        message=message,
        body=some.builds(Body, some.text(max_size=3)),
    ),
    some.builds(c.RemoveMessage, conversation=some.just(ID), message=message),
    some.builds(
        c.ReorderQueue, conversation=some.just(ID), order=some.lists(message, max_size=4, unique=True)
    ),
    some.builds(c.StopTurn, conversation=some.just(ID)),
    some.builds(c.RequestHost, conversation=some.just(ID), host=host),
    some.builds(
        c.DecideApproval, conversation=some.just(ID), approval=approval, decision=some.just("allow_once")
    ),
    some.builds(
        c.ConfigureConversation, conversation=some.just(ID), agent=some.sampled_from(["claude", "codex"])
    ),
    some.builds(c.MarkRead, conversation=some.just(ID), upto=some.integers(0, 50)),
    some.just(c.DeleteConversation(conversation=ID)),
)
commands = some.lists(command, max_size=40)


def run(given: list[c.ToConversation]) -> tuple[Conversation, list[e.Event]]:
    state = evolve(initial, CREATED)
    history: list[e.Event] = [CREATED]
    for one in given:
        try:
            events = decide(one, state)
        except AgentguidError:
            continue
        state, history = reduce(evolve, events, state), [*history, *events]
    return state, history


@every(commands)
def test_no_two_turns_are_ever_open(given: list[c.ToConversation]) -> None:
    open_turn: str | None = None
    for event in run(given)[1]:
        if isinstance(event, e.TurnStarted):
            assert open_turn is None
            open_turn = event.turn
        elif isinstance(event, e.TurnEnded):
            assert open_turn == event.turn
            open_turn = None


@every(commands)
def test_each_message_starts_at_most_one_turn_and_none_is_lost(given: list[c.ToConversation]) -> None:
    state, history = run(given)
    started = Counter(event.message for event in history if isinstance(event, e.TurnStarted))
    queued = {event.message for event in history if isinstance(event, e.MessageQueued)}
    removed = {event.message for event in history if isinstance(event, e.MessageRemoved)}
    waiting = [one.message for one in state.queue]

    assert set(started.values()) <= {1}
    assert len(set(waiting)) == len(waiting)
    if state.settings and not state.settings.deleted:
        assert queued == (queued & set(started)) ^ removed ^ set(waiting)
        assert state.turn or not waiting


@every(commands)
def test_messages_are_sent_in_the_order_of_the_queue(given: list[c.ToConversation]) -> None:
    """A model of the queue that knows nothing of the rules: its head is what starts."""
    model: list[str] = []
    for event in run(given)[1]:
        match event:
            case e.MessageQueued(message=one):
                model.append(one)
            case e.MessageRemoved(message=one):
                model.remove(one)
            case e.QueueReordered(order=order):
                assert sorted(order) == sorted(model)
                model = list(order)
            case e.TurnStarted(message=one):
                assert not model or model.pop(0) == one


@every(commands)
def test_no_two_hosts_are_ever_alive_and_every_answer_is_to_an_open_question(
    given: list[c.ToConversation],
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


@every(commands)
def test_the_same_command_again_is_nothing_or_refused_unless_it_is_a_report(
    given: list[c.ToConversation],
) -> None:
    state = evolve(initial, CREATED)
    for one in given:
        try:
            state = reduce(evolve, decide(one, state), state)
            again = decide(one, state)
        except AgentguidError:
            continue
        if not isinstance(one, c.Report):
            assert again == []


@every(commands)
def test_a_snapshot_brings_the_state_back(given: list[c.ToConversation]) -> None:
    state = run(given)[0]

    assert CONVERSATION.thaw(CONVERSATION.freeze(state)) == state
    assert CONVERSATION._replace(code=99).thaw(CONVERSATION.freeze(state)) is None


names = some.sampled_from(["m0", "tm0", "h1", "a1", "i1"])
anything = some.one_of(
    some.builds(e.Unreadable, redacted=some.booleans()),
    fact,
    *(
        some.builds(
            kind,
            **{
                name: names
                for name in kind.__struct_fields__
                if name in {"turn", "message", "host", "approval"}
            },
        )
        for kind in e.TYPES.values()
    ),
)


@every(some.lists(anything, max_size=30))
def test_evolve_takes_any_event_in_any_order(history: list[e.Event]) -> None:
    state: Any = initial
    for event in history:
        state = evolve(state, event)

    assert msgspec.json.decode(msgspec.json.encode(state), type=Conversation) == state
