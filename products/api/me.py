"""Who is asking: the person or the access key, and their workspaces."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products.access import ROLE_PERMISSIONS, VERB_PERMISSIONS
from products.api.base import ApiView, read
from products.api.fields import Text
from products.api.schema import answers, reading
from products.lib.errors import Forbidden
from products.models import AccessKey, User
from products.queries.workspaces import memberships_of
from products.services.people import update_profile


class MyWorkspaceShape(serializers.Serializer[Any]):
    """A workspace one is in."""

    tag = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField(help_text="Empty for an access key.")
    permissions = serializers.ListField(child=serializers.CharField())


class MeShape(serializers.Serializer[Any]):
    """Who is asking."""

    kind = serializers.CharField(help_text="`person` or `key`.")
    id = serializers.UUIDField()
    email = serializers.CharField(help_text="Empty for an access key.")
    name = serializers.CharField()
    time_zone = serializers.CharField()
    workspaces = MyWorkspaceShape(many=True)


class ProfileInput(serializers.Serializer[Any]):
    """What one may change about oneself."""

    name = Text(max_length=120, required=False, allow_blank=True)
    time_zone = Text(max_length=64, required=False)


class MeView(ApiView):
    """`/api/v1/me/`"""

    @extend_schema(operation_id="me_read", tags=["me"], responses=reading(MeShape))
    def get(self, request: Any) -> Response:
        """The person or key that this request comes from."""
        return Response(_described(request))

    @extend_schema(operation_id="me_update", tags=["me"], request=ProfileInput, responses=answers(MeShape))
    def patch(self, request: Any) -> Response:
        """Changes one's own name or time zone; not for access keys."""
        if not isinstance(request.user, User):
            raise Forbidden("An access key has no profile.")
        update_profile(request.user, read(ProfileInput, request.data))
        return Response(_described(request))


def _described(request: Any) -> dict[str, Any]:
    if isinstance(request.auth, AccessKey):
        return _key(request.auth)
    user = request.user
    workspaces = [_workspace(row.workspace, row.role, ROLE_PERMISSIONS[row.role]) for row in memberships_of(user)]
    facts = {"id": str(user.pk), "email": user.email, "name": user.name, "time_zone": user.time_zone}
    return {"kind": "person", **facts, "workspaces": workspaces}


def _key(key: AccessKey) -> dict[str, Any]:
    permissions = frozenset().union(*(VERB_PERMISSIONS[verb] for verb in key.verbs))
    facts = {"id": str(key.pk), "email": "", "name": key.name, "time_zone": "UTC"}
    return {"kind": "key", **facts, "workspaces": [_workspace(key.workspace, "", permissions)]}


def _workspace(workspace: Any, role: str, permissions: frozenset[str]) -> dict[str, Any]:
    return {"tag": workspace.tag, "name": workspace.name, "role": role, "permissions": sorted(permissions)}
