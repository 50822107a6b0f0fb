"""What a person may say has become of a migration, in words: each settles that one and runs nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from processors.views.database_answers import Applied


@dataclass(frozen=True, slots=True)
class Repair:
    """A button. `name` is retry, skip or forget; `title` asks, `text` says what happens."""

    name: str
    label: str
    title: str
    text: str
    strong: bool = False


_NOTHING: Final = "Nothing is run now."
_FORGET: Final = f"You have taken back by hand what it did. It is pending then. {_NOTHING}"
_GO_ON: Final = "It goes on with the statement that failed. Nothing else is"
_FAILED: Final = (
    Repair("retry", "Try again", "Go on with {}", f"{_GO_ON} run.", strong=True),
    Repair("skip", "Count as run", "Count {} as run", f"You have finished it by hand. {_NOTHING}"),
    Repair("forget", "Count as not run", "Count {} as not run", _FORGET),
)
_FAILED_DOWN: Final = (
    Repair("retry", "Try again", "Go on taking back {}", f"{_GO_ON} taken back.", strong=True),
    Repair("forget", "Count as taken back", "Count {} as taken back", _FORGET),
    Repair("skip", "Count as run", "Count {} as run", f"You have made by hand again what was taken back. {_NOTHING}"),
)
_DRIFTED: Final = (
    Repair("skip", "Count as run", "Count {} as run as it is now",
           f"What differs was done by hand, or makes no difference. {_NOTHING}"),
    Repair("forget", "Count as not run", "Count {} as not run", _FORGET),
)  # fmt: skip
_MISSING: Final = (
    Repair("forget", "Forget it", "Forget that {} was run",
           f"What it did stays there. The others can be rolled back then. {_NOTHING}"),
)  # fmt: skip
_BY_STATE: Final[dict[str, tuple[Repair, ...]]] = {
    "failed": _FAILED, "failed down": _FAILED_DOWN, "drifted": _DRIFTED, "missing": _MISSING,
}  # fmt: skip


def repairs_of(one: Applied | None) -> tuple[Repair, ...]:
    """Those of one as it stands in an environment; none where nothing is wrong with it."""
    if one is None:
        return ()
    state = "failed down" if (one.state, one.direction) == ("failed", "down") else one.state
    found = _BY_STATE.get(state, ())
    return tuple(replace(each, title=each.title.replace("{}", one.tag)) for each in found)
