"""Why a command ended: one sentence for people and an exit code for scripts."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the `ductape` command; 2 is argparse's own for a wrong use."""

    DONE = 0
    FAILED = 1
    ALREADY_RUNNING = 3
    PORT_TAKEN = 4
    NOT_WRITABLE = 5
    SERVER_UNUSABLE = 6
    NOT_CONFIGURED = 7


class CommandFailedError(Exception):
    """A command cannot go on; the text is one sentence for people."""

    def __init__(self, message: str, *, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code
