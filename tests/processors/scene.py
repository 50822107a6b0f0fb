"""A product with one connected app, made of rows: what a test needs before it can run an action."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from products.lib.actions import ActionSpec, AuthSpec, Body, Parameter, to_json
from products.lib.origins import origins_of
from products.models import (
    Action,
    App,
    AppAuth,
    AppEnvironment,
    AppVariable,
    Connection,
    ConnectionEnvironment,
    ConnectionValue,
    Environment,
    Product,
    Workspace,
)
from products.services import vault

ECHO = ActionSpec(
    tag="echo",
    name="Echo",
    method="POST",
    path="/echo/{id}",
    parameters=(Parameter("id", "path", required=True), Parameter("mood", "query")),
    body=Body(schema={"type": "object", "properties": {"amount": {"type": "number"}, "note": {"type": "string"}}}),
)
GET = ActionSpec(tag="get", name="Get", method="GET", path="/get", parameters=(Parameter("q", "query"),))


@dataclass(slots=True)
class Scene:
    """`shop` in `dev`, with the app `api` connected as `api`."""

    workspace: Workspace
    product: Product
    environment: Environment
    app: App
    app_environment: AppEnvironment
    connection: Connection
    mapped: ConnectionEnvironment
    actions: dict[str, Action] = field(default_factory=dict)

    def add(self, spec: ActionSpec, **policy: Any) -> Action:
        """One more action of the app."""
        row = Action.objects.create(
            app=self.app, tag=spec.tag, name=spec.name, method=spec.method, path=spec.path, spec=to_json(spec),
            policy=policy,
        )  # fmt: skip
        self.actions[spec.tag] = row
        return row

    def authenticate(self, auth: AuthSpec, **credentials: str) -> None:
        """The connection's auth, with sealed credentials."""
        self.mapped.auth = AppAuth.objects.create(
            app=self.app, tag=auth.tag, name=auth.name, kind=auth.kind, spec=to_json(auth)
        )
        self.mapped.save()
        for key, value in credentials.items():
            self.value("credential", key, sealed=value)

    def value(self, kind: str, key: str, *, plain: Any = None, sealed: str | None = None) -> ConnectionValue:
        """A variable or credential, plain or sealed."""
        if kind == "variable":
            AppVariable.objects.get_or_create(app=self.app, key=key)
        row, _ = ConnectionValue.objects.get_or_create(connection_environment=self.mapped, kind=kind, key=key)
        row.value = plain
        row.sealed = None if sealed is None else vault.seal(self.workspace, row, "sealed", sealed)
        row.save()
        self.bind()
        return row

    def bind(self, *hosts: str) -> None:
        """The connection's secret values may go to these hosts, or to where it leads now."""
        self.mapped.allowed_hosts = list(hosts or origins_of([self.app_environment.base_url], {}))
        self.mapped.save()


def make_scene(workspace: Workspace, base_url: str, *, product: str = "shop") -> Scene:
    """The scene, whose app lives at `base_url`, with the actions `echo` and `get`."""
    shop = Product.objects.create(workspace=workspace, tag=product, name="Shop")
    dev = Environment.objects.create(product=shop, slug="dev", name="Development")
    app = App.objects.create(workspace=workspace, tag=f"api-{product}", name="API")
    live = AppEnvironment.objects.create(app=app, slug="live", name="Live", base_url=base_url)
    connection = Connection.objects.create(product=shop, app=app, tag="api", name="API")
    mapped = ConnectionEnvironment.objects.create(connection=connection, environment=dev, app_environment=live)
    scene = Scene(workspace, shop, dev, app, live, connection, mapped)
    for spec in (ECHO, GET):
        scene.add(spec)
    return scene
