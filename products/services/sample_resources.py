"""The resources of the sample product: kept as files beside the sample API, each as REST would take it."""

from __future__ import annotations

import json
from pathlib import Path

from products.access import Actor
from products.models import Product
from products.services.database_actions import create_action
from products.services.migrations import create_migration
from products.services.resources import create_resource


def make_sample_resources(actor: Actor, product: Product, folder: Path) -> list[str]:
    """Makes them in the order of their files' names; the tags of databases that have migrations to run."""
    to_migrate = []
    for file in sorted(folder.glob("*.json")):
        data = json.loads(file.read_bytes())
        migrations, actions = data.pop("migrations", []), data.pop("actions", [])
        row = create_resource(actor, product.tag, data.pop("kind"), data)
        for migration in migrations:
            create_migration(actor, row, **migration)
        for action in actions:
            create_action(actor, row, **action)
        to_migrate += [row.tag] if migrations else []
    return to_migrate
