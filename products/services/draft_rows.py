"""The rows that a document's auths, environments and variables become; comparing and applying both start from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from products.importers import AppDraft
from products.importers.secrets import holds_secret
from products.lib.actions import to_json
from products.lib.jsontypes import clean_json
from products.models import AppAuth, AppEnvironment, AppVariable

# An action may carry every schema of its document: written out they are far larger than the document, and the
# connection keeps a buffer as large as its largest statement.
ACTIONS_AT_ONCE = 20


def auth_rows(draft: AppDraft) -> list[AppAuth]:
    """Without their app."""
    return [
        AppAuth(tag=spec.tag, name=spec.name[:200], kind=spec.kind, spec=clean_json(to_json(spec)))
        for spec in draft.auths
    ]


def default_auths(draft: AppDraft, known: Iterable[str]) -> list[str]:
    """Tags: those that the app has stay, in their order, since connections may use them; the document's join them."""
    return list(dict.fromkeys((*known, *draft.default_auths)))


def environment_rows(draft: AppDraft) -> list[AppEnvironment]:
    """Without their app."""
    return [
        AppEnvironment(slug=each.slug, name=each.name[:200], base_url=each.base_url[:2000], position=position)
        for position, each in enumerate(draft.environments)
    ]


def variable_rows(draft: AppDraft, known: Mapping[str, AppVariable]) -> list[AppVariable]:
    """Without their app; `known` are those that it has, by key. What was secret stays secret, and has no default."""
    rows = []
    for each in draft.variables:
        key = each.key[:120]
        before = known.get(key)
        secret = each.secret or holds_secret(key, each.default) or (before is not None and before.secret)
        rows.append(
            AppVariable(
                key=key,
                type=each.type,
                default=None if secret else clean_json(each.default),
                description=each.description[:4000],
                secret=secret,
                required=before.required if before is not None else False,
            )
        )
    return rows
