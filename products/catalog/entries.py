"""The shapes of what the catalogue declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fault = Literal["you", "setup", "remote side", "network", "us"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of the process environment; `default` "" means that it is required or empty by default."""

    name: str
    meaning: str
    default: str = ""
    required: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class SettingGroup:
    """Settings that belong together."""

    title: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One error: what it means and what to do. `status` is the REST API's, 0 where it never answers with it."""

    code: str
    title: str
    text: str
    status: int = 0
    fault: Fault = "you"
    retried: bool = False  # whether a run with retries tries again by itself


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Errors of one place."""

    title: str
    lead: str
    codes: tuple[ErrorCode, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A word that the product uses, and what it means."""

    name: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class HelpPage:
    """One page of the help; its template is `help/<slug>.html`, with _ for -, or that of several pages, `drawn_by`."""

    slug: str
    title: str
    summary: str
    icon: str
    drawn_by: str = ""

    @property
    def template(self) -> str:
        """The template's name."""
        return f"help/{(self.drawn_by or self.slug).replace('-', '_')}.html"


@dataclass(frozen=True, slots=True)
class HelpGroup:
    """Pages under one heading."""

    title: str
    pages: tuple[HelpPage, ...]
