"""REST of resources: databases, storages, caches; secret settings are taken and never given back."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.resource_shapes import (
    KIND_CHOICES,
    ConfigInput,
    DatabaseActionChange,
    DatabaseActionInput,
    DatabaseActionShape,
    MigrationChange,
    MigrationInput,
    MigrationShape,
    ResourceChange,
    ResourceInput,
    ResourceShape,
)
from products.api.schema import answers, created, reading
from products.models import DatabaseAction, Migration, Resource, Workspace
from products.queries import database_actions as action_queries
from products.queries import resources as queries
from products.services import database_actions, migrations, resources

TAGS = ["resources"]
_KIND = OpenApiParameter("kind", str, OpenApiParameter.PATH, enum=KIND_CHOICES)


class Search(serializers.Serializer[Any]):
    """The filter of lists."""

    q = serializers.CharField(max_length=200, required=False, default="", help_text="Part of the name or tag.")


class ResourcesView(WorkspaceView):
    """`…/products/{product}/resources/{kind}/`"""

    keyset = ("name", "id")
    search = Search

    @extend_schema(
        operation_id="resources_list",
        tags=TAGS,
        parameters=[_KIND, Search],
        responses=reading(ResourceShape(many=True)),
    )
    def get(self, request: Any, workspace: str, product: str, kind: str) -> Response:
        """The product's resources of a kind, with how each environment has them."""
        rows = queries.resources_of(self.actor, product, kind, search=self.chosen()["q"])
        return self.page(rows, ResourceShape)

    @extend_schema(
        operation_id="resources_create",
        tags=TAGS,
        parameters=[_KIND],
        request=ResourceInput,
        responses=answers(ResourceShape, status=201),
    )
    def post(self, request: Any, workspace: str, product: str, kind: str) -> Response:
        """Makes one; environments may be configured in the same step."""
        row = resources.create_resource(self.actor, product, kind, self.read(ResourceInput))
        shown = ResourceShape(queries.resource(self.actor, product, kind, row.tag)).data
        return created(shown, f"{request.path}{row.tag}/")


class OfResource(WorkspaceView):
    """A view below `…/resources/{kind}/{resource}/`; `self.row` is set before any method runs."""

    row: Resource

    def enter(self, request: Any, **kwargs: Any) -> Workspace:
        """Raises NotFound for strangers, and where there is no such resource for the caller."""
        home = super().enter(request, **kwargs)
        self.where = (kwargs["product"], kwargs.get("kind", "database"), kwargs["resource"])
        self.row = queries.resource(self.actor, *self.where)
        return home

    def shown(self) -> Response:
        """The resource as it is now."""
        return Response(ResourceShape(queries.resource(self.actor, *self.where)).data)


class ResourceView(OfResource):
    """`…/resources/{kind}/{resource}/`"""

    moves = frozenset({"state", "last_success_at", "last_failure_at", "last_failure"})

    @extend_schema(operation_id="resources_read", tags=TAGS, parameters=[_KIND], responses=reading(ResourceShape))
    def get(self, request: Any, workspace: str, product: str, kind: str, resource: str) -> Response:
        """One resource."""
        return Response(ResourceShape(self.row).data)

    @extend_schema(
        operation_id="resources_update",
        tags=TAGS,
        parameters=[_KIND],
        request=ResourceChange,
        responses=answers(ResourceShape),
    )
    def patch(self, request: Any, workspace: str, product: str, kind: str, resource: str) -> Response:
        """Another name, description or shared fields."""
        resources.update_resource(self.actor, self.row, **self.read(ResourceChange))
        return self.shown()

    @extend_schema(operation_id="resources_delete", tags=TAGS, parameters=[_KIND], responses=answers())
    def delete(self, request: Any, workspace: str, product: str, kind: str, resource: str) -> Response:
        """Deletes it, and what it has on this installation's disk; refused while a feature uses it."""
        resources.delete_resource(self.actor, self.row)
        return Response(status=204)


class ConfigView(OfResource):
    """`…/resources/{kind}/{resource}/environments/{environment}/`"""

    @extend_schema(
        operation_id="resources_configure",
        tags=TAGS,
        parameters=[_KIND],
        request=ConfigInput,
        responses=answers(ResourceShape),
    )
    def patch(self, request: Any, workspace: str, product: str, kind: str, resource: str, environment: str) -> Response:
        """Says how the environment has the resource."""
        resources.configure(self.actor, self.row, environment, self.read(ConfigInput))
        return self.shown()

    @extend_schema(operation_id="resources_forget", tags=TAGS, parameters=[_KIND], responses=answers())
    def delete(
        self, request: Any, workspace: str, product: str, kind: str, resource: str, environment: str
    ) -> Response:
        """Forgets how the environment has it."""
        resources.forget(self.actor, self.row, environment)
        return Response(status=204)


class DatabaseActionsView(OfResource):
    """`…/resources/database/{resource}/actions/`"""

    keyset = ("name", "id")
    search = Search

    @extend_schema(
        operation_id="database_actions_list", tags=TAGS, parameters=[Search],
        responses=reading(DatabaseActionShape(many=True)),
    )  # fmt: skip
    def get(self, request: Any, workspace: str, product: str, resource: str) -> Response:
        """The actions of a database."""
        rows = action_queries.actions_of(self.actor, self.row, search=self.chosen()["q"])
        return self.page(rows, DatabaseActionShape)

    @extend_schema(
        operation_id="database_actions_create", tags=TAGS, request=DatabaseActionInput,
        responses=answers(DatabaseActionShape, status=201),
    )  # fmt: skip
    def post(self, request: Any, workspace: str, product: str, resource: str) -> Response:
        """Makes one; `errors` names everything that is wrong with its statements."""
        row = database_actions.create_action(self.actor, self.row, **self.read(DatabaseActionInput))
        return created(DatabaseActionShape(row).data, f"{request.path}{row.tag}/")


class DatabaseActionView(OfResource):
    """`…/resources/database/{resource}/actions/{action}/`"""

    @extend_schema(operation_id="database_actions_read", tags=TAGS, responses=reading(DatabaseActionShape))
    def get(self, request: Any, workspace: str, product: str, resource: str, action: str) -> Response:
        """One action."""
        return Response(DatabaseActionShape(self._action(action)).data)

    @extend_schema(
        operation_id="database_actions_update", tags=TAGS, request=DatabaseActionChange,
        responses=answers(DatabaseActionShape),
    )  # fmt: skip
    def patch(self, request: Any, workspace: str, product: str, resource: str, action: str) -> Response:
        """Changes what is given."""
        row = database_actions.update_action(self.actor, self._action(action), **self.read(DatabaseActionChange))
        return Response(DatabaseActionShape(row).data)

    @extend_schema(operation_id="database_actions_delete", tags=TAGS, responses=answers())
    def delete(self, request: Any, workspace: str, product: str, resource: str, action: str) -> Response:
        """Deletes it. 409 while a feature uses it."""
        database_actions.delete_action(self.actor, self._action(action))
        return Response(status=204)

    def _action(self, tag: str) -> DatabaseAction:
        return action_queries.database_action(self.actor, self.row, tag)


class MigrationsView(OfResource):
    """`…/resources/database/{resource}/migrations/`"""

    keyset = ("position", "id")

    @extend_schema(operation_id="migrations_list", tags=TAGS, responses=reading(MigrationShape(many=True)))
    def get(self, request: Any, workspace: str, product: str, resource: str) -> Response:
        """The migrations of a database, in order."""
        return self.page(action_queries.migrations_of(self.actor, self.row), MigrationShape)

    @extend_schema(
        operation_id="migrations_create", tags=TAGS, request=MigrationInput,
        responses=answers(MigrationShape, status=201),
    )  # fmt: skip
    def post(self, request: Any, workspace: str, product: str, resource: str) -> Response:
        """Adds one after all others."""
        row = migrations.create_migration(self.actor, self.row, **self.read(MigrationInput))
        return created(MigrationShape(row).data, f"{request.path}{row.tag}/")


class MigrationView(OfResource):
    """`…/resources/database/{resource}/migrations/{migration}/`"""

    @extend_schema(operation_id="migrations_read", tags=TAGS, responses=reading(MigrationShape))
    def get(self, request: Any, workspace: str, product: str, resource: str, migration: str) -> Response:
        """One migration."""
        return Response(MigrationShape(self._migration(migration)).data)

    @extend_schema(
        operation_id="migrations_update", tags=TAGS, request=MigrationChange, responses=answers(MigrationShape)
    )
    def patch(self, request: Any, workspace: str, product: str, resource: str, migration: str) -> Response:
        """Changes what is given; where it was run already, that shows as drift."""
        row = migrations.update_migration(self.actor, self._migration(migration), **self.read(MigrationChange))
        return Response(MigrationShape(row).data)

    @extend_schema(operation_id="migrations_delete", tags=TAGS, responses=answers())
    def delete(self, request: Any, workspace: str, product: str, resource: str, migration: str) -> Response:
        """Forgets it; what it did in databases stays there, and nothing is rolled back until it is forgotten there."""
        migrations.delete_migration(self.actor, self._migration(migration))
        return Response(status=204)

    def _migration(self, tag: str) -> Migration:
        return action_queries.migration(self.actor, self.row, tag)
