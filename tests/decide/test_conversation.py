"""Given what has happened, a command gives these facts: the table of the rules for a conversation's settings."""

from typing import Any

import pytest
from msgspec.structs import replace

from agentguid.decide.conversation import decide
from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.errors import Invalid
from agentguid.protocol.items import Body
from tests.decide.given import (
    CREATED,
    ID,
    after,
    asked,
    ended,
    given,
    queued,
    report,
    said,
    send,
    started,
    withdrawn,
)

CREATE = c.CreateConversation(
    conversation=ID, title="Work", agent="claude", cwd="/tmp/w", model="big", mode="plan"
)
DELETED = e.ConversationDeleted()


def configured(**fields: Any) -> e.ConversationConfigured:
    return e.ConversationConfigured(**fields)


def configure(**fields: Any) -> c.ConfigureConversation:
    return c.ConfigureConversation(conversation=ID, **fields)


EFFORT = configured(options={"effort": "high"})


@pytest.mark.parametrize(
    ("history", "command", "expected"),
    [
        ([], CREATE, [CREATED]),
        ([], replace(CREATE, title=" a\n  b "), [replace(CREATED, title="a b")]),
        ([], replace(CREATE, title="", model=""), [replace(CREATED, title="", model=None)]),
        ([CREATED], CREATE, "Refused"),
        ([CREATED, DELETED], CREATE, "Refused"),
        (
            [CREATED],
            c.RenameConversation(conversation=ID, title=" New "),
            [e.ConversationRenamed(title="New")],
        ),
        ([CREATED], c.RenameConversation(conversation=ID, title="Work"), []),
        ([CREATED], configure(), []),
        ([CREATED], configure(agent="claude", model="big", mode="plan"), []),
        ([CREATED], configure(mode="ask"), [configured(mode="ask")]),
        ([CREATED], configure(model="small", mode="plan"), [configured(model="small")]),
        ([CREATED], configure(model=""), [configured(model="")]),
        ([CREATED, configured(model="")], configure(model=""), []),
        ([CREATED], configure(agent="codex"), [configured(agent="codex", model="")]),
        ([CREATED], configure(options={"effort": "high"}), [configured(options={"effort": "high"})]),
        ([CREATED], configure(options={"effort": ""}), []),
        ([CREATED, EFFORT], configure(options={"effort": "high"}), []),
        (
            [CREATED, EFFORT],
            configure(options={"fast": "on"}),
            [configured(options={"effort": "high", "fast": "on"})],
        ),
        ([CREATED, EFFORT], configure(options={"effort": ""}), [configured(options={})]),
        ([CREATED, EFFORT], configure(model=""), [configured(model="")]),
        ([CREATED, EFFORT], configure(agent="codex"), [configured(agent="codex", model="", options={})]),
        ([CREATED], configure(agent="codex", model="o9"), [configured(agent="codex", model="o9")]),
        ([CREATED], c.ArchiveConversation(conversation=ID), [e.ConversationArchived()]),
        ([CREATED, e.ConversationArchived()], c.ArchiveConversation(conversation=ID), []),
        (
            [CREATED, e.ConversationArchived()],
            c.ArchiveConversation(conversation=ID, archived=False),
            [e.ConversationUnarchived()],
        ),
        ([CREATED], c.ArchiveConversation(conversation=ID, archived=False), []),
        ([CREATED], c.PinConversation(conversation=ID), [e.ConversationPinned()]),
        ([CREATED, e.ConversationPinned()], c.PinConversation(conversation=ID), []),
        (
            [CREATED, e.ConversationPinned()],
            c.PinConversation(conversation=ID, pinned=False),
            [e.ConversationUnpinned()],
        ),
        ([CREATED], c.DeleteConversation(conversation=ID), [DELETED]),
        ([CREATED, DELETED], c.DeleteConversation(conversation=ID), "NotFound"),
        ([CREATED], c.DeleteConversation(conversation=ID, now=True), [e.ConversationDeleted(now=True)]),
        (
            [CREATED, DELETED],
            c.DeleteConversation(conversation=ID, now=True),
            [e.ConversationDeleted(now=True)],
        ),
        ([], c.DeleteConversation(conversation=ID, now=True), "NotFound"),
        (
            [CREATED, started("m1"), asked("a1"), asked("a2", None)],
            c.DeleteConversation(conversation=ID),
            [
                e.TurnStopRequested(turn="tm1"),
                withdrawn("a1", "the conversation was deleted"),
                withdrawn("a2", "the conversation was deleted"),
                DELETED,
            ],
        ),
        (
            [CREATED, started("m1"), e.TurnStopRequested(turn="tm1")],
            c.DeleteConversation(conversation=ID),
            [DELETED],
        ),
    ],
)
def test_settings(history: list[e.Event], command: c.ToConversation, expected: object) -> None:
    assert given(history, command) == expected


@pytest.mark.parametrize("history", [[], [CREATED, DELETED]])
@pytest.mark.parametrize(
    "command",
    [
        c.RenameConversation(conversation=ID, title="x"),
        configure(mode="ask"),
        c.ArchiveConversation(conversation=ID),
        c.PinConversation(conversation=ID),
        c.MarkRead(conversation=ID, upto=1),
        c.DeleteConversation(conversation=ID),
        send("m1"),
        c.EditMessage(conversation=ID, message="m1", body=Body("x")),
        c.RemoveMessage(conversation=ID, message="m1"),
        c.ReorderQueue(conversation=ID, order=[]),
        c.StopTurn(conversation=ID),
        c.DecideApproval(conversation=ID, approval="a1", decision="allow_once"),
        c.RequestHost(conversation=ID, host="h1"),
    ],
)
def test_nothing_is_found_that_was_never_made_or_is_deleted(
    history: list[e.Event], command: c.ToConversation
) -> None:
    assert given(history, command) == "NotFound"


def test_a_report_is_for_a_conversation_that_was_once_made() -> None:
    assert given([], report(said("i1"))) == "NotFound"


def test_the_agents_facts_are_kept_after_deletion_and_nothing_new_begins() -> None:
    history = [CREATED, started("m1"), queued("m2"), e.TurnStopRequested(turn="tm1"), DELETED]

    assert given(history, report(said("i1"), asked("a1"), ended("m1", "interrupted"))) == [
        said("i1"),
        asked("a1"),
        ended("m1", "interrupted"),
        withdrawn("a1", "the turn ended"),
    ]
    assert given(history, report(asked("a1"))) == [
        asked("a1"),
        withdrawn("a1", "the conversation was deleted"),
    ]


def test_reading_goes_forward_and_no_more_often_than_there_is_something_to_read() -> None:
    read = c.MarkRead(conversation=ID, upto=7)
    seen = e.ConversationRead(upto=7)

    assert given([CREATED], read) == []
    assert given([CREATED, started("m1")], read) == [seen]
    assert given([CREATED, started("m1"), seen], replace(read, upto=9)) == []
    assert given([CREATED, started("m1"), seen, said("i1")], read) == []
    assert given([CREATED, started("m1"), seen, said("i1")], replace(read, upto=8)) == [
        e.ConversationRead(upto=8)
    ]


def test_a_page_that_was_behind_may_say_later_that_it_has_caught_up() -> None:
    """Two items came before the page had said that it had read the first."""
    history = [CREATED, said("i1"), said("i2"), e.ConversationRead(upto=2)]

    assert given(history, c.MarkRead(conversation=ID, upto=3)) == [e.ConversationRead(upto=3)]


@pytest.mark.parametrize(
    ("history", "command", "field"),
    [
        ([], replace(CREATE, conversation="a b"), "conversation"),
        ([], replace(CREATE, title="x" * 201), "title"),
        ([], replace(CREATE, title="a\0b"), "title"),
        ([], replace(CREATE, title="\ud800"), "title"),
        ([], replace(CREATE, agent=""), "agent"),
        ([], replace(CREATE, cwd="relative"), "cwd"),
        ([], replace(CREATE, cwd="/a\0"), "cwd"),
        ([], replace(CREATE, model="m" * 201), "model"),
        ([], replace(CREATE, mode="yolo"), "mode"),
        ([CREATED], c.RenameConversation(conversation=ID, title=" \n"), "title"),
        ([CREATED], c.RenameConversation(conversation=ID, title="x" * 201), "title"),
        ([CREATED], configure(agent="../x"), "agent"),
        ([CREATED], configure(options={"a\n": "b"}), "options"),
        ([CREATED], configure(options={"a": "b" * 201}), "options"),
        ([CREATED], configure(options={f"{n}": "b" for n in range(33)}), "options"),
        (
            [CREATED, configured(options={f"{n}": "b" for n in range(32)})],
            configure(options={"a": "b"}),
            "options",
        ),
        ([CREATED], configure(mode="yolo"), "mode"),
        ([CREATED], c.MarkRead(conversation=ID, upto=-1), "upto"),
        ([CREATED], c.SendMessage(conversation=ID, message="m1", body=Body(" \n\t")), "body"),
        ([CREATED], c.SendMessage(conversation=ID, message="m1", body=Body("\udfff")), "body"),
        ([CREATED], c.SendMessage(conversation=ID, message="m/1", body=Body("x")), "message"),
        (
            [CREATED, started("m1"), queued("m2")],
            c.EditMessage(conversation=ID, message="m2", body=Body("")),
            "body",
        ),
        ([CREATED, started("m1")], c.RequestHost(conversation=ID, host="a/b"), "host"),
        (
            [CREATED, started("m1"), asked("a1")],
            c.DecideApproval(conversation=ID, approval="a1", decision="maybe"),  # type: ignore[arg-type]
            "decision",
        ),
    ],
)
def test_a_field_that_is_wrong_is_named(
    history: list[e.Event], command: c.ToConversation, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        decide(command, after(*history))

    assert refused.value.field == field


def test_a_title_may_be_as_long_as_200_characters_and_hold_any_script() -> None:
    for title in ("x" * 200, "Grüße 👩‍💻 你好"):
        assert given([], replace(CREATE, title=title)) == [replace(CREATED, title=title)]
