"""Takes workspaces, products and environments out of everybody's reach; their rows go in the background, in lots."""

from __future__ import annotations

from django.utils import timezone

from products import dispatch
from products.models import ConnectionEnvironment, Environment, Product, ResourceConfig, Workspace


def mark(row: Workspace | Product) -> None:
    """From the commit on nobody finds it, its tag is free, and a worker is asked to delete what is left."""
    row.tag = f"~{row.pk.hex}"  # no address can name it
    row.deleting_at = timezone.now()
    row.save(update_fields=["tag", "deleting_at", "updated_at"])
    dispatch.after_commit(dispatch.DELETE_REST, str(row.pk))


def mark_environment(row: Environment) -> None:
    """The same of an environment and its slug. What connections and resources hold for it goes at once: it is little,
    credentials are among it, and apps, auths and releases are free of it."""
    for model in (ConnectionEnvironment, ResourceConfig):
        model._default_manager.filter(environment=row).delete()
    row.folder = row.folder or row.slug
    row.slug = f"~{row.pk.hex}"
    row.deleting_at = timezone.now()
    row.release = None
    row.save(update_fields=["slug", "folder", "deleting_at", "release", "updated_at"])
    dispatch.after_commit(dispatch.DELETE_REST, str(row.pk))
