"""Signed URLs of Azure Blob and Google Cloud Storage, as their documentation has them.

Azure: “Create a service SAS”, version 2020-12-06 and later. Google: “V4 signing process with your own program”.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from yarl import URL

from processors.connectors.errors import Misconfigured
from products.lib.jsontypes import JsonObject
from products.lib.signed_files import Method

Link = Callable[[Method, str, timedelta], str]
_AZURE_VERSION: Final = "2022-11-02"
_AZURE_RIGHTS: Final[dict[Method, str]] = {"GET": "r", "PUT": "cw"}


def azure_link(
    address: str, account: str, container: str, secret: str, method: Method, key: str, holds: timedelta
) -> str:
    """A URL of a blob. Raises Misconfigured when the access key is none."""
    rights, ends = _AZURE_RIGHTS[method], f"{datetime.now(UTC) + holds:%Y-%m-%dT%H:%M:%SZ}"
    resource = f"/blob/{account}/{container}/{key}"  # as it is, not as it is written in a URL
    # begin, identifier, addresses and protocol before, snapshot, encryption and five headers of the answer behind
    signed = [rights, "", ends, resource, "", "", "", _AZURE_VERSION, "b", *[""] * 7]
    try:
        digest = hmac.new(base64.b64decode(secret, validate=True), "\n".join(signed).encode(), hashlib.sha256).digest()
    except binascii.Error:
        raise Misconfigured("The access key is not Base64.", details={"field": "access_key"}) from None
    query = {"sv": _AZURE_VERSION, "sr": "b", "sp": rights, "se": ends, "sig": base64.b64encode(digest).decode()}
    return f"{address}/{container}/{quote(key)}?{urlencode(query)}"


def google_link(endpoint: URL, account: JsonObject, bucket: str, method: Method, key: str, holds: timedelta) -> str:
    """A URL of an object. Raises Misconfigured when the account's private key is none."""
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    scope = f"{now[:8]}/auto/storage/goog4_request"
    query = {
        "X-Goog-Algorithm": "GOOG4-RSA-SHA256",
        "X-Goog-Credential": f"{account['client_email']}/{scope}",
        "X-Goog-Date": now,
        "X-Goog-Expires": str(int(holds.total_seconds())),
        "X-Goog-SignedHeaders": "host",
    }
    path = f"{endpoint.raw_path.rstrip('/')}/{bucket}/{quote(key, safe='/~')}"
    asked = urlencode(query, quote_via=quote, safe="~")  # the names are in order already
    host = endpoint.raw_host or ""
    host = host if endpoint.is_default_port() else f"{host}:{endpoint.port}"
    request = "\n".join([method, path, asked, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"])
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join(["GOOG4-RSA-SHA256", now, scope, digest])
    return f"{endpoint.origin()}{path}?{asked}&X-Goog-Signature={_signature(account, text)}"


def _signature(account: JsonObject, text: str) -> str:
    try:
        key = serialization.load_pem_private_key(account["private_key"].encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Misconfigured("The service account's private key is none.", details={"field": "service_account_key"})
    return key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()
