"""What can go wrong around the embedded servers, each with one sentence for people."""


class EmbeddedError(Exception):
    """A server or its folder cannot be used; the text is one sentence for people."""


class FolderNotWritableError(EmbeddedError):
    """The data folder cannot be written to."""


class AlreadyRunningError(EmbeddedError):
    """Another process holds the data folder; `address` is where it answers, when it has said so."""

    def __init__(self, message: str, *, address: str | None = None) -> None:
        super().__init__(message)
        self.address = address
