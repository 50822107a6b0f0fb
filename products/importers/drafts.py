"""What an importer hands over: drafts of an app's parts and a report of what came in and what did not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from products.lib.actions import ActionSpec, AuthSpec

NoticeLevel = Literal["skipped", "changed", "warning"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of the import report. `place` is a JSON pointer or the path of item names in the document."""

    level: NoticeLevel
    code: str
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class SampleDraft:
    """A saved example answer of an action; `body` is JSON where the answer is JSON, else text."""

    name: str
    status: int
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, slots=True)
class ActionDraft:
    """An action with its samples."""

    spec: ActionSpec
    samples: tuple[SampleDraft, ...] = ()


@dataclass(frozen=True, slots=True)
class EnvironmentDraft:
    """A server of the document. `base_url` may contain `{{variables}}`."""

    slug: str
    name: str
    base_url: str


@dataclass(frozen=True, slots=True)
class VariableDraft:
    """A value that whoever connects the app supplies; `secret` values never keep a default."""

    key: str
    type: str = "string"
    default: Any = None
    description: str = ""
    secret: bool = False


@dataclass(frozen=True, slots=True)
class AppDraft:
    """Everything one document says about an app."""

    format: Literal["openapi", "swagger", "postman"]
    version: str
    title: str
    description: str = ""
    actions: tuple[ActionDraft, ...] = ()
    auths: tuple[AuthSpec, ...] = ()
    default_auths: tuple[str, ...] = ()  # what actions without auths of their own use
    environments: tuple[EnvironmentDraft, ...] = ()
    variables: tuple[VariableDraft, ...] = ()
    folders: tuple[tuple[str, ...], ...] = ()
    notices: tuple[Notice, ...] = ()
