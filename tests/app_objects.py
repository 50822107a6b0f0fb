"""One of each part of an app in a workspace, for the table of rights; asked again, the same one."""

from __future__ import annotations

import json

from products.models import (
    Action,
    ActionSample,
    App,
    Connection,
    DocumentImport,
    Feature,
    Folder,
    Release,
    Visibility,
    Workspace,
)
from products.services import (
    actions,
    app_environments,
    apps,
    auths,
    connections,
    folders,
    import_work,
    imports,
    samples,
    variables,
)
from products.services.features import create_feature, update_feature
from products.services.imports import NewImport
from products.services.releases import make_release
from tests.objects import environment, owner, product

DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Orders", "version": "1"},
    "servers": [{"url": "https://api.example.com"}],
    "paths": {"/orders": {"get": {"operationId": "list", "responses": {"200": {"description": "ok"}}}}},
}


def app(workspace: Workspace) -> App:
    """A private app with one of everything, `ledger-acme`."""
    tag = f"ledger-{workspace.tag}"
    found = App.objects.filter(workspace=workspace, tag=tag).first()
    if found:
        return found
    actor = owner(workspace)
    row = apps.create_app(actor, {"name": "Ledger", "tag": tag})
    app_environments.create_environment(actor, tag, {"slug": "live", "name": "Live", "base_url": "https://x.example"})
    place = f"spare-{workspace.tag}"
    app_environments.create_environment(actor, tag, {"slug": place, "name": "Spare", "base_url": "https://y.example"})
    variables.create_variable(actor, tag, {"key": f"region-{workspace.tag}"})
    variables.create_constant(actor, tag, {"key": f"version-{workspace.tag}", "value": "v1"})
    auths.create_auth(actor, tag, {"name": "Token", "kind": "bearer", "tag": f"bearer-{workspace.tag}"})
    actions.create_action(
        actor, tag, {"name": "List", "tag": f"list-{workspace.tag}", "method": "GET", "path": "/entries"}
    )
    folders.create_folder(actor, tag, {"path": "Empty"})
    samples.save_sample(actor, tag, f"list-{workspace.tag}", {"name": "Answer", "body": {"entries": []}})
    return row


def folder(workspace: Workspace) -> Folder:
    """An empty one."""
    return Folder.objects.get(app=app(workspace))


def action(workspace: Workspace) -> Action:
    """`list-acme`."""
    return Action.objects.get(app=app(workspace))


def sample(workspace: Workspace) -> ActionSample:
    """Of that action."""
    return ActionSample.objects.get(action=action(workspace))


def listing(workspace: Workspace) -> App:
    """A published app; strangers may see it, so the table looks at it only from `acme` itself."""
    row = App.objects.filter(workspace=workspace, tag="published").first()
    if row is None:
        row = apps.create_app(owner(workspace), {"name": "Published", "tag": "published"})
        actions.create_action(
            owner(workspace), row.tag, {"name": "L", "tag": f"list-{workspace.tag}", "method": "GET", "path": "/l"}
        )
        if workspace.tag == "acme":
            App.objects.filter(pk=row.pk).update(visibility=Visibility.PUBLIC)
    return row


def ledger_connection(workspace: Workspace) -> Connection:
    """The ledger connected as `ledger-acme`, mapped in the fourth environment."""
    tag = f"ledger-{workspace.tag}"
    found = Connection.objects.filter(product=product(workspace), tag=tag).first()
    if found:
        return found
    data = {"app": app(workspace).tag, "tag": tag, "environments": {environment(workspace).slug: MAPPING}}
    return connections.connect(owner(workspace), product(workspace).tag, data)


MAPPING = {"app_environment": "live"}


def feature(workspace: Workspace) -> Feature:
    """`nightly-acme`: calls the ledger's action."""
    tag = f"nightly-{workspace.tag}"
    found = Feature.objects.filter(product=product(workspace), tag=tag).first()
    if found:
        return found
    call = {"tag": "list", "type": "action", "app": ledger_connection(workspace).tag, "event": action(workspace).tag}
    definition = {"sequences": [{"tag": "main", "events": [call]}], "output": "$Step{list}"}
    return create_feature(owner(workspace), product(workspace), tag=tag, name="Nightly", definition=definition).row


def ready_import(workspace: Workspace) -> DocumentImport:
    """A document that waits for a decision."""
    found = DocumentImport.objects.filter(workspace=workspace, state="ready").first()
    if found:
        return found
    row = imports.start_import(
        owner(workspace), NewImport(document=json.dumps(DOCUMENT).encode(), app=app(workspace).tag)
    )
    import_work.read_import(str(row.pk))
    row.refresh_from_db()
    return row


def release(workspace: Workspace) -> Release:
    """Of that feature; in `acme` release 1, elsewhere 2: numbers belong to their product."""
    wanted = 1 if workspace.tag == "acme" else 2
    while (found := Release.objects.filter(product=product(workspace), number=wanted).first()) is None:
        made = make_release(owner(workspace), product(workspace)) if feature(workspace) else None
        update_feature(owner(workspace), feature(workspace), description=f"After {made}")
    return found
