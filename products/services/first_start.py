"""What a new installation begins with: its owner, a workspace, and a product that runs against the sample API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection as database
from django.db import transaction

from products import access
from products.access import Actor
from products.importers import AppDraft, read_document
from products.lib.errors import Invalid
from products.models import AppEnvironment, ConnectionEnvironment, Membership, Product, Role, User
from products.services import app_environments, apps, auths, connections
from products.services.import_now import import_now
from products.services.products import create_product
from products.services.sample_features import make_sample_features
from products.services.sample_resources import make_sample_resources
from products.services.sign_in import prove_address
from products.services.workspaces import create_workspace

WORKSPACE: Final = ("main", "My workspace")
PRODUCT: Final = ("storefront", "Storefront")
APP: Final = "sample-shop"
ACCESS_TAG: Final = "shop"
# What the sample API's own description tells everybody; it opens nothing else.
API_KEY: Final = {"api_key": "shop-demo-key"}
LOGIN: Final = {"username": "shopkeeper", "password": "demo-password"}
LOGIN_AUTH: Final[Mapping[str, Any]] = {
    "tag": "shop-login",
    "name": "Log in as a user",
    "kind": "credential",
    "description": "Logs in with the action login and keeps the token for an hour.",
    "fields": [{"key": "username", "label": "User name", "secret": False}, {"key": "password", "label": "Password"}],
    "placements": [{"place": "header", "key": "Authorization", "value": "Bearer {{token}}"}],
    "login": {
        "action": "login",
        "input": {"username": "{{username}}", "password": "{{password}}"},
        "token_path": "token",
        "expires_in": 1,
        "period": "hours",
    },
}
_SAMPLE_URL = re.compile(r"http://127\.0\.0\.1:[0-9]+/(sandbox|live)")
_LOCK = 0x0D0C7A9E  # two first starts at once wait for each other


@dataclass(frozen=True, slots=True)
class Started:
    """Who owns the installation; `new` when this call made it. Empty tags: there is no such thing (any more).

    `databases` are those of the product whose migrations are to be run, in every environment.
    """

    email: str
    workspace: str
    product: str
    new: bool
    databases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample API: its OpenAPI document, and the port it is served at."""

    document: Path
    port: int

    @property
    def features(self) -> Path:
        """The folder of features that use it."""
        return self.document.with_name("features")

    @property
    def resources(self) -> Path:
        """The folder of databases, storages and caches that those use."""
        return self.document.with_name("resources")


def first_start(email: str, password: str, *, sample: Sample | None) -> Started:
    """Makes everything where nobody is there yet; otherwise only tells the sample app where its API is now.

    All or nothing. Raises Invalid when the e-mail address or password cannot be used.
    """
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if User.objects.exists():
            if sample is not None:
                _move_sample(sample.port)
            return _found()
        owner = _owner(email, password)
        workspace = create_workspace(owner, name=WORKSPACE[1], tag=WORKSPACE[0])
        actor = access.member(owner, workspace.tag)
        databases = _sample_product(actor, sample) if sample is not None else []
        return Started(owner.email, workspace.tag, PRODUCT[0] if sample else "", new=True, databases=tuple(databases))


def holds(email: str, password: str) -> bool:
    """Whether somebody would sign in with these."""
    owner = User.objects.filter(email=email).first()
    return owner is not None and owner.check_password(password)


def _owner(email: str, password: str) -> User:
    """Owns the workspace and may use the admin."""
    checks: dict[str, Callable[[], None]] = {
        "DUCTAPE_OWNER_EMAIL": lambda: validate_email(email),
        "DUCTAPE_OWNER_PASSWORD": lambda: validate_password(password, User(email=email)),
    }
    for name, check in checks.items():
        try:
            check()
        except ValidationError as error:
            raise Invalid(f"{name}: {' '.join(error.messages)}") from error
    owner = User.objects.create_superuser(email, password)
    prove_address(owner)  # whoever starts the installation says whose it is
    return owner


def _found() -> Started:
    owner = User.objects.filter(is_superuser=True).order_by("created_at").first()
    membership = Membership.objects.filter(user=owner, role=Role.OWNER).select_related("workspace").first()
    tag = membership.workspace.tag if membership else ""
    there = Product.objects.filter(workspace__tag=tag, tag=PRODUCT[0]).exists()
    return Started(owner.email if owner else "", tag, PRODUCT[0] if there else "", new=False)


def _sample_product(actor: Actor, sample: Sample) -> list[str]:
    import_now(_draft(sample), workspace_tag=actor.workspace.tag, app_tag=APP)
    login = auths.create_auth(actor, APP, LOGIN_AUTH)
    defaults = [*access.own_app(actor, APP).default_auths, login.tag]
    apps.update_app(actor, APP, {"default_auths": defaults, "category": "finance"})
    product = create_product(
        actor, name=PRODUCT[1], tag=PRODUCT[0], description="The sample: a shop front that uses the sample shop's API."
    )
    connections.connect(actor, PRODUCT[0], {"app": APP, "tag": ACCESS_TAG, "environments": _mapping(login.tag)})
    databases = make_sample_resources(actor, product, sample.resources)
    make_sample_features(actor, product, sample.features)
    return databases


def _mapping(login: str) -> dict[str, Any]:
    """`dev` and `prd` send the API key, `stg` logs in: both ways can be looked at."""
    by_key = {"auth": "shop-key", "credentials": API_KEY}
    return {
        "dev": {"app_environment": "sandbox", **by_key},
        "stg": {"app_environment": "sandbox", "auth": login, "credentials": LOGIN},
        "prd": {"app_environment": "live", **by_key},
    }


def _draft(sample: Sample) -> AppDraft:
    """The document as the sample API would serve it, with the environments called as it calls them."""
    document = json.loads(sample.document.read_bytes())
    for server in document["servers"]:
        server["url"] = f"http://127.0.0.1:{sample.port}{server['url']}"
    draft = read_document(json.dumps(document).encode(), filename=sample.document.name)
    named = tuple(replace(each, slug=each.base_url.rsplit("/", 1)[1]) for each in draft.environments)
    return replace(draft, environments=named)


def _move_sample(port: int) -> None:
    """The port was taken by something else: sample apps follow to the new one, everything else stays as it is."""
    rows = AppEnvironment.objects.filter(app__tag=APP, base_url__startswith="http://127.0.0.1:")
    for row in rows.select_related("app__workspace"):
        match = _SAMPLE_URL.fullmatch(row.base_url)
        if match is not None:
            _move(row, {"base_url": f"http://127.0.0.1:{port}/{match[1]}"})


def _move(row: AppEnvironment, moved: dict[str, str]) -> None:
    """The values of its connections were given for the old port: that they may go to the new one is confirmed here."""
    actor = access.system(row.app.workspace)
    if app_environments.update_environment(actor, APP, row.slug, moved).base_url == row.base_url:
        return
    places = ConnectionEnvironment.objects.filter(app_environment=row, connection__product__workspace=actor.workspace)
    for place in places.select_related("connection__product", "environment"):
        connection, slug = place.connection, place.environment.slug
        wanted = {"app_environment": row.slug}
        connections.map_environment(actor, connection.product.tag, connection.tag, slug, data=wanted)
