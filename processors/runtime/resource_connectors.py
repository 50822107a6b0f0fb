"""The connectors of resources that a worker has."""

from __future__ import annotations

from django.conf import settings

from processors.connectors.caches.connector import CacheConnector
from processors.connectors.registry import Registry
from processors.runtime import resource_statements as statements
from processors.runtime.connection_health import Health
from processors.runtime.database import Pool
from processors.runtime.resources import Places, ResourceMeans
from processors.runtime.sealers import Sealers
from products.services.egress import address_policy
from products.services.file_links import url_of


def resource_means(pool: Pool, *, max_bytes: int) -> ResourceMeans:
    """What one worker process uses resources with; its registry is to be closed."""
    policy, folder = address_policy(), settings.RESOURCES_DIR
    sealers = Sealers(pool)
    caches = CacheConnector(policy, settings.VALKEY_URL, vault=sealers)
    connectors = Registry()
    connectors.register("cache", caches)
    for kind, module, make in (
        ("storage", "storage", lambda found: found.StorageConnector(policy, folder, url_of)),
        ("database", "sql", lambda found: found.SqlConnector(policy, folder)),
        ("mongodb", "mongodb", lambda found: found.MongoConnector(policy)),
    ):
        connectors.promise(kind, f"processors.connectors.{module}.connector", make)
    health = Health(pool, statements.NOTE_HEALTH)
    return ResourceMeans(pool, connectors, Places(), health, max_bytes, caches, sealers)
