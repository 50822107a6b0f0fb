"""Stores of the storage library, built of a place's settings and of nothing else.

The library would also read the process's environment: keys, endpoints and roles of whoever operates the site. Each of
them is overruled here; with one that cannot be, nothing is built.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store
from yarl import URL

from processors.connectors.errors import Misconfigured, PlatformFailed
from processors.connectors.resources import ResourcePlace
from processors.connectors.served import STORAGE, exactly
from processors.connectors.storage.keys import KeyRefused, checked_folder, checked_key
from processors.connectors.storage.links import Link, azure_link, google_link
from products.lib.http_errors import UrlRefused
from products.lib.jsontypes import Json, JsonError, JsonObject, parse_json
from products.lib.safe_http import USER_AGENT
from products.lib.safe_urls import parse_url

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

Client = S3Store | GCSStore | AzureStore
Settings = Mapping[str, Json]
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,221}")
# The engine tries again, and tells; these are for one request among hundreds that met a busy server.
_RETRIES: Final[RetryConfig] = {
    "max_retries": 2,
    "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=2), "base": 2},
    "retry_timeout": timedelta(seconds=30),
}
# What the environment would add and no setting of ours takes back.
_OVERRULING: Final = frozenset({
    "AWS_SERVER_SIDE_ENCRYPTION", "AWS_SSE_KMS_KEY_ID", "AWS_SSE_BUCKET_KEY_ENABLED", "AWS_SSE_CUSTOMER_KEY_BASE64",
    "AWS_CHECKSUM_ALGORITHM", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH", "GOOGLE_BEARER_TOKEN",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """How a store is built once its way out is known. `folder` is the place's own, "" for all of the bucket.

    `link` signs URLs where the library does it wrong for keys that are not plain (object_store 0.14).
    """

    endpoint: URL
    bucket: str
    folder: str
    make: Callable[[ClientConfig], Client]
    link: Link | None = None

    def built(self, proxy_url: str, certificates: str) -> Client:
        """Raises Misconfigured, PlatformFailed."""
        found = sorted(name for name in os.environ if name.upper() in _OVERRULING)
        if found:
            raise PlatformFailed(
                f"The worker's own environment holds {found[0]}, which would be used for this storage too. "
                "Whoever operates the site has to take it away."
            )
        options: ClientConfig = {
            "proxy_url": proxy_url,
            "allow_http": self.endpoint.scheme == "http",
            "connect_timeout": timedelta(seconds=12),
            "timeout": timedelta(days=1),  # of a whole answer; calls have deadlines of their own
            "user_agent": USER_AGENT,
        }
        if certificates:
            options["root_certificate"] = certificates
        try:
            return self.make(options)
        except (BaseError, ValueError, TypeError):
            raise Misconfigured("The storage's settings do not fit together.") from None


def plan(place: ResourcePlace) -> Plan:
    """Raises Misconfigured naming the setting."""
    try:
        folder = checked_folder(place.settings.get("prefix") or "")
    except KeyRefused as error:
        raise _wrong("prefix", str(error)) from None
    try:
        return _PLANS[place.provider](place.settings, folder)
    except KeyError:
        raise _wrong("provider", "There is no such provider of storages.") from None


def local_folder(place: ResourcePlace) -> tuple[str, ...]:
    """The names of the folders below the installation's own in which a place of the local disk is."""
    try:
        own = checked_key(place.folder)
        name = checked_key(place.settings.get("folder") or "files")
    except KeyRefused as error:
        raise _wrong("folder", str(error)) from None
    if "/" in name or name.startswith("."):
        raise _wrong("folder", "This is one folder's name: no “/”, and no dot at its beginning.")
    return (*own.split("/"), name)


def _s3(settings: Settings, folder: str) -> Plan:
    bucket, region = _name(settings, "bucket"), _name(settings, "region", "us-east-1")
    hosted = bool(settings.get("virtual_hosted"))
    endpoint = _endpoint(settings, f"https://s3.{region}.amazonaws.com")
    if hosted:
        endpoint = _endpoint(
            {"endpoint": f"{endpoint.scheme}://{bucket}.{endpoint.raw_authority}{_path(endpoint)}"}, ""
        )
    address = _address(endpoint)
    key: Any = {
        "access_key_id": _text(settings, "access_key_id"),
        "secret_access_key": _text(settings, "secret_access_key"),
        "token": settings.get("session_token") or None,
        "expires_at": None,
    }
    config: Any = {
        "bucket": bucket, "region": region, "endpoint": address, "aws_endpoint_url_s3": address,
        "virtual_hosted_style_request": hosted, "skip_signature": False, "request_payer": False, "s3_express": False,
        "unsigned_payload": False, "disable_bulk_delete": True, "conditional_put": "etag",
        "copy_if_not_exists": "multipart", "disable_tagging": False, "imdsv1_fallback": False,
    }  # fmt: skip

    def make(options: ClientConfig) -> Client:
        return S3Store(
            config=config,
            client_options=options,
            retry_config=_RETRIES,
            credential_provider=lambda: key,
        )

    return Plan(endpoint, bucket, folder, make)


def _gcs(settings: Settings, folder: str) -> Plan:
    bucket = _name(settings, "bucket")
    endpoint = _endpoint(settings, "https://storage.googleapis.com")
    address = _address(endpoint)
    given = _account(settings)
    key = json.dumps({**given, "gcs_base_url": address, "disable_oauth": False})

    def make(options: ClientConfig) -> Client:
        return GCSStore(
            bucket,
            config={"service_account_key": key, "base_url": address, "skip_signature": False},
            client_options=options,
            retry_config=_RETRIES,
        )

    return Plan(endpoint, bucket, folder, make, partial(google_link, endpoint, given, bucket))


def _azure(settings: Settings, folder: str) -> Plan:
    account, container = _name(settings, "account"), _name(settings, "container")
    key = _text(settings, "access_key")
    credential: Any = {"access_key": key, "expires_at": None}
    endpoint = _endpoint(settings, f"https://{account}.blob.core.windows.net")
    config: Any = {
        "account_name": account, "account_key": key, "container_name": container, "endpoint": _address(endpoint),
        "use_emulator": False, "use_fabric_endpoint": False, "skip_signature": False, "use_azure_cli": False,
        "disable_tagging": False,
    }  # fmt: skip

    def make(options: ClientConfig) -> Client:
        return AzureStore(
            config=config,
            client_options=options,
            retry_config=_RETRIES,
            credential_provider=lambda: credential,
        )

    return Plan(endpoint, container, folder, make, partial(azure_link, _address(endpoint), account, container, key))


_MADE: Final[dict[str, Callable[[Settings, str], Plan]]] = {"s3": _s3, "gcs": _gcs, "azure": _azure}
_PLANS: Final = exactly(tuple(name for name in STORAGE.providers if name != "local"), _MADE)


def _account(settings: Settings) -> JsonObject:
    """What is needed of a service account's key, and nothing that would lead elsewhere (`token_uri` and the like)."""
    try:
        given = parse_json(_text(settings, "service_account_key"), max_bytes=64_000, max_depth=10)
    except JsonError:
        raise _wrong("service_account_key", "The service account key is not JSON.") from None
    names = ("client_email", "private_key", "private_key_id")
    found = {name: given.get(name) for name in names} if isinstance(given, dict) else {}
    missing = next((name for name in names if not isinstance(found.get(name), str) or not found[name]), None)
    if missing:
        raise _wrong("service_account_key", f"The service account key has no {missing}.")
    return found


def _endpoint(settings: Settings, default: str) -> URL:
    given = settings.get("endpoint") or default
    try:
        url = parse_url(given)
    except UrlRefused as error:
        raise _wrong("endpoint", error.message) from None
    if url.query_string:
        raise _wrong("endpoint", "An endpoint has no query.")
    return url


def _address(endpoint: URL) -> str:
    return f"{endpoint.origin()}{_path(endpoint)}"


def _path(endpoint: URL) -> str:
    return endpoint.raw_path.rstrip("/")


def _text(settings: Settings, name: str, default: str = "") -> str:
    value = settings.get(name) or default
    if not isinstance(value, str) or not value or not value.replace("\n", "").replace("\r", "").isprintable():
        raise _wrong(name, f"The setting “{name}” is missing, or is no plain text.")
    return value


def _name(settings: Settings, name: str, default: str = "") -> str:
    """A text that can be part of a host and of a path without changing what they are."""
    value = _text(settings, name, default)
    if not _NAME.fullmatch(value) or ".." in value:
        raise _wrong(name, f"The setting “{name}” has letters, digits, dots, “-” and “_” alone.")
    return value


def _wrong(field: str, message: str) -> Misconfigured:
    return Misconfigured(message, details={"field": field})
