"""The error codes of expressions: where a definition is saved, and where a run evaluates one."""

from __future__ import annotations

from typing import Final

from products.catalog.entries import ErrorCode

EXPRESSION_ERRORS: Final[tuple[ErrorCode, ...]] = (
    ErrorCode(
        "expression_syntax",
        "Cannot be read",
        "A bracket or quote is open, a comma is missing, or something stands where it cannot; carets mark the place.",
        fault="setup",
    ),
    ErrorCode(
        "expression_unknown",
        "Unknown name",
        "There is no such operator, reference, input field, event or key. A dollar sign that is meant as text is "
        "written twice.",
        fault="setup",
    ),
    ErrorCode(
        "expression_count", "Wrong number of arguments", "The operator takes fewer or more arguments.", fault="setup"
    ),
    ErrorCode(
        "expression_type",
        "Wrong type",
        "An argument is of another type than the operator takes; the message names the operator, the argument and what "
        "was given. $Number, $String and $ParseJson convert.",
        fault="setup",
    ),
    ErrorCode(
        "expression_absent",
        "Not there",
        "A key, element or reference is absent; the message names what is there. $Default gives another value instead.",
        fault="setup",
    ),
    ErrorCode(
        "expression_value",
        "Impossible value",
        "The type is right and the value is not: a division by zero, a date that does not exist, an index out of it.",
        fault="setup",
    ),
    ErrorCode(
        "expression_limit",
        "Over a limit of expressions",
        "At most 64 KiB of source, 64 levels of nesting, 4 MiB of result, and a bounded amount of work in one "
        "evaluation.",
        fault="setup",
    ),
)
