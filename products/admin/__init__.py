"""The admin of the lower storey: everything can be looked at, nothing secret is shown."""

from products.admin import (
    apps,
    connections,
    idempotency,
    imports,
    people,
    products,
    resources,
    secrets,
    sign_in,
    workspaces,
)

__all__ = [
    "apps",
    "connections",
    "idempotency",
    "imports",
    "people",
    "products",
    "resources",
    "secrets",
    "sign_in",
    "workspaces",
]
