"""REST of connections: secret values are taken and never given back."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.fields import Entries, Flag, Tag, Text
from products.api.schema import FieldProblemShape, answers, created, reading
from products.models import Connection
from products.queries import connections as queries
from products.services import connections
from products.services.environments import MAX_ENVIRONMENTS


class ConnectedEnvironmentShape(serializers.Serializer[Any]):
    """Where a connection leads from one environment of the product."""

    environment = serializers.CharField(source="environment.slug")
    app_environment = serializers.CharField(source="app_environment.slug", allow_null=True, default=None)
    auth = serializers.CharField(source="auth.tag", allow_null=True, default=None)
    mapped = serializers.SerializerMethodField()
    complete = serializers.BooleanField()
    variables = serializers.SerializerMethodField(help_text="By key; ••• stands for a value that nobody can read.")
    credentials = serializers.SerializerMethodField(help_text="By key; ••• stands for a value that is there.")
    problems = FieldProblemShape(many=True)
    allowed_hosts = serializers.ListField(
        source="mapped.allowed_hosts",
        child=serializers.CharField(),
        default=list,
        read_only=True,
        help_text="Where secret values are sent to, as confirmed by who saved this last; `sha256:…` hides an address.",
    )
    verify_tls = serializers.BooleanField(source="verifies_tls", help_text="False: any certificate is accepted.")
    health = serializers.ChoiceField(source="health.state", choices=["healthy", "expiring", "broken", "untested"])
    health_reason = serializers.CharField(source="health.reason", allow_blank=True)
    authorized_at = serializers.DateTimeField(
        source="mapped.authorized_at",
        allow_null=True,
        default=None,
        help_text="When an account was connected by OAuth.",
    )
    last_success_at = serializers.DateTimeField(source="mapped.last_success_at", allow_null=True, default=None)
    last_failure_at = serializers.DateTimeField(source="mapped.last_failure_at", allow_null=True, default=None)
    last_failure = serializers.CharField(source="mapped.last_failure", default="")

    class Meta:
        ref_name = "ConnectedEnvironment"

    def get_mapped(self, view: queries.EnvironmentView) -> bool:
        """Whether it leads anywhere."""
        return view.mapped is not None

    def get_variables(self, view: queries.EnvironmentView) -> dict[str, Any]:
        """Plain values as they are, sealed ones masked."""
        return {value.key: value.shown for value in view.variables}

    def get_credentials(self, view: queries.EnvironmentView) -> dict[str, Any]:
        """`$Secret{…}` texts as they are, everything else masked."""
        return {value.key: value.shown for value in view.credentials}


class ConnectedAppShape(serializers.Serializer[Any]):
    """The app of a connection."""

    id = serializers.UUIDField()
    tag = serializers.CharField()
    name = serializers.CharField()
    publisher = serializers.CharField(source="workspace.name")

    class Meta:
        ref_name = "ConnectedApp"


class ConnectionShape(serializers.Serializer[Any]):
    """A connection with every environment of its product."""

    id = serializers.UUIDField(source="connection.id")
    tag = serializers.CharField(source="connection.tag")
    name = serializers.CharField(source="connection.name")
    app = ConnectedAppShape()
    environments = ConnectedEnvironmentShape(many=True)
    created_at = serializers.DateTimeField(source="connection.created_at")
    updated_at = serializers.DateTimeField(source="connection.updated_at")

    class Meta:
        ref_name = "Connection"

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Rows of the list become views; they carry everything that is asked for here."""
        view = queries.view(instance) if isinstance(instance, Connection) else instance
        return dict(super().to_representation(view))


AIM = (
    "Slug of an environment of the app; needed the first time. Naming it confirms that secret values may be sent to "
    "the hosts to which the app leads now."
)


class MappingInput(serializers.Serializer[Any]):
    """Where a connection is to lead from one environment; what is not named stays."""

    app_environment = Tag(required=False, help_text=AIM)
    auth = Tag(required=False, allow_null=True, help_text="Tag of an auth of the app; null for none.")
    verify_tls = Flag(
        required=False, help_text="False accepts any certificate; refused in an environment that is marked red."
    )
    variables = serializers.DictField(required=False, help_text="Merged by key; null removes, ••• keeps.")
    credentials = serializers.DictField(
        required=False, write_only=True, help_text="Merged by key: a text, or one that names `$Secret{KEY}`."
    )


class ConnectionInput(serializers.Serializer[Any]):
    """A new connection."""

    app = Text(max_length=63, help_text="Tag of an own app, or id of a published one.")
    tag = Tag(required=False, help_text="The access tag: how runs name this connection.")
    name = Text(max_length=200, required=False)
    environments = Entries(
        child=serializers.DictField(),
        most=MAX_ENVIRONMENTS,
        required=False,
        help_text="Mappings by slug of the product's environment.",
    )


class ConnectionChange(serializers.Serializer[Any]):
    """What may change about a connection."""

    name = Text(max_length=200)


class ConnectionsView(WorkspaceView):
    """`…/products/{product}/connections/`"""

    keyset = ("tag", "id")

    @extend_schema(operation_id="connections_list", tags=["connections"], responses=reading(ConnectionShape(many=True)))
    def get(self, request: Any, workspace: str, product: str) -> Response:
        """The product's connections, and what each environment of them lacks."""
        return self.page(queries.connections_of(self.actor, product), ConnectionShape)

    @extend_schema(
        operation_id="connections_create",
        tags=["connections"],
        request=ConnectionInput,
        responses=answers(ConnectionShape, status=201),
    )
    def post(self, request: Any, workspace: str, product: str) -> Response:
        """Connects an own or published app; the environments may be mapped in the same step."""
        row = connections.connect(self.actor, product, self.read(ConnectionInput))
        shown = queries.connection(self.actor, product, row.tag)
        return created(ConnectionShape(shown).data, f"{request.path}{row.tag}/")


class ConnectionView(WorkspaceView):
    """`…/products/{product}/connections/{connection}/`"""

    moves = frozenset({"health", "health_reason", "last_success_at", "last_failure_at", "last_failure"})

    @extend_schema(operation_id="connections_read", tags=["connections"], responses=reading(ConnectionShape))
    def get(self, request: Any, workspace: str, product: str, connection: str) -> Response:
        """One connection."""
        return Response(ConnectionShape(queries.connection(self.actor, product, connection)).data)

    @extend_schema(
        operation_id="connections_update",
        tags=["connections"],
        request=ConnectionChange,
        responses=answers(ConnectionShape),
    )
    def patch(self, request: Any, workspace: str, product: str, connection: str) -> Response:
        """Another name."""
        connections.rename(self.actor, product, connection, self.read(ConnectionChange))
        return Response(ConnectionShape(queries.connection(self.actor, product, connection)).data)

    @extend_schema(operation_id="connections_delete", tags=["connections"], responses=answers())
    def delete(self, request: Any, workspace: str, product: str, connection: str) -> Response:
        """Disconnects the app and deletes every value."""
        connections.disconnect(self.actor, product, connection)
        return Response(status=204)


class MappingView(WorkspaceView):
    """`…/products/{product}/connections/{connection}/environments/{environment}/`"""

    @extend_schema(
        operation_id="connections_map", tags=["connections"], request=MappingInput, responses=answers(ConnectionShape)
    )
    def patch(self, request: Any, workspace: str, product: str, connection: str, environment: str) -> Response:
        """Says where the connection leads from this environment, and with which values."""
        data = self.read(MappingInput)
        connections.map_environment(self.actor, product, connection, environment, data=data)
        return Response(ConnectionShape(queries.connection(self.actor, product, connection)).data)

    @extend_schema(operation_id="connections_unmap", tags=["connections"], responses=answers())
    def delete(self, request: Any, workspace: str, product: str, connection: str, environment: str) -> Response:
        """Forgets this environment and its values."""
        connections.unmap_environment(self.actor, product, connection, environment)
        return Response(status=204)
