"""Roles, permissions and the verbs of access keys, in words; `products.access` says who has which."""

from __future__ import annotations

from typing import Final

from products.catalog.entries import Term

ROLE_TERMS: Final[tuple[Term, ...]] = (
    Term("owner", "Owner", "Everything, and the workspace itself."),
    Term("admin", "Admin", "Members, secrets, keys and every product."),
    Term("developer", "Developer", "Products, apps and runs."),
    Term("viewer", "Viewer", "Reads everything but the values of secrets."),
)

PERMISSION_TERMS: Final[tuple[Term, ...]] = (
    Term("view", "See", "Products, apps, connections and runs."),
    Term("edit", "Change products", "Products, environments and connections."),
    Term("edit_apps", "Change apps", "Apps, their actions, auths, variables and constants; import documents."),
    Term("publish_apps", "Publish apps", "Put an app on the marketplace and take it back."),
    Term("use_secrets", "Use secrets", "Name a secret in a value, and give credentials to a connection."),
    Term("run", "Run", "Start, replay and cancel runs."),
    Term("manage_members", "Manage members", "Invite people, change their role and scope, remove them."),
    Term("manage_owners", "Manage owners", "Make somebody an owner, or no longer one."),
    Term("manage_secrets", "Manage secrets", "Add, replace and delete workspace secrets."),
    Term("manage_keys", "Manage access keys", "Make and revoke access keys."),
    Term("manage_processors", "Manage processors", "Add, pause and resume processors."),
    Term("view_audit", "See the audit log", "Who changed what, and when."),
    Term("view_members", "See members", "Who is in the workspace, with which role."),
    Term("manage_workspace", "Manage the workspace", "Rename and delete it."),
)

KEY_VERB_TERMS: Final[tuple[Term, ...]] = (
    Term("read", "Read", "See what the key's scope covers."),
    Term("run", "Run", "See it, and start, replay and cancel runs in it."),
    Term("write", "Change", "See it, and change products, connections and apps."),
)
