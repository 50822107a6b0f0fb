"""Apps of a workspace, and what one consists of."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from products.access import (
    Actor,
    Permission,
    apps_of,
    connectable_apps,
    mine,
    narrow_to_products,
    own_app,
    products_of,
)
from products.models import (
    Action,
    App,
    AppAuth,
    AppConstant,
    AppEnvironment,
    AppVariable,
    Connection,
    Folder,
)


def apps_list(actor: Actor, *, search: str = "", category: str = "") -> QuerySet[App]:
    """The workspace's own apps with `action_count` and `connection_count`, by name."""
    actor.need(Permission.VIEW)
    return counted(narrowed(apps_of(actor), search=search, category=category)).order_by("name", "id")


def app_detail(actor: Actor, tag: str) -> App:
    """An own app with its counts. Raises NotFound."""
    return mine(actor, counted(apps_of(actor)), "app", tag=tag)


def environments_of(actor: Actor, app_tag: str) -> QuerySet[AppEnvironment]:
    """Raises NotFound."""
    return own_app(actor, app_tag).environments.order_by("position", "id")


def folders_of(actor: Actor, app_tag: str) -> QuerySet[Folder]:
    """With `action_count`, the actions directly inside. Raises NotFound."""
    return own_app(actor, app_tag).folders.annotate(action_count=Count("actions")).order_by("position", "id")


def auths_of(actor: Actor, app_tag: str) -> QuerySet[AppAuth]:
    """Raises NotFound."""
    return own_app(actor, app_tag).auths.order_by("tag")


def variables_of(actor: Actor, app_tag: str) -> QuerySet[AppVariable]:
    """Raises NotFound."""
    return own_app(actor, app_tag).variables.order_by("key")


def constants_of(actor: Actor, app_tag: str) -> QuerySet[AppConstant]:
    """Raises NotFound."""
    return own_app(actor, app_tag).constants.order_by("key")


def own_connections_of(actor: Actor, app: App) -> list[Connection]:
    """Where the actor's own workspace has connected an app; never where others have."""
    rows = Connection.objects.filter(app=app, product__workspace=actor.workspace).select_related("product")
    rows = narrow_to_products(actor, rows)
    return list(rows.order_by("product__name", "tag")[:100])


def narrowed(rows: QuerySet[App], *, search: str, category: str) -> QuerySet[App]:
    """Those whose name, tag or description has the words, of one category."""
    for word in search.split()[:8]:
        rows = rows.filter(Q(name__icontains=word) | Q(tag__icontains=word) | Q(description__icontains=word))
    return rows.filter(category=category) if category else rows


def counted(rows: QuerySet[App]) -> QuerySet[App]:
    """With the number of actions, and of connections in any workspace."""
    actions = Action.objects.filter(app=OuterRef("pk")).order_by().values("app").annotate(n=Count("pk")).values("n")
    connections = (
        Connection.objects
        .filter(app=OuterRef("pk"), product__deleting_at__isnull=True)
        .order_by()
        .values("app")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return rows.annotate(
        action_count=Coalesce(Subquery(actions), 0), connection_count=Coalesce(Subquery(connections), 0)
    )


def environment(actor: Actor, app_tag: str, slug: str) -> AppEnvironment:
    """Raises NotFound."""
    return mine(actor, environments_of(actor, app_tag), "environment", slug=slug)


def auth(actor: Actor, app_tag: str, tag: str) -> AppAuth:
    """Raises NotFound."""
    return mine(actor, auths_of(actor, app_tag), "auth", tag=tag)


def variable(actor: Actor, app_tag: str, key: str) -> AppVariable:
    """Raises NotFound."""
    return mine(actor, variables_of(actor, app_tag), "variable", key=key)


def constant(actor: Actor, app_tag: str, key: str) -> AppConstant:
    """Raises NotFound."""
    return mine(actor, constants_of(actor, app_tag), "constant", key=key)


def app_page(actor: Actor, app_id: object) -> App:
    """An own or published app with its counts, to look at. Raises NotFound."""
    rows = counted(connectable_apps(actor)).select_related("workspace")
    return mine(actor, rows, "app", id=app_id)


def app_parts(actor: Actor, app_id: object) -> App:
    """An app that the actor may connect, with its environments, auths and variables at hand. Raises NotFound."""
    rows = connectable_apps(actor).select_related("workspace").prefetch_related("environments", "auths", "variables")
    return mine(actor, rows, "app", id=app_id)


def is_within_reach(actor: Actor, app: App) -> bool:
    """Whether nothing but products of the actor's scope is connected to it, so that a change reaches no other."""
    if not actor.product_scope:
        return True
    stay = app.connections.filter(product__deleting_at__isnull=True)
    return not stay.exclude(product__in=products_of(actor)).exists()


def folders_with_counts(app: App) -> list[Folder]:
    """As the sidebar of an app's actions shows them."""
    return list(app.folders.annotate(action_count=Count("actions")).order_by("position", "path")[:500])


def shown_environments(app: App) -> list[AppEnvironment]:
    """Of an app that the actor already got."""
    return list(app.environments.order_by("position", "id"))


def shown_auths(app: App) -> list[AppAuth]:
    """Of an app that the actor already got."""
    return list(app.auths.order_by("tag"))


def shown_values(app: App) -> dict[str, Any]:
    """Variables and constants of an app that the actor already got."""
    return {"variables": list(app.variables.order_by("key")), "constants": list(app.constants.order_by("key"))}
