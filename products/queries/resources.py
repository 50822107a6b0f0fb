"""Resources as pages and REST show them: what each environment has, masked, and what it still lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from products.access import Actor, Permission, mine, product
from products.catalog.resources import KINDS, Provider, ResourceKind, Setting
from products.catalog.resources.given import missing
from products.lib.errors import NotFound
from products.lib.redaction import MASK
from products.models import Environment, Product, Resource, ResourceConfig


@dataclass(frozen=True, slots=True)
class SettingView:
    """One setting of one environment; `shown` is the mask for what is sealed."""

    setting: Setting
    shown: Any
    is_given: bool
    is_missing: bool


@dataclass(frozen=True, slots=True)
class ConfigView:
    """How one environment has a resource; `config` is None where it does not."""

    environment: Environment
    config: ResourceConfig | None = None
    provider: Provider | None = None
    settings: tuple[SettingView, ...] = ()

    @property
    def lacks(self) -> tuple[str, ...]:
        """The titles of required settings without a value."""
        return tuple(each.setting.title for each in self.settings if each.is_missing)

    @property
    def complete(self) -> bool:
        """Whether it can be used from here."""
        return self.config is not None and not self.lacks

    @property
    def state(self) -> str:
        """healthy, broken, untested, incomplete or absent."""
        if self.config is None:
            return "absent"
        if self.lacks:
            return "incomplete"
        success, failure = self.config.last_success_at, self.config.last_failure_at
        if success is None and failure is None:
            return "untested"
        return "broken" if failure is not None and (success is None or failure > success) else "healthy"


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A resource with every active environment of its product."""

    row: Resource
    kind: ResourceKind
    configs: tuple[ConfigView, ...]

    def of(self, slug: str) -> ConfigView | None:
        """By the environment's slug."""
        return next((each for each in self.configs if each.environment.slug == slug), None)


def resources_of(actor: Actor, product_tag: str, kind: str, *, search: str = "") -> QuerySet[Resource]:
    """Those of a kind, with all that `views` needs. Raises NotFound."""
    actor.need(Permission.VIEW)
    if kind not in KINDS:
        raise NotFound("There is no such kind of resource.")
    rows = Resource.objects.filter(product=product(actor, product_tag), kind=kind)
    if search:
        rows = rows.filter(name__icontains=search) | rows.filter(tag__icontains=search)
    return rows.select_related("product").prefetch_related("product__environments", "configs__secrets").order_by("name")


def resource(actor: Actor, product_tag: str, kind: str, tag: str) -> Resource:
    """One resource. Raises NotFound."""
    return mine(actor, resources_of(actor, product_tag, kind), kind, tag=tag)


def counts(actor: Actor, product_tag: str) -> dict[str, int]:
    """How many of each kind the product has. Raises NotFound."""
    actor.need(Permission.VIEW)
    rows = Resource.objects.filter(product=product(actor, product_tag)).values_list("kind").annotate(count=Count("id"))
    found: dict[str, int] = dict(rows)
    return {kind: found.get(kind, 0) for kind in KINDS}


def counts_of(row: Product) -> dict[str, int]:
    """The same for a product that the actor already got, by the plural of each kind."""
    found = dict(Resource.objects.filter(product=row).values_list("kind").annotate(count=Count("id")).order_by())
    return {kind.plural: found.get(kind.name, 0) for kind in KINDS.values()}


def views(rows: Sequence[Resource]) -> list[ResourceView]:
    """Rows of `resources_of` as they are shown; asks the database nothing more."""
    return [view(row) for row in rows]


def view(row: Resource) -> ResourceView:
    """A row of `resources_of` as it is shown."""
    configs = {config.environment_id: config for config in row.configs.all()}
    kind = KINDS[row.kind]
    return ResourceView(
        row,
        kind,
        tuple(
            _config_view(kind, environment, configs.get(environment.pk))
            for environment in row.product.environments.all()
            if environment.active or environment.pk in configs
        ),
    )


def _config_view(kind: ResourceKind, environment: Environment, config: ResourceConfig | None) -> ConfigView:
    if config is None:
        return ConfigView(environment)
    sealed = {secret.key for secret in config.secrets.all()}
    declared = kind.settings_of(config.provider)
    lacking = {each.name for each in missing(declared, config.settings, sealed)}
    settings = tuple(
        SettingView(
            each,
            MASK if each.name in sealed else config.settings.get(each.name, each.default),
            each.name in sealed or each.name in config.settings,
            each.name in lacking,
        )
        for each in declared
    )
    return ConfigView(environment, config, kind.provider(config.provider), settings)
