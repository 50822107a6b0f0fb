"""REST of apps and of where their APIs are."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.downloads import json_file
from products.api.fields import Tag, Tags, Text
from products.api.schema import answers, created, reading
from products.models import App, AppEnvironment, Category, Folder, RequestFormat
from products.queries import app_export as export
from products.queries import apps as queries
from products.services import app_environments, apps, folders, marketplace

SEARCH = [
    OpenApiParameter("q", str, description="Words in the name, tag or description."),
    OpenApiParameter("category", str, enum=Category.values, description="Only of this category."),
]


class AppShape(serializers.ModelSerializer[App]):
    """An app."""

    actions = serializers.IntegerField(source="action_count", default=0)
    connections = serializers.IntegerField(source="connection_count", default=0)

    class Meta:
        model = App
        fields = [
            "id", "tag", "name", "description", "category", "visibility", "published_at", "default_auths", "actions",
            "connections", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields
        ref_name = "App"


class AppChange(serializers.Serializer[Any]):
    """What may change about an app."""

    name = Text(max_length=200, required=False)
    description = Text(max_length=apps.MAX_DESCRIPTION, required=False, allow_blank=True)
    category = serializers.ChoiceField(choices=Category.choices, required=False)
    default_auths = Tags(required=False, help_text="Auths of actions that name none.")


class AppInput(serializers.Serializer[Any]):
    """A new app."""

    name = Text(max_length=200)
    tag = Tag(required=False, help_text="Made from the name when it is not given; fixed afterwards.")
    description = Text(max_length=apps.MAX_DESCRIPTION, required=False, allow_blank=True)
    category = serializers.ChoiceField(choices=Category.choices, required=False)


class PublishInput(serializers.Serializer[Any]):
    """Where on the marketplace."""

    category = serializers.ChoiceField(choices=Category.choices)


class AppSearch(serializers.Serializer[Any]):
    """Filters of lists of apps."""

    q = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    category = serializers.ChoiceField(choices=Category.choices, required=False, default="", allow_blank=True)


class AppEnvironmentShape(serializers.ModelSerializer[AppEnvironment]):
    """Where an app's API is."""

    class Meta:
        model = AppEnvironment
        fields = ["id", "slug", "name", "base_url", "request_format", "position", "created_at", "updated_at"]
        read_only_fields = fields
        ref_name = "AppEnvironment"


class AppEnvironmentChange(serializers.Serializer[Any]):
    """What may change about an environment of an app."""

    name = Text(max_length=200, required=False)
    base_url = Text(max_length=2000, required=False, allow_blank=True, help_text="May contain `{{variables}}`.")
    request_format = serializers.ChoiceField(choices=RequestFormat.choices, required=False)


class AppEnvironmentInput(AppEnvironmentChange):
    """A new environment of an app."""

    name = Text(max_length=200)
    slug = Tag(required=False, help_text="Made from the name when it is not given; fixed afterwards.")


class FolderShape(serializers.ModelSerializer[Folder]):
    """A folder of actions."""

    actions = serializers.IntegerField(source="action_count", default=0)

    class Meta:
        model = Folder
        fields = ["id", "path", "position", "actions", "created_at", "updated_at"]
        read_only_fields = fields
        ref_name = "Folder"


class FolderInput(serializers.Serializer[Any]):
    """A folder by its path."""

    path = Text(max_length=1000, help_text="Names from the root, such as `Payments / Refunds`.")


class AppsView(WorkspaceView):
    """`…/apps/`"""

    keyset = ("name", "id")
    search = AppSearch

    @extend_schema(operation_id="apps_list", tags=["apps"], parameters=SEARCH, responses=reading(AppShape(many=True)))
    def get(self, request: Any, workspace: str) -> Response:
        """The workspace's own apps."""
        chosen = self.chosen()
        return self.page(queries.apps_list(self.actor, search=chosen["q"], category=chosen["category"]), AppShape)

    @extend_schema(operation_id="apps_create", tags=["apps"], request=AppInput, responses=answers(AppShape, status=201))
    def post(self, request: Any, workspace: str) -> Response:
        """Makes an empty, private app."""
        row = apps.create_app(self.actor, self.read(AppInput))
        return created(AppShape(row).data, f"{request.path}{row.tag}/")


class AppView(WorkspaceView):
    """`…/apps/{app}/`"""

    @extend_schema(operation_id="apps_read", tags=["apps"], responses=reading(AppShape))
    def get(self, request: Any, workspace: str, app: str) -> Response:
        """One app."""
        return Response(AppShape(queries.app_detail(self.actor, app)).data)

    @extend_schema(operation_id="apps_update", tags=["apps"], request=AppChange, responses=answers(AppShape))
    def patch(self, request: Any, workspace: str, app: str) -> Response:
        """Changes it."""
        apps.update_app(self.actor, app, self.read(AppChange))
        return Response(AppShape(queries.app_detail(self.actor, app)).data)

    @extend_schema(operation_id="apps_delete", tags=["apps"], responses=answers())
    def delete(self, request: Any, workspace: str, app: str) -> Response:
        """Deletes an app that nothing is connected to."""
        apps.delete_app(self.actor, app)
        return Response(status=204)


class AppExportView(WorkspaceView):
    """`…/apps/{app}/export/`"""

    @extend_schema(
        operation_id="apps_export",
        tags=["apps"],
        responses=reading(OpenApiTypes.OBJECT),
    )
    def get(self, request: Any, workspace: str, app: str) -> HttpResponse:
        """The app as an OpenAPI 3.1 document, which can be imported again. It holds no secret values."""
        return json_file(export.exported(self.actor, app), f"{app}.openapi.json")


class PublishView(WorkspaceView):
    """`…/apps/{app}/publish/`"""

    @extend_schema(operation_id="apps_publish", tags=["apps"], request=PublishInput, responses=answers(AppShape))
    def post(self, request: Any, workspace: str, app: str) -> Response:
        """Puts the app on the marketplace; others see its definitions, never values."""
        return Response(AppShape(marketplace.publish_app(self.actor, app, **self.read(PublishInput))).data)

    @extend_schema(operation_id="apps_unpublish", tags=["apps"], responses=answers(AppShape))
    def delete(self, request: Any, workspace: str, app: str) -> Response:
        """Takes it off; existing connections go on, new ones are refused."""
        return Response(AppShape(marketplace.unpublish_app(self.actor, app)).data)


class AppEnvironmentsView(WorkspaceView):
    """`…/apps/{app}/environments/`"""

    keyset = ("position", "id")

    @extend_schema(
        operation_id="app_environments_list", tags=["apps"], responses=reading(AppEnvironmentShape(many=True))
    )
    def get(self, request: Any, workspace: str, app: str) -> Response:
        """Where the app's API is."""
        return self.page(queries.environments_of(self.actor, app), AppEnvironmentShape)

    @extend_schema(
        operation_id="app_environments_create",
        tags=["apps"],
        request=AppEnvironmentInput,
        responses=answers(AppEnvironmentShape, status=201),
    )
    def post(self, request: Any, workspace: str, app: str) -> Response:
        """Adds one."""
        row = app_environments.create_environment(self.actor, app, self.read(AppEnvironmentInput))
        return created(AppEnvironmentShape(row).data, f"{request.path}{row.slug}/")


class AppEnvironmentView(WorkspaceView):
    """`…/apps/{app}/environments/{app_environment}/`"""

    @extend_schema(operation_id="app_environments_read", tags=["apps"], responses=reading(AppEnvironmentShape))
    def get(self, request: Any, workspace: str, app: str, app_environment: str) -> Response:
        """One environment."""
        return Response(AppEnvironmentShape(queries.environment(self.actor, app, app_environment)).data)

    @extend_schema(
        operation_id="app_environments_update",
        tags=["apps"],
        request=AppEnvironmentChange,
        responses=answers(AppEnvironmentShape),
    )
    def patch(self, request: Any, workspace: str, app: str, app_environment: str) -> Response:
        """Changes it."""
        values = self.read(AppEnvironmentChange)
        return Response(
            AppEnvironmentShape(app_environments.update_environment(self.actor, app, app_environment, values)).data
        )

    @extend_schema(operation_id="app_environments_delete", tags=["apps"], responses=answers())
    def delete(self, request: Any, workspace: str, app: str, app_environment: str) -> Response:
        """Deletes one that no connection uses."""
        app_environments.delete_environment(self.actor, app, app_environment)
        return Response(status=204)


class FoldersView(WorkspaceView):
    """`…/apps/{app}/folders/`"""

    keyset = ("position", "id")

    @extend_schema(operation_id="folders_list", tags=["apps"], responses=reading(FolderShape(many=True)))
    def get(self, request: Any, workspace: str, app: str) -> Response:
        """Folders of actions."""
        return self.page(queries.folders_of(self.actor, app), FolderShape)

    @extend_schema(
        operation_id="folders_create", tags=["apps"], request=FolderInput, responses=answers(FolderShape, status=201)
    )
    def post(self, request: Any, workspace: str, app: str) -> Response:
        """Adds one."""
        row = folders.create_folder(self.actor, app, self.read(FolderInput))
        return created(FolderShape(row).data, f"{request.path}{row.pk}/")


class FolderView(WorkspaceView):
    """`…/apps/{app}/folders/{folder}/`"""

    @extend_schema(operation_id="folders_update", tags=["apps"], request=FolderInput, responses=answers(FolderShape))
    def patch(self, request: Any, workspace: str, app: str, folder: str) -> Response:
        """Moves it with what is inside."""
        return Response(FolderShape(folders.rename_folder(self.actor, app, folder, self.read(FolderInput))).data)

    @extend_schema(operation_id="folders_delete", tags=["apps"], responses=answers())
    def delete(self, request: Any, workspace: str, app: str, folder: str) -> Response:
        """Deletes an empty one."""
        folders.delete_folder(self.actor, app, folder)
        return Response(status=204)
