"""What the doctor finds."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a finding is: as it should be, worth a look, or a reason why Ductape does not work."""

    WELL = "ok"
    NOTE = "note"
    BAD = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    name: str
    state: State
    words: str

    @property
    def is_failure(self) -> bool:
        """Whether Ductape cannot work like this."""
        return self.state is State.BAD

    def as_record(self) -> dict[str, str]:
        """For `--json`."""
        return {"name": self.name, "state": self.state.value, "words": self.words}
