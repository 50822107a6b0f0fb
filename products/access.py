"""Roles and what they permit, and the only way from an id to an object.

An `Actor` is somebody (a person, or a client with an access key) in one workspace. Every service takes one and asks it
first; every query starts from its workspace. What is not there and what belongs to somebody else look the same: 404.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from products.lib.errors import Forbidden, NotFound
from products.models import (
    AccessKey,
    App,
    Environment,
    KeyVerb,
    Membership,
    Product,
    Role,
    User,
    Visibility,
    Workspace,
)

RowType = TypeVar("RowType", bound=Model)


class Permission(StrEnum):
    """What one may do; services name these, never roles."""

    VIEW = "view"  # everything but secrets' values: products, apps, runs, connections
    EDIT = "edit"  # products, environments, connections
    EDIT_APPS = "edit_apps"
    PUBLISH_APPS = "publish_apps"
    USE_SECRETS = "use_secrets"  # name a secret in a definition, give credentials
    RUN = "run"  # start, replay and cancel runs
    MANAGE_MEMBERS = "manage_members"
    MANAGE_OWNERS = "manage_owners"
    MANAGE_SECRETS = "manage_secrets"
    MANAGE_KEYS = "manage_keys"
    MANAGE_PROCESSORS = "manage_processors"
    VIEW_AUDIT = "view_audit"
    VIEW_MEMBERS = "view_members"
    MANAGE_WORKSPACE = "manage_workspace"


_VIEWER = {Permission.VIEW, Permission.VIEW_MEMBERS}
_DEVELOPER = _VIEWER | {Permission.EDIT, Permission.EDIT_APPS, Permission.USE_SECRETS, Permission.RUN}
_ADMIN = _DEVELOPER | {
    Permission.PUBLISH_APPS,
    Permission.MANAGE_MEMBERS,
    Permission.MANAGE_SECRETS,
    Permission.MANAGE_KEYS,
    Permission.MANAGE_PROCESSORS,
    Permission.VIEW_AUDIT,
}
ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.VIEWER: frozenset(_VIEWER),
    Role.DEVELOPER: frozenset(_DEVELOPER),
    Role.ADMIN: frozenset(_ADMIN),
    Role.OWNER: frozenset(Permission),
}
VERB_PERMISSIONS: dict[str, frozenset[Permission]] = {
    KeyVerb.READ: frozenset({Permission.VIEW}),
    KeyVerb.RUN: frozenset({Permission.VIEW, Permission.RUN}),
    KeyVerb.WRITE: frozenset({Permission.VIEW, Permission.EDIT, Permission.EDIT_APPS, Permission.USE_SECRETS}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody in one workspace. Empty scopes mean: all products, all environments."""

    workspace: Workspace
    permissions: frozenset[Permission]
    user: User | None = None
    key: AccessKey | None = None
    role: str = ""
    product_scope: frozenset[str] = frozenset()
    environment_scope: frozenset[str] = frozenset()
    request_id: str = ""

    @property
    def name(self) -> str:
        """As the audit log calls them."""
        if self.key is not None:
            return f"key {self.key.name}"
        return self.user.email if self.user is not None else "system"

    def may(self, permission: Permission) -> bool:
        """Whether the role, or the key's verbs, permit it."""
        return permission in self.permissions

    def reaches(self, environment: Environment) -> bool:
        """Whether it is one of those that the actor is narrowed to."""
        return not self.environment_scope or environment.slug in self.environment_scope

    def may_run_in(self, environment: Environment) -> bool:
        """Whether running is allowed in this environment."""
        return self.may(Permission.RUN) and self.reaches(environment)

    def may_change_in(self, environment: Environment) -> bool:
        """Whether this environment may be changed: itself, what leads from it, and what it runs."""
        return self.may(Permission.EDIT) and self.reaches(environment)

    def need(self, permission: Permission) -> None:
        """Raises Forbidden unless permitted; a stranger never gets here."""
        if permission not in self.permissions:
            raise Forbidden(f"This needs the permission “{permission.replace('_', ' ')}”.")

    def need_run_in(self, environment: Environment) -> None:
        """Raises Forbidden unless running in this environment is permitted."""
        self.need(Permission.RUN)
        if not self.may_run_in(environment):
            raise Forbidden(f"You may not run anything in the environment “{environment.slug}”.")

    def need_change_in(self, environment: Environment) -> None:
        """Raises Forbidden unless changing this environment is permitted."""
        self.need(Permission.EDIT)
        if not self.may_change_in(environment):
            raise Forbidden(f"You may not change anything in the environment “{environment.slug}”.")


def member(user: User, workspace_tag: str, *, request_id: str = "") -> Actor:
    """The person as a member of the workspace. Raises NotFound for strangers."""
    membership = (
        Membership.objects
        .select_related("workspace")
        .filter(
            user_id=user.pk,
            workspace__tag=_text(workspace_tag),
            workspace__deleting_at__isnull=True,
            user__is_active=True,
        )
        .first()
    )
    if membership is None:
        raise NotFound("There is no such workspace.")
    return _actor_of(membership, user, request_id)


def members(users: Iterable[User], workspace_tags: Iterable[str]) -> list[Actor]:
    """Each of these people in each of these workspaces that they are a member of, in one query."""
    known = {user.pk: user for user in users}
    rows = Membership.objects.select_related("workspace").filter(
        user_id__in=list(known),
        workspace__tag__in=list(workspace_tags),
        workspace__deleting_at__isnull=True,
        user__is_active=True,
    )
    return [_actor_of(row, known[row.user_id], "") for row in rows]


def _actor_of(membership: Membership, user: User, request_id: str) -> Actor:
    return Actor(
        workspace=membership.workspace,
        permissions=ROLE_PERMISSIONS[membership.role],
        user=user,
        role=membership.role,
        product_scope=frozenset(membership.product_scope),
        environment_scope=frozenset(membership.environment_scope),
        request_id=request_id,
    )


def client(key: AccessKey, workspace_tag: str, *, now: datetime, request_id: str = "") -> Actor:
    """The bearer of an access key, in the key's own workspace only. Raises NotFound elsewhere."""
    expired = key.expires_at is not None and key.expires_at <= now
    ended = expired or key.revoked_at is not None or key.workspace.deleting_at is not None
    if key.workspace.tag != workspace_tag or ended:
        raise NotFound("There is no such workspace.")
    permissions: frozenset[Permission] = frozenset().union(*(VERB_PERMISSIONS[verb] for verb in key.verbs))
    return Actor(
        workspace=key.workspace,
        permissions=permissions,
        key=key,
        product_scope=frozenset(key.product_scope),
        environment_scope=frozenset(key.environment_scope),
        request_id=request_id,
    )


def system(workspace: Workspace) -> Actor:
    """The platform itself, for what no person started."""
    return Actor(workspace=workspace, permissions=frozenset(Permission))


def workspaces_of(user: User) -> QuerySet[Workspace]:
    """Those the person is a member of."""
    return Workspace.objects.filter(memberships__user=user, deleting_at__isnull=True).order_by("name")


def products_of(actor: Actor) -> QuerySet[Product]:
    """Those the actor may see."""
    rows = Product.objects.filter(workspace=actor.workspace, deleting_at__isnull=True)
    return rows.filter(tag__in=actor.product_scope) if actor.product_scope else rows


def product(actor: Actor, tag: str) -> Product:
    """Raises NotFound."""
    actor.need(Permission.VIEW)
    return _one(products_of(actor), "product", tag=_text(tag))


def environment(actor: Actor, product_row: Product, slug: str) -> Environment:
    """An environment of a product that the actor already got. Raises NotFound."""
    actor.need(Permission.VIEW)
    _same_workspace(actor, product_row.workspace_id)
    return _one(
        Environment.objects.filter(product=product_row).select_related("product"), "environment", slug=_text(slug)
    )


def active_environments(product_row: Product) -> list[Environment]:
    """Those of a product that the actor already got, in their order."""
    return list(product_row.environments.filter(active=True))


def apps_of(actor: Actor) -> QuerySet[App]:
    """The workspace's own apps."""
    return App.objects.filter(workspace=actor.workspace)


def own_app(actor: Actor, tag: str) -> App:
    """An app of the workspace itself. Raises NotFound."""
    actor.need(Permission.VIEW)
    return _one(apps_of(actor), "app", tag=_text(tag))


def connectable_apps(actor: Actor) -> QuerySet[App]:
    """Own apps and those that anybody published."""
    return App.objects.filter(Q(workspace=actor.workspace) | Q(visibility=Visibility.PUBLIC))


def app_by_id(actor: Actor, app_id: UUID | str) -> App:
    """An own or published app, to look at and connect. Raises NotFound."""
    actor.need(Permission.VIEW)
    return _one(connectable_apps(actor).select_related("workspace"), "app", id=app_id)


def mine(actor: Actor, rows: QuerySet[RowType], what: str, **by: Any) -> RowType:
    """One row out of rows that a query has already narrowed to the actor's workspace. Raises NotFound."""
    actor.need(Permission.VIEW)
    return _one(rows, what, **by)


def _one(rows: QuerySet[RowType], what: str, **by: Any) -> RowType:
    try:
        unstorable = any(isinstance(value, str) and "\x00" in value for value in by.values())
        row = None if unstorable else rows.filter(**by).first()
    except (ValueError, ValidationError):  # an id that is not one
        row = None
    if row is None:
        raise NotFound(f"There is no such {what}.")
    return row


def _same_workspace(actor: Actor, workspace_id: UUID) -> None:
    if workspace_id != actor.workspace.pk:
        raise NotFound


def _text(value: object) -> str:
    return value if isinstance(value, str) and "\x00" not in value else ""


def narrow_to_products(actor: Actor, rows: QuerySet[RowType], field: str = "product__tag") -> QuerySet[RowType]:
    """Leaves out rows of products that are being deleted or outside the actor's scope."""
    rows = rows.filter(**{f"{field.removesuffix('tag')}deleting_at__isnull": True})
    return rows.filter(**{f"{field}__in": actor.product_scope}) if actor.product_scope else rows


def of_standing_environments(rows: QuerySet[RowType], field: str = "environment") -> QuerySet[RowType]:
    """Leaves out rows of environments that are being deleted; for what was not found by way of its environment."""
    return rows.filter(**{f"{field}__deleting_at__isnull": True})


def role_rank(role: str) -> int:
    """Higher may more."""
    order: Iterable[str] = (Role.VIEWER, Role.DEVELOPER, Role.ADMIN, Role.OWNER)
    return list(order).index(role)
