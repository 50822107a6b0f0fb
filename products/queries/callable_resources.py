"""Everything one operation of a resource needs, as JSON that a run can keep: secrets by reference, not by value."""

from __future__ import annotations

from dataclasses import dataclass

from products.access import Actor, Permission
from products.catalog.resources import KINDS, ResourceKind
from products.catalog.resources.given import filled, missing
from products.lib import placeholders
from products.lib.errors import Conflict, NotFound
from products.lib.jsontypes import JsonObject
from products.models import DatabaseAction, Environment, Product, Resource, ResourceConfig, Secret, local_folder


@dataclass(frozen=True, slots=True)
class Wanted:
    """One operation of one resource: `event` is that of a database action or of the kind's own."""

    kind: str
    resource: str
    event: str

    @property
    def target(self) -> str:
        """As runs and events of features name it."""
        return f"{self.resource}:{self.event}"


def callable_operation(
    actor: Actor | None, product: Product, environment: Environment, wanted: Wanted, *, inner: bool = False,
    frozen: JsonObject | None = None,
) -> JsonObject:  # fmt: skip
    """The composition of an operation here; three queries at most. `inner` allows those that are not for features.

    `frozen` is a database action's definition as a release has it.

    `event_type`, `product`, `environment`, `resource` {id, kind, tag}, `config` (id), `folder`, `provider`,
    `read_only`, `settings` {name: reference}, `shared` {name: value}, `operation`, `event`,
    `definition` (of a database action).
    A reference is one of {"value": json}, {"text": "… $Secret{KEY} …"} and {"sealed": "<ResourceSecret id>"}.
    Raises NotFound for what is not there, and Conflict, naming it, for what is not configured or has no value.
    """
    if actor is not None:
        actor.need(Permission.VIEW)
    if environment.product_id != product.pk or (actor is not None and product.workspace_id != actor.workspace.pk):
        raise NotFound("There is no such environment.")
    kind = KINDS.get(wanted.kind)
    if kind is None:
        raise NotFound("There is no such kind of resource.")
    config = _config(product, environment, kind, wanted.resource)
    operation, definition = ("run", frozen) if frozen else _operation(kind, config.resource, wanted, inner=inner)
    settings = _settings(product, environment, kind, config)
    return {
        "event_type": kind.event_type,
        "product": product.tag,
        "environment": environment.slug,
        "resource": {"id": str(config.resource_id), "kind": kind.name, "tag": wanted.resource},
        "config": str(config.pk),
        "folder": local_folder(config.resource_id, environment),
        "provider": config.provider,
        "read_only": config.settings.get("read_only") is True,
        "settings": settings,
        "shared": filled(kind.shared, config.resource.shared),
        "operation": operation,
        "inner": inner,
        "event": wanted.event,
        "definition": definition,
        "policy": {},
    }


def _config(product: Product, environment: Environment, kind: ResourceKind, tag: str) -> ResourceConfig:
    rows = ResourceConfig.objects.select_related("resource").prefetch_related("secrets")
    of_resource = {"resource__product": product, "resource__kind": kind.name, "resource__tag": tag}
    found = rows.filter(environment=environment, **of_resource).first()
    if found is not None:
        return found
    if Resource.objects.filter(product=product, kind=kind.name, tag=tag).exists():
        raise Conflict(
            f"The {kind.title.lower()} “{tag}” is not configured in “{environment.slug}”.", code="not_mapped"
        )
    raise NotFound(f"The product “{product.tag}” has no {kind.title.lower()} “{tag[:63]}”.")


def _operation(kind: ResourceKind, resource: Resource, wanted: Wanted, *, inner: bool) -> tuple[str, JsonObject]:
    known = kind.operation(wanted.event)
    if known is not None and known.inner and inner:
        return known.name, {}
    if kind.defined:
        action = DatabaseAction.objects.filter(resource=resource, tag=wanted.event).first()
        if action is None:
            raise NotFound(f"The {kind.title.lower()} “{resource.tag}” has no action “{wanted.event[:63]}”.")
        return "run", action.definition
    if known is None or known.inner:
        names = ", ".join(each.name for each in kind.operations if not each.inner)
        raise NotFound(f"A {kind.title.lower()} has no operation “{wanted.event[:40]}”: use one of {names}.")
    return known.name, {}


def _settings(product: Product, environment: Environment, kind: ResourceKind, config: ResourceConfig) -> JsonObject:
    sealed = {secret.key: str(secret.pk) for secret in config.secrets.all()}
    declared = kind.settings_of(config.provider)
    lacking = [each.title for each in missing(declared, config.settings, sealed)]
    if lacking:
        where = f"The {kind.title.lower()} “{config.resource.tag}” in “{environment.slug}”"
        raise Conflict(f"{where} has no value for {', '.join(lacking)}.", code="resource_incomplete")
    found: JsonObject = {}
    named: set[str] = set()
    for name, value in filled(declared, config.settings).items():
        if isinstance(value, str) and placeholders.secret_refs(value):
            named.update(placeholders.secret_refs(value))
            found[name] = {"text": value}
        else:
            found[name] = {"sealed": sealed[name]} if name in sealed else {"value": value}
    _check_there(product, named)
    return found


def _check_there(product: Product, named: set[str]) -> None:
    if not named:
        return
    rows = Secret.objects.filter(workspace_id=product.workspace_id, key__in=named)
    gone = sorted(named - set(rows.values_list("key", flat=True)))
    if gone:
        raise Conflict(f"There is no secret “{gone[0]}”.", code="no_secret")
