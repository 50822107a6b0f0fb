"""URLs by which anybody can use a file of this installation's disk for a while, and who may still use one."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from urllib.parse import quote, urlencode

from django.conf import settings

from products.lib.signed_files import FileLink, LinkRefused, sign, verify

PATH = "/files/signed/"  # the view's address


def url_of(link: FileLink) -> str:
    """The whole URL of a link."""
    query = urlencode({"expires": link.expires, "signature": sign(_secret(settings.SECRET_KEY), link)})
    return f"{settings.BASE_URL}{PATH}{link.place_id}/{quote(link.key, safe='/')}?{query}"


def check(link: FileLink, signature: str) -> None:
    """Raises LinkRefused unless the signature is of this link, by today's key or one before, and still holds."""
    for key in settings.SECRET_KEY_FALLBACKS:
        with suppress(LinkRefused):
            return verify(_secret(key), link, signature, now=time.time())
    return verify(_secret(settings.SECRET_KEY), link, signature, now=time.time())


def _secret(key: str) -> bytes:
    """A key of its own for this purpose."""
    return hashlib.sha256(b"ductape file links\x00" + key.encode()).digest()
