"""What may go with a message: few, small, of known kinds. And it stays with its message."""

import msgspec
import pytest
from hypothesis import example
from hypothesis import given as every
from hypothesis import strategies as some
from msgspec.structs import replace

from agentguid.decide import checks
from agentguid.hosts.frames import LARGEST_INPUT
from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.errors import Invalid, TooLarge
from agentguid.protocol.items import Attachment, Body
from tests.decide.given import CREATED, ID, after, ended, given, hosted, report, send, started

DIGEST = "ab" * 32
PICTURE = Attachment("a.png", "image/png", DIGEST, 24_000)
TEXT = Attachment("b.txt", "text/plain", DIGEST, 20)
BUSY = [CREATED, started("m1"), hosted()]
SAID = Body("m2", attached=(PICTURE, TEXT))
WAITS = e.MessageQueued(message="m2", body=SAID)


def attached(*files: Attachment, message: str = "m2", text: str = "m2") -> c.SendMessage:
    return c.SendMessage(conversation=ID, message=message, body=Body(text, attached=files))


def test_files_start_a_turn_with_their_message_or_wait_with_it() -> None:
    begun = started("m2")
    assert given([CREATED], attached(PICTURE, TEXT)) == [replace(begun, body=SAID)]
    assert given(BUSY, attached(PICTURE, TEXT)) == [WAITS]
    assert given([*BUSY, WAITS], report(ended("m1"))) == [ended("m1"), replace(begun, body=SAID)]


def test_a_picture_may_be_all_that_is_said() -> None:
    assert given(BUSY, attached(PICTURE, text="")) == [
        e.MessageQueued(message="m2", body=Body("", attached=(PICTURE,)))
    ]
    assert given(BUSY, attached(text=" ")) == "Invalid"


def test_other_words_keep_the_files() -> None:
    edit = c.EditMessage(conversation=ID, message="m2", body=Body("better"))
    assert given([*BUSY, WAITS], edit) == [e.MessageEdited(message="m2", body=replace(SAID, text="better"))]
    assert given([*BUSY, WAITS], replace(edit, body=Body("m2"))) == []
    assert given([*BUSY, WAITS], replace(edit, body=Body(""))) == [
        e.MessageEdited(message="m2", body=replace(SAID, text=""))
    ]


def test_a_message_is_steered_and_tried_again_with_its_files() -> None:
    history = [*BUSY, WAITS, e.MessageSteerRequested(message="m2", turn="tm1")]
    taken = report(e.MessageSteered(message="m2", turn="tm1"))
    assert given(history, taken) == [e.MessageSteered(message="m2", turn="tm1", body=SAID)]

    failed = [CREATED, replace(started("m2"), body=SAID), hosted(), ended("m2", "error", "No.")]
    again = c.RetryTurn(conversation=ID, turn="tm2", message="m3", body=SAID)
    [begun] = [one for one in given(failed, again) if isinstance(one, e.TurnStarted)]
    assert begun.body == SAID


def test_what_waits_keeps_its_files_in_a_snapshot() -> None:
    state = after(*BUSY, WAITS)

    assert msgspec.json.decode(msgspec.json.encode(state), type=type(state)).queue[0].body == SAID


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (replace(PICTURE, type="image/svg+xml"), Invalid),
        (replace(PICTURE, type="text/html"), Invalid),
        (replace(PICTURE, blob="../../etc/passwd"), Invalid),
        (replace(PICTURE, name=""), Invalid),
        (replace(PICTURE, name="a\nb"), Invalid),
        (replace(PICTURE, size=0), Invalid),
        (replace(PICTURE, size=checks.PICTURE + 1), TooLarge),
        (replace(TEXT, size=checks.DOCUMENT + 1), TooLarge),
    ],
)
def test_what_is_no_small_file_of_a_known_kind_is_refused(wrong: Attachment, kind: type[Invalid]) -> None:
    with pytest.raises(Invalid) as refused:
        checks.attached("attachments", [PICTURE, wrong])

    assert type(refused.value) is kind
    assert refused.value.field == "attachments"


files = some.builds(
    Attachment,
    name=some.just("a"),
    type=some.sampled_from(checks.TYPES),
    blob=some.just(DIGEST),
    size=some.integers(1, checks.PICTURE) | some.integers(1, checks.DOCUMENT),
)


@every(some.lists(files, max_size=checks.ATTACHED + 3))
@example([replace(PICTURE, size=checks.PICTURE)] * 2)
@example([replace(PICTURE, size=checks.PICTURE)] * 3)
@example([TEXT] * (checks.ATTACHED + 1))
def test_what_is_taken_fits_into_one_input_of_an_agent(given_files: list[Attachment]) -> None:
    """In base64, beside as long a text as a form takes with each of its characters escaped."""
    try:
        checks.attached("attachments", given_files)
    except TooLarge:
        total = sum(one.size for one in given_files)
        room = all(one.picture or one.size <= checks.DOCUMENT for one in given_files)
        assert not room or total > checks.TOGETHER or len(given_files) > checks.ATTACHED
        return
    encoded = sum(-(-one.size // 3) * 4 if one.picture else 6 * one.size for one in given_files)
    assert encoded + 6 * 1024 * 1024 + 100_000 < LARGEST_INPUT


def test_a_message_without_files_is_as_it_was() -> None:
    assert given([CREATED], send("m1")) == [started("m1")]
    assert msgspec.json.encode(Body("x")) == b'{"text":"x"}'
