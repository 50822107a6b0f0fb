"""What every answer carries, whoever gives it: a view, a file, a probe, the figures, or the front itself."""

from __future__ import annotations

from typing import Final

# Pages have a policy of django-csp's, with a nonce; this is for everything else.
POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
ALWAYS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
# Of what is no page and is answered before there is a request of Django's.
BARE: Final = {**ALWAYS, "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


def pairs(**more: str) -> list[tuple[bytes, bytes]]:
    """`BARE` and these (`content_type`: `content-type`), as ASGI wants them."""
    named = {**BARE, **{name.replace("_", "-"): value for name, value in more.items()}}
    return [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in named.items()]
