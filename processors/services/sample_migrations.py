"""Gives the sample's databases their tables as soon as a worker is there: runs of their migrations, everywhere."""

from __future__ import annotations

from processors.services.migrating import migrate
from products import access
from products.models import Workspace
from products.services.first_start import Started


def migrate_sample(started: Started) -> None:
    """Starts one run for each database and environment. Raises DomainError."""
    if not started.databases:
        return
    actor = access.system(Workspace.objects.get(tag=started.workspace))
    for environment in access.active_environments(access.product(actor, started.product)):
        for database in started.databases:
            migrate(actor, product=started.product, environment=environment.slug, database=database, trigger="setup")
