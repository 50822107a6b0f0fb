"""REST of workspaces."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import ApiView, WorkspaceView, read
from products.api.fields import Tag, Text
from products.api.filters import NoFilters, filters
from products.api.paging import KeysetPagination
from products.api.schema import answers, created, reading
from products.lib.errors import Forbidden, Invalid
from products.models import User, Workspace
from products.queries.workspaces import workspaces_seen
from products.services.members import leave_workspace
from products.services.workspaces import create_workspace, delete_workspace, rename_workspace


class WorkspaceShape(serializers.ModelSerializer[Workspace]):
    """A workspace."""

    class Meta:
        model = Workspace
        fields = ["id", "tag", "name", "created_at", "updated_at"]
        read_only_fields = fields
        ref_name = "Workspace"


class WorkspaceInput(serializers.Serializer[Any]):
    """A new workspace."""

    name = Text(max_length=120)
    tag = Tag(required=False, help_text="Made from the name when it is not given; fixed afterwards.")


class WorkspaceRename(serializers.Serializer[Any]):
    """What may change about a workspace."""

    name = Text(max_length=120)


class WorkspacesView(ApiView):
    """`/api/v1/workspaces/`"""

    keyset = ("tag",)

    @extend_schema(operation_id="workspaces_list", tags=["workspaces"], responses=reading(WorkspaceShape(many=True)))
    def get(self, request: Any) -> Response:
        """Those of the person, or the one of the key."""
        filters(NoFilters, request)
        pages = KeysetPagination()
        person = request.user if isinstance(request.user, User) else None
        found = pages.paginate_queryset(workspaces_seen(person, request.auth), request, view=self)
        return pages.get_paginated_response(WorkspaceShape(found, many=True).data)

    @extend_schema(
        operation_id="workspaces_create",
        tags=["workspaces"],
        request=WorkspaceInput,
        responses=answers(WorkspaceShape, status=201),
    )
    def post(self, request: Any) -> Response:
        """Makes a workspace that the person owns; not for access keys."""
        if not isinstance(request.user, User):
            raise Forbidden("An access key cannot make workspaces.")
        row = create_workspace(request.user, **read(WorkspaceInput, request.data))
        return created(WorkspaceShape(row).data, f"/api/v1/workspaces/{row.tag}/")


class WorkspaceDetailView(WorkspaceView):
    """`/api/v1/workspaces/{workspace}/`"""

    @extend_schema(operation_id="workspaces_read", tags=["workspaces"], responses=reading(WorkspaceShape))
    def get(self, request: Any, workspace: str) -> Response:
        """One workspace."""
        return Response(WorkspaceShape(self.actor.workspace).data)

    @extend_schema(
        operation_id="workspaces_update",
        tags=["workspaces"],
        request=WorkspaceRename,
        responses=answers(WorkspaceShape),
    )
    def patch(self, request: Any, workspace: str) -> Response:
        """Renames it."""
        return Response(WorkspaceShape(rename_workspace(self.actor, **self.read(WorkspaceRename))).data)

    @extend_schema(
        operation_id="workspaces_delete",
        tags=["workspaces"],
        parameters=[OpenApiParameter("confirm", str, required=True, description="The workspace's tag, once more.")],
        responses=answers(),
    )
    def delete(self, request: Any, workspace: str) -> Response:
        """Deletes it with everything in it.

        From the answer on nobody has access and nothing of it runs, and its tag is free; its rows go in the background.
        """
        if request.query_params.get("confirm") != self.actor.workspace.tag:
            raise Invalid.field("confirm", "Repeat the workspace's tag as ?confirm=… to delete it.")
        delete_workspace(self.actor)
        return Response(status=204)


class WorkspaceLeaveView(WorkspaceView):
    """`/api/v1/workspaces/{workspace}/leave/`"""

    @extend_schema(operation_id="workspaces_leave", tags=["workspaces"], request=None, responses=answers())
    def post(self, request: Any, workspace: str) -> Response:
        """Ends one's own membership."""
        leave_workspace(self.actor)
        return Response(status=204)
