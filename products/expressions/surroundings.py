"""What exists where an expression stands: filled by whoever knows the definition, read by analysis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from products.expressions.kinds import NUMBER, TEXT
from products.expressions.shapes import UNKNOWN, Shape, known, named

# What a run says of itself; `processors` gives just this.
RUN: Final[Shape] = known({
    **dict.fromkeys(("id", "environment", "product", "feature", "trigger", "started_at"), Shape(TEXT)),
    "attempt": Shape(NUMBER),
    "release": Shape(NUMBER).or_null(),  # of a run of the draft
    "parent": Shape(TEXT).or_null(),  # of a run that no other started
})
UNCOUNTED_RUN: Final[Shape] = named(("environment", "product"), Shape(TEXT))  # what there is of it before it begins

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`roots` says what each reference stands for here: one that is missing means nothing here.

    `reasons` says of paths that exist elsewhere why they mean nothing here, as the end of a sentence:
    `("Sequence", "tell", "mail"): "runs later"`.
    """

    roots: Mapping[str, Shape] = field(default_factory=dict)
    reasons: Mapping[Path, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Events:
    """Events of a feature as one place in it sees them: those that ran before with their results, and all others."""

    before: Mapping[str, Mapping[str, Shape]] = field(default_factory=dict)  # by sequence, then by event
    others: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (sequence, event): why not, as in `reasons`

    def roots(self) -> dict[str, Shape]:
        """`Sequence`, and `Step` for the tags that only one event of the feature has."""
        tags = self._tags()
        steps = {tag: shape for events in self.before.values() for tag, shape in events.items() if tags[tag] == 1}
        return {"Sequence": known({tag: known(events) for tag, events in self.before.items()}), "Step": known(steps)}

    def reasons(self) -> dict[Path, str]:
        """Why the others, and tags that are not unique, mean nothing here."""
        tags = self._tags()
        found: dict[Path, str] = {}
        for (sequence, event), reason in self.others.items():
            found["Sequence", sequence, event] = reason
            found.setdefault(("Sequence", sequence), reason)
            found["Step", event] = reason
        doubles = (tag for tag, times in tags.items() if times > 1)
        return found | {("Step", tag): "is the tag of several events: use $Sequence{…}{…}" for tag in doubles}

    def _tags(self) -> Counter[str]:
        return Counter([*(event for events in self.before.values() for event in events), *(e for _, e in self.others)])


def surroundings(
    *,
    inputs: Mapping[str, Shape] | None = None,
    events: Events | None = None,
    variables: Mapping[str, Iterable[str]] | None = None,
    constants: Mapping[str, Iterable[str]] | None = None,
    secrets: Iterable[str] | None = None,
    more: Mapping[str, Shape] | None = None,
    absent: Mapping[str, str] | None = None,
) -> Surroundings:
    """The usual case; what is None is not known and not checked. `$Run` is always there.

    `more` are the roots that this place has besides, such as `Item`, `Index`, `Session`, `Response`, `Event`, `Error`,
    `Auth`; `absent` says of others why they are not here, as the end of a sentence. An optional input's shape says
    `or_null()`.
    """
    roots: dict[str, Shape] = {"Run": RUN}
    roots["Input"] = UNKNOWN if inputs is None else known(inputs)
    roots["Secret"] = UNKNOWN if secrets is None else named(secrets, Shape(TEXT))
    for name, by_tag in (("Variable", variables), ("Constant", constants)):
        roots[name] = UNKNOWN if by_tag is None else known({tag: named(keys) for tag, keys in by_tag.items()})
    seen = events or Events()
    roots |= seen.roots() if events is not None else {"Sequence": UNKNOWN, "Step": UNKNOWN}
    reasons: dict[Path, str] = {(name,): why for name, why in (absent or {}).items()}
    return Surroundings({**roots, **(more or {})}, reasons | seen.reasons())
