"""Security schemes and requirements of an OpenAPI document: the auths of the app and of each operation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from products.importers.names import TagBook
from products.importers.openapi import extension
from products.importers.openapi.auth_parts import FIELDS, combine, filled_by, flows_of, key_placement
from products.importers.refs import Refs
from products.importers.report import Report
from products.importers.shapes import as_description, as_dict, as_list, as_text, clean_name
from products.lib.actions import AuthKind, AuthSpec, CredentialField, Parameter, Placement

_KINDS = {"http", "apikey", "oauth2", "openidconnect"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """How one operation authenticates. `own` is false where the app's default applies."""

    auths: tuple[str, ...] = ()
    anonymous: bool = False


class AuthBook:
    """The auths of one document, made when they are first needed."""

    def __init__(self, document: dict[str, Any], refs: Refs, report: Report) -> None:
        self._report = report
        self._tags = TagBook()
        self._unsupported: set[str] = set()
        self._specs: dict[tuple[str, ...], AuthSpec] = {}  # names of schemes → auth
        schemes = as_dict(as_dict(document.get("components")).get("securitySchemes"))
        for name, raw in schemes.items():
            place = f"/components/securitySchemes/{name}"
            scheme = refs.follow(raw, place)
            if isinstance(scheme, dict) and self._supported(name, scheme, place):
                self._specs[name,] = self._read(name, scheme, place)
        self.default = self._default(document)

    def drafts(self) -> tuple[AuthSpec, ...]:
        """All auths, those of single schemes first."""
        return tuple(self._specs.values())

    def of(self, operation: dict[str, Any], place: str) -> Requirement:
        """What an operation says about its auth; without a word the app's default holds."""
        security = operation.get("security")
        if not isinstance(security, list):
            return Requirement()
        auths, free = self._alternatives(security, place)
        if not auths:
            return Requirement(anonymous=free or not security)
        return Requirement() if auths == self.default else Requirement(auths)

    def without_own(self, parameters: tuple[Parameter, ...], requirement: Requirement) -> tuple[Parameter, ...]:
        """Parameters that the operation's auth fills in are no longer asked for, only still possible."""
        tags = requirement.auths or (() if requirement.anonymous else self.default)
        filled = {place for spec in self._specs.values() if spec.tag in tags for place in filled_by(spec)}
        return tuple(
            replace(each, required=False) if (each.place, each.name.lower()) in filled else each for each in parameters
        )

    def _default(self, document: dict[str, Any]) -> tuple[str, ...]:
        security = document.get("security")
        if isinstance(security, list):
            return self._alternatives(security, "/security")[0]
        if not self._specs or _any_operation_says(document):
            return ()
        message = "No operation says how to authenticate; any of the document's security schemes may be used."
        self._report.warning("auth-assumed", "/components/securitySchemes", message)
        return tuple(spec.tag for spec in self._specs.values())

    def _alternatives(self, security: list[Any], place: str) -> tuple[tuple[str, ...], bool]:
        """The tags of which any one will do, and whether none is needed."""
        tags: list[str] = []
        free = False
        for requirement in security:
            if not isinstance(requirement, dict):
                continue
            wanted = [name for name in requirement if name not in self._unsupported]
            free = free or not wanted
            known = tuple(name for name in wanted if self._known(name, place))
            if known and len(known) == len(wanted):
                tags.append(self._combined(known).tag)
        return tuple(dict.fromkeys(tags)), free

    def _known(self, name: str, place: str) -> bool:
        if (name,) in self._specs:
            return True
        self._report.warning("unknown-auth", place, f"The security scheme “{name[:80]}” is not defined.")
        return False

    def _combined(self, names: tuple[str, ...]) -> AuthSpec:
        if names not in self._specs:
            self._specs[names] = combine([self._specs[name,] for name in names], self._tags)
        return self._specs[names]

    def _supported(self, name: str, scheme: dict[str, Any], place: str) -> bool:
        kind = as_text(scheme.get("type"))
        if kind.lower() in _KINDS:
            return True
        self._unsupported.add(name)
        message = f"The auth type “{kind[:40]}” is not supported; its actions came in without it."
        self._report.warning("auth-not-supported", place, message)
        return False

    def _read(self, name: str, scheme: dict[str, Any], place: str) -> AuthSpec:
        kind, placements, oauth = self._kind(scheme, place)
        spec = AuthSpec(
            tag=self._tags.tag(name, "auth"),
            name=clean_name(name) or "Auth",
            kind=kind,
            description=as_description(scheme.get("description")),
            fields=FIELDS.get(kind, (CredentialField("token", "Token"),)),
            placements=placements,
            oauth=oauth,
        )
        return extension.auth(spec, scheme)

    def _kind(self, scheme: dict[str, Any], place: str) -> tuple[AuthKind, tuple[Placement, ...], dict[str, Any]]:
        kind = as_text(scheme.get("type")).lower()
        if kind == "http":
            return self._http(as_text(scheme.get("scheme")).lower(), place)
        if kind == "apikey":
            return "api_key", (key_placement(scheme),), {}
        if kind == "oauth2":
            return "oauth2", (), flows_of(scheme)
        message = "OpenID Connect is not discovered; give an access token, it is sent as a bearer token."
        self._report.warning("auth-simplified", place, message)
        return "bearer", (), {"openIdConnectUrl": as_text(scheme.get("openIdConnectUrl"))}

    def _http(self, scheme: str, place: str) -> tuple[AuthKind, tuple[Placement, ...], dict[str, Any]]:
        if scheme == "basic":
            return "basic", (), {}
        if scheme in {"bearer", ""}:
            return "bearer", (), {}
        message = f"HTTP auth “{scheme[:40]}” is not computed; give the value of the Authorization header."
        self._report.warning("auth-simplified", place, message)
        return "token", (Placement("header", "Authorization", "{{token}}"),), {}


def _any_operation_says(document: dict[str, Any]) -> bool:
    items = as_dict(document.get("paths")).values()
    operations = (each for item in items if isinstance(item, dict) for each in item.values())
    return any(as_list(operation.get("security")) for operation in operations if isinstance(operation, dict))
