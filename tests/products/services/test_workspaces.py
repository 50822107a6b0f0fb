"""Workspaces: whoever makes one owns it; deleting takes everything along, but nothing of others."""

from __future__ import annotations

import pytest

from processors.services import deleting
from products import access
from products.lib.errors import Conflict, Forbidden, Invalid
from products.models import (
    App,
    AppEnvironment,
    AuditEntry,
    Connection,
    ConnectionEnvironment,
    Membership,
    Product,
    Secret,
    Workspace,
)
from products.services.validation import Taken
from products.services.workspaces import create_workspace, delete_workspace, rename_workspace
from tests import objects
from tests.people import Cast

pytestmark = pytest.mark.django_db


def connect(product: Product, app: App) -> Connection:
    """The app connected to every environment of the product."""
    place = AppEnvironment.objects.create(app=app, slug="live", name="Live")
    row = Connection.objects.create(product=product, app=app, tag=app.tag, name=app.name)
    for environment in product.environments.all():
        ConnectionEnvironment.objects.create(connection=row, environment=environment, app_environment=place)
    return row


def test_the_maker_owns_the_workspace_and_its_tag_comes_from_the_name(cast: Cast) -> None:
    row = create_workspace(cast.vera, name="  Café   Größe ")
    assert (row.name, row.tag) == ("Café Größe", "cafe-grosse")
    assert access.member(cast.vera, row.tag).may(access.Permission.MANAGE_OWNERS)
    assert AuditEntry.objects.get(workspace=row).verb == "workspace.created"


def test_a_made_tag_avoids_others_and_a_chosen_one_is_refused_when_taken(cast: Cast) -> None:
    assert create_workspace(cast.vera, name="Acme").tag == "acme-2"
    with pytest.raises(Taken) as refused:
        create_workspace(cast.vera, name="Mine", tag="acme")
    assert refused.value.errors[0].pointer == "/tag"
    assert refused.value.status == 409


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "a\x00b", "a\ud800b"])
def test_J12_a_name_that_cannot_be_stored_is_refused_by_field(cast: Cast, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_workspace(cast.vera, name=name)
    assert refused.value.errors[0].pointer == "/name"


def test_only_the_owner_renames_and_deletes(cast: Cast) -> None:
    for user in (cast.adam, cast.dev, cast.vera):
        with pytest.raises(Forbidden):
            rename_workspace(cast.as_(user), name="Mine")
        with pytest.raises(Forbidden):
            delete_workspace(cast.as_(user))
    assert rename_workspace(cast.as_(cast.alice), name="Acme Ltd").name == "Acme Ltd"


def test_A13_deleting_takes_everything_along_and_leaves_others_alone(cast: Cast) -> None:
    for workspace in (cast.workspace, cast.elsewhere):
        app = App.objects.create(workspace=workspace, tag="stripe", name="Stripe")
        connect(objects.product(workspace), app)
        objects.secret(workspace)
        objects.key(workspace)
        objects.invitation(workspace)
    delete_workspace(cast.as_(cast.alice))
    assert not cast.workspace.memberships.exists(), "nobody gets in while it goes"
    deleting.go_on(cast.workspace.pk)
    assert list(Workspace.objects.all()) == [cast.elsewhere]
    for model in (Product, App, Secret, Membership, AuditEntry):
        assert set(model._default_manager.values_list("workspace__tag", flat=True)) == {"elsewhere"}


def test_an_app_that_others_have_connected_keeps_the_workspace(cast: Cast) -> None:
    app = App.objects.create(workspace=cast.workspace, tag="stripe", name="Stripe", visibility="public")
    connect(objects.product(cast.elsewhere), app)
    with pytest.raises(Conflict, match="Stripe"):
        delete_workspace(cast.as_(cast.alice))
    assert Workspace.objects.filter(tag="acme").exists()
