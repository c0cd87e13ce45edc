"""Devices that sign in and tokens that are made: each is given once and can be revoked."""

from typing import Literal, get_args

from msgspec import Struct

from agentguid.decide import checks
from agentguid.protocol.commands import Command, CreateToken, RevokeDevice, RevokeToken, SignInDevice
from agentguid.protocol.errors import NotFound, Refused
from agentguid.protocol.events import DeviceRevoked, DeviceSignedIn, Event, TokenCreated, TokenRevoked
from agentguid.protocol.items import Scope

SCOPES: tuple[str, ...] = get_args(Scope)


class Credential(Struct, frozen=True, omit_defaults=True):
    status: Literal["absent", "valid", "revoked"] = "absent"


initial = Credential()


def decide(command: Command, state: Credential) -> list[Event]:
    match command:
        case SignInDevice(device=id, name=name, hash=hash):
            _new("device", id, name, hash, state)
            return [DeviceSignedIn(name=name, hash=hash)]
        case CreateToken(token=id, name=name, hash=hash, scope=scope, expires=expires):
            _new("token", id, name, hash, state)
            checks.one_of("scope", scope, SCOPES)
            return [TokenCreated(name=name, hash=hash, scope=scope, expires=expires)]
        case RevokeDevice(device=id):
            return _revoke("device", id, DeviceRevoked(), state)
        case RevokeToken(token=id):
            return _revoke("token", id, TokenRevoked(), state)
    raise TypeError(command)


def _new(kind: str, key: str, name: str, digest: str, state: Credential) -> None:
    if state.status != "absent":
        raise Refused(f"The {kind} {key} exists already; take another id.")
    checks.identifier(kind, key)
    checks.line("name", name)
    checks.digest("hash", digest)


def _revoke(kind: str, key: str, event: Event, state: Credential) -> list[Event]:
    if state.status == "absent":
        raise NotFound(f"There is no {kind} {key}.")
    return [event] if state.status == "valid" else []


def evolve(state: Credential, event: Event) -> Credential:
    match event:
        case DeviceSignedIn() | TokenCreated():
            return Credential("valid")
        case DeviceRevoked() | TokenRevoked():
            return Credential("revoked")
    return state
