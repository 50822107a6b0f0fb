"""An app as a document to take along: OpenAPI 3.1 without any value that is secret."""

from __future__ import annotations

import json

from django.db.models import Prefetch

from products.access import Actor, Permission, own_app
from products.importers import AppDraft
from products.importers.drafts import ActionDraft, EnvironmentDraft, SampleDraft, VariableDraft
from products.importers.export import export_openapi
from products.importers.masking import without_secrets
from products.importers.report import Report
from products.lib.actions import action_from_json, auth_from_json
from products.models import Action, ActionSample, App

SAMPLES = 20  # of one action, as many as an import takes


def exported(actor: Actor, app_tag: str) -> bytes:
    """The app's OpenAPI document as JSON. What looks like a credential is masked once more. Raises NotFound."""
    actor.need(Permission.VIEW)
    draft = without_secrets(_draft(own_app(actor, app_tag)), Report())
    return json.dumps(export_openapi(draft), ensure_ascii=False, indent=2).encode()


def _draft(app: App) -> AppDraft:
    samples = Prefetch("samples", ActionSample.objects.order_by("id"))
    actions = tuple(_action(row) for row in app.actions.order_by("position", "tag").prefetch_related(samples))
    return AppDraft(
        format="openapi",
        version="3.1.0",
        title=app.name,
        description=app.description,
        actions=actions,
        auths=tuple(auth_from_json(row.spec) for row in app.auths.order_by("created_at", "id")),
        default_auths=tuple(app.default_auths),
        environments=tuple(EnvironmentDraft(row.slug, row.name, row.base_url) for row in app.environments.all()),
        variables=_variables(app),
        folders=tuple(dict.fromkeys(each.spec.folder for each in actions if each.spec.folder)),
    )


def _action(row: Action) -> ActionDraft:
    found = [
        SampleDraft(each.name, each.status, each.content_type, each.headers, each.body)
        for each in row.samples.all()[:SAMPLES]
    ]
    return ActionDraft(action_from_json(row.spec), tuple(found))


def _variables(app: App) -> tuple[VariableDraft, ...]:
    """Constants too: texts that name them need them wherever the document is read."""
    found = [
        VariableDraft(row.key, row.type, None if row.secret else row.default, row.description, row.secret)
        for row in app.variables.order_by("key")
    ]
    fixed = [VariableDraft(row.key, row.type, row.value, row.description) for row in app.constants.order_by("key")]
    return (*found, *fixed)
