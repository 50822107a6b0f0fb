"""What the driver raises, as errors of connectors. A sentence of ours each; the server's own words only masked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bson.errors import BSONError, InvalidDocument
from pymongo import errors as mongo_errors

from processors.connectors import errors
from processors.connectors.dialled import dial_error
from processors.connectors.errors import ConnectorError
from processors.connectors.mongodb.clients import MongoClient
from processors.connectors.mongodb.values import ValueProblem
from products.lib.errors import Invalid
from products.lib.jsontypes import JsonObject, clean_text
from products.lib.redaction import Redactor

SAID: Final = 300
_Sentence = tuple[type[ConnectorError], str]
_REFUSED: Final = (errors.AuthFailed, "The database refuses the user or the password.")
# Codes of MongoDB's servers: src/mongo/base/error_codes.yml there.
_BY_CODE: Final[dict[int, _Sentence]] = {
    18: _REFUSED,
    8000: _REFUSED,
    11: _REFUSED,
    13: (errors.Misconfigured, "The database's user may not do this."),
    50: (errors.DeadlineExceeded, "The database stopped the operation: it took longer than it may."),
    202: (errors.DeadlineExceeded, "The database stopped the operation: it took longer than it may."),
    11000: (errors.InputRejected, "A document with this value of a unique index is there already."),
    11001: (errors.InputRejected, "A document with this value of a unique index is there already."),
    121: (errors.InputRejected, "The collection's rules refuse the document."),
    112: (errors.RemoteUnavailable, "Another operation changed the same documents at the same time."),
    26: (errors.RemoteRejected, "There is no such collection."),
    10334: (errors.InputRejected, "The document is larger than the database takes."),
}
_CHANGES_ONLY: Final = (errors.ConnectionLost, errors.DeadlineExceeded)


@contextmanager
def told(client: MongoClient, redactor: Redactor, *, changes: bool) -> Iterator[None]:
    """Inside, what the driver raises becomes a ConnectorError. `changes`: what is done inside may have been done."""
    try:
        yield
    except (Invalid, ValueProblem) as error:
        raise rejected(error) from None
    except mongo_errors.PyMongoError as error:
        raise _typed(error, client, redactor, changes=changes) from None
    except (BSONError, OverflowError, UnicodeEncodeError):
        raise errors.InputRejected("The input contains something that MongoDB cannot store.") from None
    except OSError:
        raise errors.ConnectionLost(outcome_unknown=changes) from None


def rejected(error: Invalid | ValueProblem) -> errors.InputRejected:
    """An operation or a value that cannot be sent; `errors` names the fields."""
    if isinstance(error, ValueProblem):
        return errors.InputRejected(str(error))
    found = [{"pointer": each.pointer, "code": each.code, "detail": each.detail} for each in error.errors]
    first = f"{found[0]['pointer']}: {found[0]['detail']}" if found else error.message
    field = found[0]["pointer"].lstrip("/") if found else ""
    return errors.InputRejected(first, details={"field": field, "errors": found})


def _typed(
    error: mongo_errors.PyMongoError, client: MongoClient, redactor: Redactor, *, changes: bool
) -> ConnectorError:
    if isinstance(error, mongo_errors.OperationFailure):
        return _refused(error, redactor, changes=changes)
    if isinstance(error, mongo_errors.WaitQueueTimeoutError):
        return errors.RemoteUnavailable("All connections to this database are in use.")
    if client.guard.refused is not None and isinstance(error, mongo_errors.AutoReconnect):
        return dial_error(client.guard.refused)
    if isinstance(error, mongo_errors.ServerSelectionTimeoutError):
        if _is_tls(error):
            return errors.TlsFailed()
        return errors.ConnectFailed("None of the database's servers could be reached, or none takes this operation.")
    if isinstance(error, (mongo_errors.NetworkTimeout, mongo_errors.ExecutionTimeout)):
        return errors.DeadlineExceeded("The database did not answer in time.", outcome_unknown=changes)
    if isinstance(error, mongo_errors.AutoReconnect):
        return errors.ConnectionLost(outcome_unknown=changes)
    if isinstance(error, (mongo_errors.DocumentTooLarge, mongo_errors.InvalidName, InvalidDocument)):
        return errors.InputRejected("The input contains something that MongoDB cannot store.")
    if isinstance(error, (mongo_errors.ConfigurationError, mongo_errors.InvalidOperation)):
        return errors.Misconfigured("The settings of this database do not fit its server.")
    return errors.NetworkFailed(outcome_unknown=changes)


def _refused(error: mongo_errors.OperationFailure, redactor: Redactor, *, changes: bool) -> ConnectorError:
    code, words = error.code or 0, _said(error)
    if isinstance(error, mongo_errors.BulkWriteError):
        found = (error.details or {}).get("writeErrors") or [{}]
        code, words = int(found[0].get("code") or 0), str(found[0].get("errmsg") or "")
    if error.timeout:
        code = 50
    kind, message = _BY_CODE.get(code, (errors.RemoteRejected, "The database refuses the operation."))
    details: JsonObject = {"status": code} if code else {}
    if kind not in {errors.AuthFailed, errors.DeadlineExceeded} and words:
        details["remote_message"] = redactor.text(clean_text(words))[:SAID]
    written = int((error.details or {}).get("nInserted") or 0) if isinstance(error, mongo_errors.BulkWriteError) else 0
    if written:
        message += f" {written} documents before it were inserted."
    return kind(message, details=details, outcome_unknown=changes and kind in _CHANGES_ONLY)


def _said(error: mongo_errors.OperationFailure) -> str:
    """The server's own words, without what the driver adds to them."""
    details = error.details or {}
    return str(details.get("errmsg") or "") if isinstance(details, dict) else ""


def _is_tls(error: mongo_errors.ServerSelectionTimeoutError) -> bool:
    words = str(error)[:2_000]
    return "SSL handshake failed" in words or "CERTIFICATE_VERIFY" in words
