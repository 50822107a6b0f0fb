"""Connections as pages and REST show them: what each environment has, masked, and what it still lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch, QuerySet

from products.access import Actor, Permission, mine, product
from products.lib import requirements
from products.lib.actions import AuthSpec, auth_from_json
from products.lib.errors import FieldProblem
from products.lib.redaction import MASK
from products.models import (
    Action,
    App,
    AppAuth,
    AppEnvironment,
    Colour,
    Connection,
    ConnectionEnvironment,
    ConnectionValue,
    Environment,
    ValueKind,
)
from products.queries.callable_actions import CallableAction, callable_action
from products.queries.connection_health import Health, flow_of, health_of
from products.queries.connection_hosts import clear_texts, other_addresses, token_addresses, unconfirmed
from products.queries.connection_values import missing_values, references, with_app_parts

__all__ = ["CallableAction", "callable_action", "connection", "connections_of", "missing", "view", "views"]

TEMPLATED_AT_MOST = 2_000  # paths with `{{…}}` that are looked through


@dataclass(frozen=True, slots=True)
class ValueView:
    """One variable or credential of one environment; `shown` is the mask for what is sealed."""

    kind: str
    key: str
    label: str
    type: str
    description: str
    secret: bool
    required: bool
    shown: Any
    default: Any
    missing: bool


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """One environment of the product: where the connection leads from there, and what it lacks."""

    environment: Environment
    mapped: ConnectionEnvironment | None
    app_environment: AppEnvironment | None
    auth: AppAuth | None
    variables: tuple[ValueView, ...] = ()
    credentials: tuple[ValueView, ...] = ()
    problems: tuple[FieldProblem, ...] = ()
    unconfirmed: tuple[str, ...] = ()  # where calls lead although the secret values were given for other hosts
    by_person: bool = False  # whether somebody connects an account here, by OAuth
    obtains_token: bool = False  # whether the platform gets the token, by OAuth or by logging in
    in_query: tuple[str, ...] = ()  # query parameters in which credentials are sent

    @property
    def verifies_tls(self) -> bool:
        """Whether certificates are verified from here."""
        return self.mapped is None or self.mapped.verify_tls or self.environment.colour == Colour.RED

    @property
    def health(self) -> Health:
        """How the connection does from here."""
        return health_of(self.mapped, by_person=self.by_person)

    @property
    def complete(self) -> bool:
        """Whether calls can be made from here."""
        return self.mapped is not None and not self.problems


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connection with every active environment of its product, mapped or not."""

    connection: Connection
    app: App
    environments: tuple[EnvironmentView, ...]


def connections_of(actor: Actor, product_tag: str) -> QuerySet[Connection]:
    """The connections of a product, with all that `views` needs. Raises NotFound."""
    actor.need(Permission.VIEW)
    return _with_parts(Connection.objects.filter(product=product(actor, product_tag)))


def connection(actor: Actor, product_tag: str, tag: str) -> ConnectionView:
    """One connection. Raises NotFound."""
    return view(mine(actor, connections_of(actor, product_tag), "connection", tag=tag))


def views(rows: Sequence[Connection]) -> list[ConnectionView]:
    """Rows of `connections_of` as they are shown; asks the database nothing more."""
    return [view(row) for row in rows]


def view(row: Connection) -> ConnectionView:
    """A row of `connections_of` as it is shown."""
    mapped = {place.environment_id: place for place in row.environments.all()}
    return ConnectionView(
        connection=row,
        app=row.app,
        environments=tuple(
            _environment_view(environment, mapped.get(environment.pk), row)
            for environment in row.product.environments.all()
            if environment.active or environment.pk in mapped
        ),
    )


def missing(place: ConnectionEnvironment) -> list[FieldProblem]:
    """What one environment of a connection lacks before every action of its app can be called."""
    rows = _with_parts(Connection.objects.filter(pk=place.connection_id))
    shown = view(rows.get())
    return [problem for found in shown.environments if found.mapped == place for problem in found.problems]


def _with_parts(rows: QuerySet[Connection]) -> QuerySet[Connection]:
    places = ConnectionEnvironment.objects.select_related("app_environment", "auth")
    paths = Action.objects.filter(app=OuterRef("app"), path__contains="{{").values("path")[:TEMPLATED_AT_MOST]
    return (
        rows
        .select_related("app__workspace", "product")
        .prefetch_related(
            "product__environments", Prefetch("environments", with_app_parts(places).prefetch_related("values"))
        )
        .annotate(templated_paths=ArraySubquery(paths), other_addresses=other_addresses())
    )


def _environment_view(
    environment: Environment, place: ConnectionEnvironment | None, row: Connection
) -> EnvironmentView:
    if place is None:
        return EnvironmentView(environment, None, None, None)
    auth = auth_from_json(place.auth.spec) if place.auth is not None else None
    paths: list[str] = row.templated_paths  # type: ignore[attr-defined]
    addresses = [place.app_environment.base_url, *row.other_addresses, *token_addresses(place)]  # type: ignore[attr-defined]
    elsewhere = unconfirmed(place, addresses, clear_texts(place))
    names = requirements.names_of_address(place.app_environment.base_url, paths)
    variables, credentials = missing_values(place, names, auth, references(place))
    flow = flow_of(place)
    return EnvironmentView(
        environment=environment,
        mapped=place,
        app_environment=place.app_environment,
        auth=place.auth,
        variables=_variables(place, variables),
        credentials=_credentials(place, auth, credentials),
        problems=(*_problems(place, variables, credentials), *_unconfirmed(elsewhere)),
        unconfirmed=elsewhere,
        by_person=flow is not None and flow.by_person,
        obtains_token=flow is not None or (auth is not None and auth.login is not None),
        in_query=tuple(each.key for each in auth.placements if each.place == "query") if auth is not None else (),
    )


def _variables(place: ConnectionEnvironment, lacking: Sequence[str]) -> tuple[ValueView, ...]:
    given = {value.key: value for value in place.values.all() if value.kind == ValueKind.VARIABLE}
    rows = sorted(place.app_variables, key=lambda row: row["key"])  # type: ignore[attr-defined]
    return tuple(
        ValueView(
            kind="variable",
            key=row["key"],
            label=row["key"],
            type=row["type"],
            description=row["description"],
            secret=row["secret"],
            required=row["required"],
            shown=shown(given.get(row["key"]), secret=row["secret"]),
            default=row["default"],
            missing=row["key"] in lacking,
        )
        for row in rows
    )


def _credentials(place: ConnectionEnvironment, auth: AuthSpec | None, lacking: Sequence[str]) -> tuple[ValueView, ...]:
    given = {value.key: value for value in place.values.all() if value.kind == ValueKind.CREDENTIAL}
    fields = requirements.credential_fields(auth) if auth is not None else ()
    return tuple(
        ValueView(
            kind="credential",
            key=field.key,
            label=field.label or field.key,
            type="string",
            description=field.description,
            secret=True,
            required=field.required,
            shown=shown(given.get(field.key), secret=True),
            default=None,
            missing=field.key in lacking,
        )
        for field in fields
    )


def shown(value: ConnectionValue | None, *, secret: bool) -> Any:
    """What anybody may see of a value: the mask for a sealed one, plain values and `$Secret{…}` texts as they are."""
    if value is None:
        return None
    if value.sealed is not None:
        return MASK
    if secret and not (isinstance(value.value, str) and requirements.names_secrets(value.value)):
        return None if value.value is None or value.value == "" else MASK
    return value.value


def _problems(
    place: ConnectionEnvironment, variables: Sequence[str], credentials: Sequence[str]
) -> tuple[FieldProblem, ...]:
    found = [FieldProblem(f"/variables/{key}", "missing", f"No value for the variable “{key}”.") for key in variables]
    found += [
        FieldProblem(f"/credentials/{key}", "missing", f"No value for the credential “{key}”.") for key in credentials
    ]
    if not place.app_environment.base_url:
        text = f"The app environment “{place.app_environment.slug}” has no base URL."
        found.append(FieldProblem("/app_environment", "missing", text))
    return tuple(found)


def _unconfirmed(origins: Sequence[str]) -> Iterator[FieldProblem]:
    for origin in origins:
        text = (
            f"Calls lead to {origin}, but the secret values were given for other hosts: "
            "save this environment again to confirm it."
        )
        yield FieldProblem("/app_environment", "host_not_allowed", text)


def app_of(row: Connection) -> App:
    """The app of a connection, with what its form needs at hand; also one that is no longer published."""
    return App.objects.prefetch_related("environments", "auths", "variables").get(pk=row.app_id)
