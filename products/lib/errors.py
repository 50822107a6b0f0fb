"""The errors that services raise for people to read, in one tree; every door maps them once.

DomainError
├── NotFound          there is no such thing, or not for you (404)
├── Forbidden         it is there, but your role does not allow this (403)
├── Invalid           the input is wrong; `errors` names each field (400)
├── Conflict          it clashes with what is there (409)
├── TooLarge          over a limit (413)
├── TooMany           too often (429)
└── Unavailable       something we need is down; try again (503)
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that is wrong. `pointer` is an RFC 6901 JSON pointer into the input, "" for the whole of it.

    `caret`: of an expression, its line with carets below the place that is wrong.
    """

    pointer: str
    code: str
    detail: str
    caret: str = ""


class DomainError(Exception):
    """Base: `code` is stable and for machines, the message is for people."""

    status = 500
    code = "error"
    message = "Something went wrong."

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message or self.message)
        self.message = message or self.message
        self.code = code or self.code


class NotFound(DomainError):
    """There is no such thing here."""

    status = 404
    code = "not_found"
    message = "There is no such thing here."


class Forbidden(DomainError):
    """Your role does not allow this."""

    status = 403
    code = "forbidden"
    message = "Your role does not allow this."


class Invalid(DomainError):
    """The input is wrong."""

    status = 400
    code = "invalid"
    message = "The input is not right."

    def __init__(self, message: str = "", *, code: str = "", errors: tuple[FieldProblem, ...] = ()) -> None:
        super().__init__(message or (errors[0].detail if errors else ""), code=code)
        self.errors = errors

    @classmethod
    def field(cls, name: str, detail: str, *, code: str = "invalid") -> Invalid:
        """One wrong field, named without the leading slash."""
        return cls(errors=(FieldProblem(f"/{name}" if name else "", code, detail),))


class Conflict(DomainError):
    """It clashes with what is there."""

    status = 409
    code = "conflict"
    message = "That clashes with what is there."


class TooLarge(DomainError):
    """Over a limit."""

    status = 413
    code = "too_large"
    message = "That is too large."


class TooMany(DomainError):
    """Too often."""

    status = 429
    code = "too_many"
    message = "Too many requests; try again later."


class Unavailable(DomainError):
    """Something we need is down."""

    status = 503
    code = "unavailable"
    message = "Something we need is not available; try again."
