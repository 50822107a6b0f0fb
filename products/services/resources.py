"""Resources of products: made, changed, configured for each environment, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from products import access, dispatch
from products.access import Actor, Permission
from products.catalog.resources import KINDS, ResourceKind
from products.catalog.resources.given import Change, merged, missing, shared_problems
from products.lib.errors import Conflict, FieldProblem, Invalid, NotFound
from products.lib.jsontypes import JsonObject, escape_pointer
from products.lib.tags import slugify_tag, unique_tag
from products.models import (
    Environment,
    LeftFolders,
    Product,
    Resource,
    ResourceConfig,
    ResourceSecret,
    Secret,
    local_folder,
)
from products.queries.feature_uses import users_of
from products.services import audit, vault
from products.services.validation import assign, insert, name_text

MAX_RESOURCES = 200
CHANGEABLE = ("name", "description", "shared")


def kind_of(name: str) -> ResourceKind:
    """Raises NotFound."""
    kind = KINDS.get(name)
    if kind is None:
        raise NotFound("There is no such kind of resource.")
    return kind


def create_resource(actor: Actor, product_tag: str, kind: str, data: Mapping[str, Any]) -> Resource:
    """Makes one: `name`, and `tag`, `description`, `shared`, `environments` {slug: as for `configure`} where given.

    Raises NotFound, Invalid, Taken, Conflict, Forbidden.
    """
    actor.need(Permission.EDIT)
    declared = kind_of(kind)
    with transaction.atomic():
        product = _held(actor, product_tag)
        tags = set(Resource.objects.filter(product=product, kind=kind).values_list("tag", flat=True))
        if len(tags) >= MAX_RESOURCES:
            raise Conflict(f"A product may have at most {MAX_RESOURCES} {declared.plural}.")
        name = name_text(str(data.get("name", "")))
        tag = str(data.get("tag") or unique_tag(slugify_tag(name, fallback=kind), tags))
        row = Resource(product=product, kind=kind, tag=tag, name=name, description=str(data.get("description") or ""))
        row.shared = _shared(declared, {}, data.get("shared") or {})
        insert(row, unique="tag", message=f"The product has a {declared.title.lower()} “{tag[:63]}” already.")
        audit.record(actor, f"{kind}.created", row, changes={"tag": [None, row.tag]})
        for slug, wanted in (data.get("environments") or {}).items():
            try:
                _configured(actor, row, slug, wanted)
            except Invalid as error:
                raise _below(error, f"/environments/{slug}") from error
    return row


def update_resource(actor: Actor, row: Resource, **changes: Any) -> Resource:
    """Changes `name`, `description` or `shared` (merged); the tag is fixed. Raises NotFound, Invalid."""
    actor.need(Permission.EDIT)
    if changes.get("tag", row.tag) != row.tag:
        raise Invalid.field("tag", "A tag is fixed: features and runs know this one by it.")
    with transaction.atomic():
        row = fresh(actor, row)
        known = {key: value for key, value in changes.items() if key in CHANGEABLE}
        if "name" in known:
            known["name"] = name_text(known["name"])
        if "shared" in known:
            known["shared"] = _shared(kind_of(row.kind), row.shared, known["shared"] or {})
        differs = assign(row, known, CHANGEABLE)
        if differs:
            row.save(update_fields=[*differs, "updated_at"])
            audit.record(actor, f"{row.kind}.changed", row, changes=differs)
    return row


def delete_resource(actor: Actor, row: Resource) -> None:
    """Forgets it with its configurations and what is defined upon it.

    What it holds on servers stays there; what it has on this installation's disk is deleted by a worker.

    Raises NotFound, Forbidden, Conflict while a feature of the draft uses it.
    """
    actor.need(Permission.EDIT)
    with transaction.atomic():
        row = fresh(actor, row)
        for config in row.configs.select_related("environment"):
            actor.need_change_in(config.environment)
        _refuse_used(row)
        audit.record(actor, f"{row.kind}.deleted", row, changes={"tag": [row.tag, None]})
        environments = Environment.whole.filter(product=row.product)
        left = LeftFolders.objects.create(names=[local_folder(row.pk, each) for each in environments])
        dispatch.after_commit(dispatch.DELETE_REST, str(left.pk))
        row.delete()


def configure(actor: Actor, row: Resource, slug: str, data: Mapping[str, Any]) -> ResourceConfig:
    """Says how an environment has the resource: `provider` (needed the first time), `settings` (merged by name).

    With another provider the settings begin anew. Raises NotFound, Invalid, Forbidden.
    """
    actor.need(Permission.EDIT)
    with transaction.atomic():
        return _configured(actor, fresh(actor, row), slug, data)


def forget(actor: Actor, row: Resource, slug: str) -> None:
    """Forgets how an environment has the resource. Raises NotFound, Forbidden."""
    actor.need(Permission.EDIT)
    with transaction.atomic():
        row = fresh(actor, row)
        environment = access.environment(actor, row.product, slug)
        actor.need_change_in(environment)
        config = ResourceConfig.objects.filter(resource=row, environment=environment).first()
        if config is None:
            raise NotFound("This environment is not configured.")
        audit.record(actor, f"{row.kind}.forgotten", row, changes={"environment": [slug, None]})
        config.delete()


def fresh(actor: Actor, row: Resource) -> Resource:
    """The resource, locked with its product. Raises NotFound."""
    product = _held(actor, row.product.tag)
    rows = Resource.objects.select_related("product").filter(product=product)
    return access.mine(actor, rows, "resource", pk=row.pk)


def _refuse_used(row: Resource) -> None:
    users = users_of(row)
    if users:
        named = ", ".join(f"“{tag}”" for tag in users[:6])
        raise Conflict(f"{named} {'uses' if len(users) == 1 else 'use'} it; take that out first.", code="in_use")


def _held(actor: Actor, product_tag: str) -> Product:
    """Whoever changes what the product is made of waits here for the others: see `services.releases`."""
    rows = access.products_of(actor).select_for_update(no_key=True)
    return access.mine(actor, rows, "product", tag=product_tag)


def _shared(kind: ResourceKind, before: JsonObject, given: Mapping[str, Any]) -> JsonObject:
    change = merged(kind.shared, given, plain=before, pointer="/shared")
    problems = (*change.problems, *shared_problems(kind, change.plain))
    if problems:
        raise Invalid(errors=problems)
    return change.plain


def _configured(actor: Actor, row: Resource, slug: str, data: Mapping[str, Any]) -> ResourceConfig:
    _check_shape(data)
    environment = access.environment(actor, row.product, slug)
    actor.need_change_in(environment)
    config = ResourceConfig.objects.filter(resource=row, environment=environment).first()
    before = config.provider if config else None
    config = config or ResourceConfig(resource=row, environment=environment)
    provider = _provider(kind_of(row.kind), data.get("provider", before))
    anew = provider != before
    sealed = {} if before is None else {each.key: each for each in config.secrets.all()}
    declared = kind_of(row.kind).settings_of(provider)
    change = merged(declared, data.get("settings") or {}, plain={} if anew else config.settings, sealed=sealed)
    change.drop += list(sealed) if anew else []
    change.problems += [
        FieldProblem(f"/settings/{each.name}", "required", f"{each.title} is missing.")
        for each in missing(declared, change.plain, {*change.seal, *(set(sealed) - set(change.drop))})
    ]
    moved = anew or change.plain != config.settings
    _check_secrets(actor, change, trusted=bool(sealed) and moved)
    if change.problems:
        raise Invalid(errors=tuple(change.problems))
    differs = _written(actor, config, provider, change)
    if differs:
        verb = "configured" if before is None else "reconfigured"
        audit.record(actor, f"{row.kind}.{verb}", row, changes={"environment": slug, **differs})
    return config


def _check_shape(data: object) -> None:
    if not isinstance(data, Mapping):
        raise Invalid(errors=(FieldProblem("", "type", "This must be an object with `provider` and `settings`."),))
    unknown = sorted(str(name)[:120] for name in set(data) - {"provider", "settings"})
    if unknown:
        raise Invalid(errors=(FieldProblem(f"/{escape_pointer(unknown[0])}", "unknown_field", "Unknown field."),))
    if not isinstance(data.get("settings") or {}, Mapping):
        raise Invalid.field("settings", "This must be an object.", code="type")


def _written(actor: Actor, config: ResourceConfig, provider: str, change: Change) -> dict[str, Any]:
    """What differs, for the audit log: of settings only their names."""
    keys = sorted({
        *change.seal,
        *change.drop,
        *(key for key in {*change.plain, *config.settings} if change.plain.get(key) != config.settings.get(key)),
    })
    differs: dict[str, Any] = {"settings": keys} if keys else {}
    if config.provider != provider:
        differs["provider"] = [config.provider or None, provider]
    config.provider, config.settings = provider, change.plain
    config.save()
    ResourceSecret.objects.filter(config=config, key__in=[*change.drop, *change.seal]).delete()
    rows = [ResourceSecret(config=config, key=key) for key in change.seal]
    for secret in rows:
        secret.sealed = vault.seal(actor.workspace, secret, "sealed", change.seal[secret.key])
    ResourceSecret.objects.bulk_create(rows)
    return differs


def _check_secrets(actor: Actor, change: Change, *, trusted: bool) -> None:
    """Who may not use secrets gives none, and does not turn those that are there to another server."""
    named = change.named_secrets()
    if named or change.seal or trusted:
        actor.need(Permission.USE_SECRETS)
    there = set(Secret.objects.filter(workspace=actor.workspace, key__in=named).values_list("key", flat=True))
    change.problems += [
        FieldProblem("/settings", "unknown", f"There is no secret “{key}” here.") for key in named if key not in there
    ]


def _provider(kind: ResourceKind, wanted: object) -> str:
    if isinstance(wanted, str) and kind.provider(wanted):
        return wanted
    names = ", ".join(each.name for each in kind.providers)
    raise Invalid.field("provider", f"Choose a provider: {names}.", code="required" if wanted is None else "unknown")


def _below(error: Invalid, under: str) -> Invalid:
    return Invalid(errors=tuple(FieldProblem(under + one.pointer, one.code, one.detail) for one in error.errors))
