"""What the storage library raises, as errors of connectors, in words of ours.

Its texts hold URLs, headers and what the remote side answered. They are read here for a status, an error code from a
list and the kind of a broken connection, and go no further.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from obstore.exceptions import AlreadyExistsError, InvalidPathError, PermissionDeniedError, UnauthenticatedError

from processors.connectors import errors
from processors.connectors.errors import ConnectorError
from processors.connectors.storage.gateway import NOT_DIALLED, Way
from products.lib.http_errors import AddressRefused, ConnectFailed, NameNotFound

_STATUS: Final = re.compile(r"non-2xx status code: ([1-5]\d\d)\b")
_CODE: Final = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_KIND: Final = re.compile(r"HttpError \{\s*kind: ([A-Za-z]+)")
_FINAL: Final = re.compile(r"Error performing (?:POST [^ ]*[?&]uploadId=|PUT [^ ]*[?&]comp=blocklist)")
_REDIRECT: Final = re.compile(r"BareRedirect|redirect without LOCATION")  # the answer of S3 for another region
_CERTIFICATE: Final = re.compile(r"certificate|UnknownIssuer|NotValidForName|CaUsedAsEndEntity|InvalidMessage", re.I)

_NO_BUCKET: Final = frozenset({"NoSuchBucket", "ContainerNotFound", "InvalidBucketName", "ContainerBeingDeleted"})
_BAD_CREDENTIALS: Final = frozenset({
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthFailure", "ExpiredToken", "InvalidToken",
    "TokenRefreshRequired", "AuthenticationFailed", "InvalidAuthenticationInfo", "AuthenticationRequired",
    "InvalidClientTokenId", "NotSignedUp", "InvalidSecurity", "AuthorizationFailure",
})  # fmt: skip
_WRONG_REGION: Final = frozenset({"PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"})
_SLOW_DOWN: Final = frozenset({"SlowDown", "ServerBusy", "TooManyRequests", "RequestLimitExceeded", "Throttling"})
_DISPLACED: Final = frozenset({"InvalidBlockList", "InvalidBlobOrBlock"})  # Azure drops the parts of whoever is second
_CLOCK: Final = frozenset({"RequestTimeTooSkewed", "RequestExpired"})
_MAYBE_DONE: Final = frozenset({500, 502, 504})
_BUCKET_FIELD: Final = {"azure": "container"}
_KEY_FIELD: Final = {"s3": "secret_access_key", "gcs": "service_account_key", "azure": "access_key"}


@dataclass(slots=True)
class Effect:
    """Whether what a call changes may have been changed: `begun` is set before the request that does it is sent.

    `way` is what the request goes through, if through any: what was never connected did nothing.
    """

    begun: bool = False
    way: Way | None = None

    @property
    def possible(self) -> bool:
        """As far as anybody can know."""
        return self.begun and (self.way is None or self.way.reached)


@dataclass(frozen=True, slots=True)
class _Said:
    """What is read out of a text of the library; 0 and "" where it is not there."""

    status: int
    code: str
    kind: str
    certificate: bool

    @classmethod
    def of(cls, error: BaseException) -> _Said:
        text = str(error)
        if _REDIRECT.search(text):
            return cls(301, "", "", certificate=False)
        status, code, kind = _STATUS.search(text), _CODE.search(text), _KIND.search(text)
        return cls(
            int(status[1]) if status else 0,
            code[1] if code else "",
            kind[1] if kind else "",
            bool(kind and kind[1] == "Connect" and _CERTIFICATE.search(text)),
        )


def failure(error: Exception, *, provider: str, way: Way | None, effect: Effect | None = None) -> ConnectorError:
    """The typed error. `effect` is that of a call which changes something."""
    said = _Said.of(error)
    begun = effect is not None and effect.possible
    if way is not None and (said.status == NOT_DIALLED or (said.kind == "Connect" and way.failure is not None)):
        return _not_dialled(way)
    if isinstance(error, AlreadyExistsError):
        return errors.FileThere()
    if said.status:
        return _answered(said, provider, error, begun=begun)
    if isinstance(error, FileNotFoundError):
        return errors.FileMissing()
    if isinstance(error, InvalidPathError):
        return errors.MalformedResponse(
            "The storage holds a file whose key has empty parts, or “.” and “..” in it; these cannot be listed here."
        )
    return _broken(said, begun=begun)


def is_final(error: Exception) -> bool:
    """Whether the request that failed is the one which puts the uploaded pieces together."""
    return bool(_FINAL.search(str(error)))


def _not_dialled(way: Way) -> ConnectorError:
    details = {"host": way.host, "field": "endpoint"}
    match way.failure:
        case AddressRefused():
            return errors.AddressRefused(way.failure.message, details=dict(details))
        case NameNotFound():
            return errors.NameNotFound(details={"host": way.host})
        case ConnectFailed() | None:
            return errors.ConnectFailed(details={"host": way.host})
        case _:
            return errors.Misconfigured("The endpoint is not the name or the address of a host.", details=dict(details))


def _answered(said: _Said, provider: str, error: Exception, *, begun: bool) -> ConnectorError:
    bucket = _BUCKET_FIELD.get(provider, "bucket")
    details = {"status": said.status}
    if said.code in _NO_BUCKET:
        return errors.Misconfigured(f"There is no {bucket} of this name.", details={**details, "field": bucket})
    if said.code in _WRONG_REGION or said.status in {301, 307}:
        return errors.Misconfigured("The bucket is in another region.", details={**details, "field": "region"})
    if said.code in _DISPLACED:
        message = "Another file was saved under this key at the same moment."
        return errors.RemoteUnavailable(message, details=dict(details))
    if said.code in _CLOCK:
        return errors.PlatformFailed("The worker's clock differs too much from the storage's.")
    if said.code in _BAD_CREDENTIALS or said.status == 401 or isinstance(error, UnauthenticatedError):
        field = _KEY_FIELD.get(provider, "")
        return errors.AuthFailed("The storage refuses the credentials.", details={**details, "field": field})
    if isinstance(error, FileNotFoundError) or said.status == 404:
        return errors.FileMissing(details=dict(details))
    if said.status == 429 or said.code in _SLOW_DOWN:
        return errors.RemoteThrottled("The storage asks to slow down.", details=dict(details))
    if said.status >= 500 or said.status in {408, 425}:
        unknown = begun and said.status in _MAYBE_DONE
        message = f"The storage answered {said.status}."
        return errors.RemoteUnavailable(message, outcome_unknown=unknown, details=dict(details))
    if said.status == 403 or isinstance(error, PermissionDeniedError):
        return errors.RemoteRejected("The storage does not let these credentials do this.", details=dict(details))
    return errors.RemoteRejected(f"The storage answered {said.status}.", details=dict(details))


def _broken(said: _Said, *, begun: bool) -> ConnectorError:
    if said.certificate:
        return errors.TlsFailed()
    if said.kind == "Connect":
        return errors.ConnectFailed()
    if said.kind == "Timeout":
        return errors.DeadlineExceeded(outcome_unknown=begun)
    if said.kind == "Decode":
        return errors.MalformedResponse(outcome_unknown=begun)
    if said.kind:
        return errors.ConnectionLost(outcome_unknown=begun)
    return errors.RemoteFailed("The storage's answer could not be used.", outcome_unknown=begun)
