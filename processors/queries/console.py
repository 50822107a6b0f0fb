"""What the console of an action shows: the action, its connection here, and the latest runs of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from processors.models import Run
from processors.queries.run_pages import find_run
from products import access
from products.access import Actor
from products.lib.actions import ActionSpec, action_from_json
from products.lib.errors import NotFound
from products.models import Action, Connection, ConnectionEnvironment, Environment, Product


@dataclass(frozen=True, slots=True)
class Callable:
    """An action of a connected app. `place` is None where the environment is not mapped."""

    connection: Connection
    action: Action
    spec: ActionSpec
    place: ConnectionEnvironment | None

    @property
    def target(self) -> str:
        """As runs name it."""
        return f"{self.connection.tag}:{self.action.tag}"


def find_callable(
    actor: Actor, product: Product, environment: Environment | None, *, connection: str, action: str
) -> Callable:
    """Raises NotFound."""
    links = Connection.objects.filter(product=product).select_related("app")
    link = access.mine(actor, links, "connection", tag=connection)
    found = access.mine(actor, Action.objects.filter(app=link.app), "action", tag=action)
    places = ConnectionEnvironment.objects.select_related("app_environment", "auth")
    place = places.filter(connection=link, environment=environment).first() if environment else None
    return Callable(link, found, action_from_json(found.spec), place)


def connections_with(actor: Actor, action: Action) -> list[Connection]:
    """Where the workspace has connected the action's app, in products the actor may see."""
    rows = Connection.objects.filter(app_id=action.app_id, product__workspace=actor.workspace)
    return list(access.narrow_to_products(actor, rows).select_related("product").order_by("product__name", "tag")[:100])


def find_action(actor: Actor, app_id: str, tag: str) -> Action:
    """An action of an own or published app. Raises NotFound."""
    app = access.app_by_id(actor, app_id)
    return access.mine(actor, Action.objects.filter(app=app).select_related("app"), "action", tag=tag)


def latest_of(actor: Actor, product: Product, environment: Environment, target: str, *, limit: int = 8) -> list[Run]:
    """The newest runs of a target here."""
    rows = Run.objects.filter(workspace=actor.workspace, product=product, environment=environment, target=target)
    return list(rows.defer("input", "output").order_by("-id")[:limit])


def earlier_run(actor: Actor, product: Product, target: str, text: str) -> Run | None:
    """The run of this target whose id an address carries; None where there is none that the actor may see."""
    try:
        run = find_run(actor, product, UUID(text)) if text else None
    except (ValueError, NotFound):
        return None
    return run if run is not None and (run.kind, run.target) == ("action", target) else None


def is_callable(run: Run) -> bool:
    """Whether what a run of an action ran is still there."""
    connection, _, action = run.target.partition(":")
    links = Connection.objects.filter(product=run.product_id, tag=connection)
    return run.kind == "action" and Action.objects.filter(app__in=links.values("app"), tag=action).exists()
