"""The shapes of what a kind of resource declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from products.lib.actions import Parameter
from products.lib.jsontypes import Json

SettingType = Literal["string", "text", "integer", "boolean", "choice"]
Effect = Literal["reads", "changes"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One field that an environment's configuration has. `secret` ones are sealed and never given back.

    `minimum` and `maximum` are the value's of an integer and the length's of a text.
    """

    name: str
    title: str
    type: SettingType = "string"
    help: str = ""
    required: bool = False
    secret: bool = False
    default: Json = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """One system that a kind of resource can be kept in."""

    name: str
    title: str
    icon: str
    summary: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be done with a resource. `input` are the fields of a call; `result` says in words what it gives.

    `inner` ones serve the dashboard (explorer, test of the connection) and are not for features.
    """

    name: str
    title: str
    summary: str
    effect: Effect
    input: tuple[Parameter, ...] = ()
    result: str = ""
    inner: bool = False


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """A kind of resource. `event_type` is the type of events in features that use it.

    `settings` are every provider's; `shared` are fields of the resource itself, the same in all environments.
    `defined` where a resource's operations are made by the team (database actions) and not by the kind.
    """

    name: str
    title: str
    plural: str
    icon: str
    event_type: str
    summary: str
    text: tuple[str, ...]
    providers: tuple[Provider, ...]
    operations: tuple[Operation, ...]
    settings: tuple[Setting, ...] = ()
    shared: tuple[Setting, ...] = ()
    defined: bool = False

    def provider(self, name: str) -> Provider | None:
        """By its name."""
        return next((each for each in self.providers if each.name == name), None)

    def operation(self, name: str) -> Operation | None:
        """By its name."""
        return next((each for each in self.operations if each.name == name), None)

    def settings_of(self, provider: str) -> tuple[Setting, ...]:
        """Those of the provider, then those of all."""
        found = self.provider(provider)
        return (*(found.settings if found else ()), *self.settings)
