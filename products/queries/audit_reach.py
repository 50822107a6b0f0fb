"""Which entries of the audit log somebody sees who is narrowed to some products."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from products.access import Actor, products_of
from products.models import AuditEntry

# Type of a thing → what leads to it from its product.
_OF_PRODUCTS = {
    "product": "pk",
    "environment": "environments",
    "connection": "connections",
    "resource": "resources",
    "databaseaction": "resources__actions",
    "migration": "resources__migrations",
    "feature": "features",
    "release": "releases",
    "run": "runs",
}
_OF_THE_WORKSPACE = (
    "workspace",
    "membership",
    "invitation",
    "accesskey",
    "secret",
    "app",
    "appenvironment",
    "appauth",
    "appvariable",
    "appconstant",
    "folder",
    "action",
    "actionsample",
    "documentimport",
    "processor",
)


def within_reach(actor: Actor, rows: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Leaves out what was done to things of other products, and to those that are gone: nobody knows whose they were.

    What is the whole workspace's stays, but for its use by other products.
    """
    if not actor.product_scope:
        return rows
    shared = Q(object_type__in=_OF_THE_WORKSPACE) & (
        Q(changes__product__isnull=True) | Q(changes__product__in=sorted(actor.product_scope))
    )
    for kind, path in _OF_PRODUCTS.items():
        shared |= Q(object_type=kind) & Q(Exists(products_of(actor).filter(**{path: OuterRef("object_id")})))
    return rows.filter(shared)
