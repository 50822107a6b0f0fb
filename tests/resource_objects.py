"""One of each kind of resource in a workspace, none of which needs a server; asked again, the same one."""

from __future__ import annotations

from io import BytesIO

from processors.models import KeptFile
from processors.services import files
from products.models import DatabaseAction, Environment, Migration, Resource, ResourceConfig, Workspace
from products.services.database_actions import create_action
from products.services.migrations import create_migration
from products.services.resources import create_resource
from tests.objects import environment, owner, product

BY_ID = {"type": "read", "sql": "SELECT * FROM orders WHERE id = {{id:INTEGER}}"}
UP = ["CREATE TABLE orders (id INTEGER PRIMARY KEY, sku TEXT NOT NULL)"]
DOWN = ["DROP TABLE orders"]


def database(workspace: Workspace) -> Resource:
    """`orders-acme`, a file of SQLite in the fourth environment."""
    return _resource(workspace, "database", "orders", {"provider": "sqlite", "settings": {"file": "orders"}})


def storage(workspace: Workspace) -> Resource:
    """`files-acme`, a folder on the disk."""
    return _resource(workspace, "storage", "files", {"provider": "local", "settings": {"folder": "files"}})


def place(workspace: Workspace) -> ResourceConfig:
    """The storage in the environment that works."""
    return storage(workspace).configs.get(environment=environment(workspace))


def cache(workspace: Workspace) -> Resource:
    """`rates-acme`, built in."""
    return _resource(workspace, "cache", "rates", {"provider": "builtin"})


def database_action(workspace: Workspace) -> DatabaseAction:
    """`by-id-acme`."""
    tag = f"by-id-{workspace.tag}"
    found = DatabaseAction.objects.filter(resource=database(workspace), tag=tag).first()
    return found or create_action(owner(workspace), database(workspace), name="By id", tag=tag, definition=BY_ID)


def migration(workspace: Workspace) -> Migration:
    """`0001-acme`."""
    tag = f"0001-{workspace.tag}"
    found = Migration.objects.filter(resource=database(workspace), tag=tag).first()
    return found or create_migration(owner(workspace), database(workspace), tag=tag, up=UP, down=DOWN)


def everything(workspace: Workspace) -> Workspace:
    """The workspace, with all of these in it."""
    database_action(workspace), migration(workspace), storage(workspace), cache(workspace)
    return workspace


def resting_environment(workspace: Workspace) -> Environment:
    """One that has database and storage and does no work: who may look there is told so at once, without a worker."""
    row = Environment.objects.get_or_create(
        product=product(workspace),
        slug=f"rest-{workspace.tag}",
        defaults={"name": "Resting", "position": 4, "active": False},
    )[0]
    database(workspace).configs.get_or_create(environment=row, defaults={"provider": "sqlite"})
    storage(workspace).configs.get_or_create(environment=row, defaults={"provider": "local"})
    return row


def kept_file(workspace: Workspace) -> KeptFile:
    """A whole content."""
    found = KeptFile.objects.filter(workspace=workspace, is_whole=True).first()
    return found or files.take_in(owner(workspace), product(workspace).tag, BytesIO(b"whole"), name="whole.txt")


def begun_file(workspace: Workspace) -> KeptFile:
    """A content that goes on, of which nothing is there yet."""
    found = KeptFile.objects.filter(workspace=workspace, is_whole=False).first()
    return found or files.take_in(owner(workspace), product(workspace).tag, BytesIO(), name="begun.txt", is_whole=False)


def _resource(workspace: Workspace, kind: str, name: str, config: dict[str, object]) -> Resource:
    tag = f"{name}-{workspace.tag}"
    shop = product(workspace)
    found = Resource.objects.filter(product=shop, kind=kind, tag=tag).first()
    if found:
        return found
    data = {"name": name.capitalize(), "tag": tag, "environments": {environment(workspace).slug: config}}
    return create_resource(owner(workspace), shop.tag, kind, data)
