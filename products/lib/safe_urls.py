"""URLs of outside calls: one strict parser, whose result is both what is checked and what is sent."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import unquote

from yarl import URL

from products.lib.http_errors import RedirectRefused, UrlRefused

MAX_LENGTH = 16_384
_CONTROL = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff\\\\]")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]{0,251}[A-Za-z0-9_.])?")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_NUMERIC = re.compile(r"(?:^|\.)(?:[0-9]+|0[xX][0-9a-fA-F]*)\.?$")
_SCHEME = re.compile(r"https?://", re.IGNORECASE)


def parse_url(text: object) -> URL:
    """A plain http(s) URL with a host and nothing else that two parsers could read differently.

    Raises UrlRefused for anything that is not text, for other schemes, user names, backslashes, control
    characters and spaces, and for hosts or ports that are not.
    """
    if not isinstance(text, str):
        raise UrlRefused("A URL must be text.")
    if len(text) > MAX_LENGTH:
        raise UrlRefused(f"This URL is longer than {MAX_LENGTH} characters.")
    if _CONTROL.search(text):
        raise UrlRefused("A URL may not contain spaces, control characters or backslashes.")
    if not _SCHEME.match(text):
        raise UrlRefused("A URL must begin with http:// or https://.")
    _check_authority(re.split(r"[/?#]", text.split("://", 1)[1], maxsplit=1)[0])
    try:
        url = URL(text)
        port = url.port
    except (ValueError, UnicodeError):
        raise UrlRefused("This is not a URL.") from None
    _check_host(url.raw_host or "")
    if port is None or not 0 < port < 65_536:
        raise UrlRefused("The port of this URL is not between 1 and 65535.")
    return url.with_fragment(None)


def exact_url(base: URL, path: str, query: str) -> URL:
    """The URL at `base`'s origin with an already encoded path and query, sent as it stands.

    Raises UrlRefused if that would leave the origin or the path of `base`.
    """
    target = f"{base.origin()}{path}" + (f"?{query}" if query else "")
    if len(target) > MAX_LENGTH:
        raise UrlRefused(f"This URL would be longer than {MAX_LENGTH} characters.")
    if _CONTROL.search(target) or not target.isascii():
        raise UrlRefused("The path or query contains a character that was not encoded.")
    url = URL(target, encoded=True)
    if not same_origin(url, base) or url.raw_fragment or not _below(url.raw_path, base.raw_path):
        raise UrlRefused("The values would lead outside the base URL.")
    return url


def same_origin(one: URL, other: URL) -> bool:
    """Whether scheme, host and port are equal, also where one of them spells out the scheme's usual port."""
    return (one.scheme, one.raw_host, one.port) == (other.scheme, other.raw_host, other.port)


def next_url(current: URL, location: str) -> URL:
    """Where a redirect leads. Raises RedirectRefused for downgrades and for anything `parse_url` refuses."""
    try:
        if location.startswith("//"):
            location = f"{current.scheme}:{location}"
        if _ABSOLUTE.match(location):
            target = parse_url(location)
        else:
            target = parse_url(str(current.join(URL(_relative(location)))))
    except (UrlRefused, ValueError):
        raise RedirectRefused("The remote side redirects to something that is not a plain http(s) URL.") from None
    if current.scheme == "https" and target.scheme != "https":
        raise RedirectRefused("The remote side redirects from https to http.")
    return target


def has_dot_step(segment: str) -> bool:
    """Whether a path segment may be read as `.` or `..` by anyone, however often it is decoded."""
    for _ in range(4):
        if any(step in {".", ".."} for step in re.split(r"[/\\]", segment)):
            return True
        decoded = unquote(segment)
        if decoded == segment:
            return False
        segment = decoded
    return True  # encoded more often than anyone does in good faith


def _relative(location: str) -> str:
    if _CONTROL.search(location):
        raise UrlRefused("A redirect may not contain spaces, control characters or backslashes.")
    return location


def _below(path: str, prefix: str) -> bool:
    inside = path == prefix or path.startswith(prefix.rstrip("/") + "/")
    return inside and not any(has_dot_step(segment) for segment in path.split("/"))


def _check_authority(authority: str) -> None:
    if not authority:
        raise UrlRefused("This URL has no host.")
    if "@" in authority:
        raise UrlRefused("A URL may not contain a user name or password: use an auth.")
    if "%" in authority:
        raise UrlRefused("The host of a URL may not be percent-encoded.")


def _check_host(host: str) -> None:
    if ":" in host:
        try:
            IPv6Address(host)
        except ValueError:
            raise UrlRefused("The host of this URL is not an IPv6 address.") from None
    elif not _HOST.fullmatch(host):
        raise UrlRefused("The host of this URL is not a host name.")
    elif _NUMERIC.search(host):  # such a host is an address to every resolver, in whatever spelling
        try:
            IPv4Address(host)
        except ValueError:
            raise UrlRefused("An IPv4 address must be written as four plain numbers.") from None
