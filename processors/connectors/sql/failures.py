"""What a database says went wrong, as an error of connectors: a sentence of ours, the server's own words masked."""

from __future__ import annotations

from typing import Final

from processors.connectors import errors
from processors.connectors.base import CallResult
from processors.connectors.errors import ConnectorError
from processors.connectors.sql.sessions import Failure
from products.lib.errors import Invalid
from products.lib.jsontypes import JsonObject, clean_text
from products.lib.redaction import Redactor

SAID_CHARS: Final = 300
_BY_KIND: Final[dict[str, tuple[type[ConnectorError], str]]] = {
    "auth": (errors.AuthFailed, "The database refuses the user or the password."),
    "missing_database": (errors.Misconfigured, "The server has no such database or schema."),
    "authority": (errors.Misconfigured, "The certificate authority is not a certificate in PEM."),
    "file": (errors.Misconfigured, "This is not the name of a database file."),
    "broken": (errors.Misconfigured, "The file is damaged, or is not an SQLite database."),
    "read_only": (errors.Misconfigured, "Nothing may be changed: the environment, or this type of action, only reads."),
    "no_read": (
        errors.Misconfigured,
        "Nothing may be changed: the environment, or this type of action, only reads. So a statement begins with "
        "SELECT, WITH, VALUES, TABLE, SHOW, EXPLAIN or DESCRIBE, and puts no rows INTO anything.",
    ),
    "denied": (errors.RemoteRejected, "The database does not allow this."),
    "constraint": (errors.InputRejected, "The database refuses the values: a constraint does not hold for them."),
    "value": (errors.InputRejected, "The database refuses a value: it does not fit its column or its operator."),
    "throttled": (errors.RemoteThrottled, "The database has no connection left."),
    "busy": (errors.RemoteUnavailable, "Another transaction was in the way, so nothing was changed. Try again."),
    "full": (errors.RemoteUnavailable, "The database has no space left, so nothing was changed."),
    "memory": (errors.RemoteRejected, "The statement needs more memory than SQLite may use here: let it read less."),
    "unavailable": (errors.RemoteUnavailable, "The database cannot answer now."),
    "timeout": (errors.DeadlineExceeded, "The statement took longer than it may; the database stopped it."),
    "deadline": (errors.DeadlineExceeded, "The database did not answer in time."),
    "connect": (errors.ConnectFailed, "No connection could be made to the database."),
    "lost": (errors.ConnectionLost, "The connection to the database was lost."),
    "tls": (errors.TlsFailed, "The database's TLS certificate could not be verified, or it has no TLS."),
    "ended": (errors.RemoteRejected, "The statement ended the transaction that it was run in."),
    "rejected": (errors.RemoteRejected, "The database refuses the statement."),
    "no_table": (errors.RemoteRejected, "There is no such table or column."),
    "no_count": (errors.RemoteRejected, "An action that counts has to give one row with one whole number."),
    "locked": (errors.RemoteUnavailable, "Other migrations of this database are under way."),
}  # fmt: skip
_FIELDS: Final = {"auth": "password", "missing_database": "database", "authority": "tls_ca", "file": "file"}


def connector_error(
    failure: Failure,
    redactor: Redactor,
    *,
    limit_s: float,
    statement: int = 0,
    outcome_unknown: bool = False,
    result: CallResult | None = None,
) -> ConnectorError:
    """`statement` counts from 1; 0 where no statement is to blame."""
    kind, sentence = _BY_KIND[failure.kind]
    details: JsonObject = {}
    if failure.message:
        details["remote_message"] = redactor.text(clean_text(failure.message))[:SAID_CHARS]
    if failure.sqlstate:
        details["sqlstate"] = failure.sqlstate
    if failure.constraint:
        details["constraint"] = redactor.text(clean_text(failure.constraint))
    if field := failure.field or _FIELDS.get(failure.kind, ""):
        details["field"] = redactor.text(clean_text(field))
    if place := failure.place:
        details |= {"line": place.line, "column": place.column}
        if redactor.text(clean_text(place.excerpt)) == place.excerpt:
            details["excerpt"] = place.excerpt
    if statement:
        details["statement"] = statement
    if kind is errors.DeadlineExceeded:
        details["limit_s"] = round(limit_s, 3)
    return kind(sentence, details=details, outcome_unknown=outcome_unknown, result=result)


def input_error(error: Invalid, *, result: CallResult | None = None) -> errors.InputRejected:
    """Values that do not fit an action's placeholders; `details.errors` names the fields, never their values."""
    found = [{"pointer": each.pointer, "code": each.code, "detail": each.detail} for each in error.errors]
    return errors.InputRejected(error.message, details={"errors": found}, result=result)
