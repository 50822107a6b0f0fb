"""One of each thing in a workspace, made through the services where that is quick; asked again, the same one."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from products import access
from products.access import Actor
from products.lib.digests import digest_of
from products.models import (
    AccessKey,
    App,
    AppEnvironment,
    Connection,
    ConnectionEnvironment,
    ConnectionValue,
    Environment,
    Invitation,
    Membership,
    Product,
    Role,
    Secret,
    User,
    Workspace,
)
from products.services.invitations import invite
from products.services.keys import IssuedKey, NewKey, create_key
from products.services.products import create_product
from products.services.secrets import create_secret


def owner(workspace: Workspace) -> Actor:
    """The workspace's owner."""
    row = Membership.objects.select_related("user").filter(workspace=workspace, role=Role.OWNER).first()
    assert row is not None
    return access.member(row.user, workspace.tag)


def product(workspace: Workspace) -> Product:
    """`shop-acme` in `acme`, with dev, stg, prd."""
    tag = f"shop-{workspace.tag}"
    found = Product.objects.filter(workspace=workspace, tag=tag).first()
    return found or create_product(owner(workspace), name=f"Shop {workspace.name}", tag=tag)


def environment(workspace: Workspace) -> Environment:
    """A fourth environment, whose slug no other workspace has."""
    return Environment.objects.get_or_create(
        product=product(workspace), slug=f"qa-{workspace.tag}", defaults={"name": "Quality", "position": 3}
    )[0]


def member(workspace: Workspace) -> Membership:
    """A viewer besides the cast."""
    email = f"guest@{workspace.tag}.example.com"
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, None, name="Guest")
    return Membership.objects.get_or_create(workspace=workspace, user=user, defaults={"role": Role.VIEWER})[0]


def invitation(workspace: Workspace) -> Invitation:
    """An open one."""
    email = f"invited@{workspace.tag}.example.com"
    found = Invitation.objects.filter(workspace=workspace, email=email).first()
    return found or invite(owner(workspace), email=email, role=Role.VIEWER).invitation


def invitation_token(workspace: Workspace) -> str:
    """The token of the link of an open invitation."""
    token = f"token-of-{workspace.tag}"
    Invitation.objects.get_or_create(
        token_hash=digest_of(token),
        defaults={
            "workspace": workspace,
            "email": f"asked@{workspace.tag}.example.com",
            "role": Role.VIEWER,
            "expires_at": timezone.now() + timedelta(days=1),
        },
    )
    return token


def secret(workspace: Workspace) -> Secret:
    """`TOKEN_ACME`."""
    key_text = f"TOKEN_{workspace.tag.upper()}"
    found = Secret.objects.filter(workspace=workspace, key=key_text).first()
    return found or create_secret(owner(workspace), key=key_text, value="canary-7f3a9c")


def key(workspace: Workspace, *verbs: str) -> IssuedKey:
    """A new access key; without verbs it may read."""
    return create_key(owner(workspace), NewKey(name=f"Robot {' '.join(verbs)}", verbs=verbs or ("read",)))


def some_key(workspace: Workspace) -> AccessKey:
    """Any valid key of the workspace."""
    found = AccessKey.objects.filter(workspace=workspace, revoked_at=None).order_by("id").first()
    return found or key(workspace).key


def connection(workspace: Workspace) -> Connection:
    """A private app, connected to the product in every environment."""
    app = App.objects.get_or_create(
        workspace=workspace, tag=f"payments-{workspace.tag}", defaults={"name": "Payments"}
    )[0]
    place = AppEnvironment.objects.get_or_create(app=app, slug="live", defaults={"name": "Live"})[0]
    row, new = Connection.objects.get_or_create(
        product=product(workspace), tag=f"pay-{workspace.tag}", defaults={"app": app, "name": "Payments"}
    )
    if new:
        for each in row.product.environments.all():
            ConnectionEnvironment.objects.create(connection=row, environment=each, app_environment=place)
    return row


def connection_value(workspace: Workspace, *, value: str) -> ConnectionValue:
    """The variable `token` of that connection in `dev`."""
    place = connection(workspace).environments.get(environment__slug="dev")
    return ConnectionValue.objects.create(connection_environment=place, kind="variable", key="token", value=value)
