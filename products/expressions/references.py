"""What expressions may refer to: one declaration a reference, for the parser, analysis and the help alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ReferenceKind:
    """A reference by its root's name.

    `segments` names what its first segments are; `alone` says that it may stand without segments in any text, `whole`
    that it may do so inside operators and conditions; `sensitive` that its values are to be masked.
    """

    name: str
    form: str
    text: str
    example: str
    segments: tuple[str, ...] = ()
    alone: bool = False
    whole: bool = False
    sensitive: bool = False


REFERENCES: Final[dict[str, ReferenceKind]] = {
    kind.name: kind
    for kind in (
        ReferenceKind(
            "Input",
            "$Input{field}…",
            "The run's input, checked. An optional field that was not given is null.",
            "$Input{user.email}",
            segments=("field",),
            whole=True,
        ),
        ReferenceKind(
            "Sequence",
            "$Sequence{sequence}{event}{key}…",
            "The result of an event that ran before.",
            "$Sequence{charge}{payment}{id}",
            segments=("sequence", "event"),
        ),
        ReferenceKind(
            "Step",
            "$Step{event}{key}…",
            "The same by the event's tag alone, where it is the only one of that name in the feature.",
            "$Step{payment}{id}",
            segments=("event",),
        ),
        ReferenceKind(
            "Item",
            "$Item{key}…",
            "Inside for_each, the element whose turn it is; `$Item` alone is the whole element.",
            "$Item{sku}",
            alone=True,
            whole=True,
        ),
        ReferenceKind(
            "Index",
            "$Index",
            "Inside for_each, the position of the element, from 0.",
            "row $Index",
            alone=True,
            whole=True,
        ),
        ReferenceKind(
            "Variable",
            "$Variable{access_tag}{key}",
            "A variable of a connected app in this environment.",
            "$Variable{stripe-us}{api_version}",
            segments=("access_tag", "key"),
        ),
        ReferenceKind(
            "Constant",
            "$Constant{app_tag}{key}",
            "A constant of a connected app.",
            "$Constant{stripe}{currency}",
            segments=("app_tag", "key"),
        ),
        ReferenceKind(
            "Auth",
            "$Auth{auth_tag}{place}{key}",
            "An app's current credentials; masked wherever they would be shown or stored.",
            "$Auth{shop-key}{headers}{Authorization}",
            segments=("auth_tag", "place", "key"),
            sensitive=True,
        ),
        ReferenceKind(
            "Secret",
            "$Secret{KEY}",
            "A secret of the workspace; masked wherever it would be shown or stored.",
            "$Secret{STRIPE_KEY}",
            segments=("key",),
            sensitive=True,
        ),
        ReferenceKind(
            "Session", "$Session{path}…", "The data of the verified session.", "$Session{user}{id}", whole=True
        ),
        ReferenceKind(
            "Response",
            "$Response{path}…",
            "In output mappings, the response that has just come.",
            "$Response{data}{id}",
            whole=True,
        ),
        ReferenceKind(
            "Event",
            "$Event{path}…",
            "In webhooks and broker triggers, the payload.",
            "$Event{data}{object}{amount}",
            whole=True,
        ),
        ReferenceKind(
            "Run",
            "$Run{id}",
            "About this run: id, environment, product, feature, release, trigger, started_at and parent. `attempt` is "
            "the number of the try: 1, and more in the input of a call that is tried again.",
            "$Run{environment}",
            whole=True,
        ),
        ReferenceKind(
            "Error",
            "$Error{message}",
            "In rollbacks and fallbacks, what went wrong: message, step, …",
            "$Error{message}",
            whole=True,
        ),
    )
}
