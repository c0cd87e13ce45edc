"""A device or token is given once, and revoking it again changes nothing."""

import pytest

from agentguid.decide import credential
from agentguid.decide.rules import rules_of
from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.errors import AgentguidError, Invalid

HASH = "0a" * 32
SIGN_IN = c.SignInDevice(device="d1", name="Phone", hash=HASH)
TOKEN = c.CreateToken(token="k1", name="CI", hash=HASH, scope="write", expires=5)
SIGNED_IN = e.DeviceSignedIn(name="Phone", hash=HASH)
MADE = e.TokenCreated(name="CI", hash=HASH, scope="write", expires=5)


@pytest.mark.parametrize(
    ("history", "command", "expected"),
    [
        ([], SIGN_IN, [SIGNED_IN]),
        ([SIGNED_IN], SIGN_IN, "Refused"),
        ([SIGNED_IN, e.DeviceRevoked()], SIGN_IN, "Refused"),
        ([], c.RevokeDevice(device="d1"), "NotFound"),
        ([SIGNED_IN], c.RevokeDevice(device="d1"), [e.DeviceRevoked()]),
        ([SIGNED_IN, e.DeviceRevoked()], c.RevokeDevice(device="d1"), []),
        ([], TOKEN, [MADE]),
        ([MADE], TOKEN, "Refused"),
        ([], c.RevokeToken(token="k1"), "NotFound"),
        ([MADE], c.RevokeToken(token="k1"), [e.TokenRevoked()]),
        ([MADE, e.TokenRevoked()], c.RevokeToken(token="k1"), []),
    ],
)
def test_credentials(history: list[e.Event], command: c.Command, expected: object) -> None:
    state = credential.initial
    for event in history:
        state = credential.evolve(state, event)
    try:
        found: object = credential.decide(command, state)
    except AgentguidError as error:
        found = type(error).__name__

    assert found == expected


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (c.SignInDevice(device="d/1", name="Phone", hash=HASH), "device"),
        (c.SignInDevice(device="d1", name=" ", hash=HASH), "name"),
        (c.SignInDevice(device="d1", name="Phone", hash="secret"), "hash"),
        (c.CreateToken(token="k1", name="x" * 201, hash=HASH, scope="read"), "name"),
        (c.CreateToken(token="k1", name="CI", hash=HASH, scope="root"), "scope"),  # type: ignore[arg-type]
    ],
)
def test_a_field_that_is_wrong_is_named(command: c.Command, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        credential.decide(command, credential.initial)

    assert refused.value.field == field


KINDS = [kind for kind in vars(c).values() if isinstance(kind, type) and issubclass(kind, c.Command)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (c.Command, c.ToConversation)])
def test_every_command_has_a_stream_and_rules(kind: type[c.Command]) -> None:
    """A command that was added to the vocabulary and not to the table would be found only when it is given."""
    stream, rules = rules_of(kind(**dict.fromkeys(kind.__struct_fields__, "x")))

    assert stream in {"conversation-x", "device-x", "token-x", "import"}
    assert rules.freeze(rules.initial)
