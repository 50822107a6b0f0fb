"""To which hosts the secret values of a call may go: looked at with the URL that is sent, whatever led to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from yarl import URL

from processors.connectors.errors import HostNotAllowed
from products.lib.origins import is_allowed, origin_of


@dataclass(frozen=True, slots=True)
class Bound:
    """`what` may be sent to the hosts of `entries` only; `remedy` says who can change that."""

    what: str
    entries: tuple[str, ...]
    remedy: str


def check_bounds(url: URL, bounds: tuple[Bound, ...]) -> None:
    """Raises HostNotAllowed, naming host and value, unless every bound holds."""
    for bound in bounds:
        if not is_allowed(url, bound.entries):
            host = origin_of(url)
            raise HostNotAllowed(f"{bound.what} may not be sent to {host}. {bound.remedy}", details={"host": host})


def inside(bounds: tuple[Bound, ...]) -> Callable[[URL], bool] | None:
    """Whether a redirect leads where everything may go; None when nothing is bound."""
    if not bounds:
        return None
    return lambda url: all(is_allowed(url, bound.entries) for bound in bounds)
