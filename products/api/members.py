"""REST of members."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.fields import Tags
from products.api.schema import answers, reading
from products.models import Membership, Role
from products.queries.members import member_by_id, members_of
from products.services.members import MemberChange, change_member, remove_member


class MemberShape(serializers.ModelSerializer[Membership]):
    """A person in the workspace."""

    email = serializers.EmailField(source="user.email", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)
    product_scope = serializers.ListField(child=serializers.CharField(), read_only=True)
    environment_scope = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Membership
        fields = ["id", "email", "name", "role", "product_scope", "environment_scope", "created_at"]
        read_only_fields = fields
        ref_name = "Member"


class MemberInput(serializers.Serializer[Any]):
    """What may change about a member. Empty scopes mean: all."""

    role = serializers.ChoiceField(choices=Role.choices, required=False)
    product_scope = Tags(required=False, help_text="Product tags.")
    environment_scope = Tags(required=False, help_text="Environment slugs, for running, deploying and changing.")


class MembersView(WorkspaceView):
    """`…/members/`"""

    keyset = ("id",)

    @extend_schema(operation_id="members_list", tags=["members"], responses=reading(MemberShape(many=True)))
    def get(self, request: Any, workspace: str) -> Response:
        """Everyone in the workspace."""
        return self.page(members_of(self.actor), MemberShape)


class MemberView(WorkspaceView):
    """`…/members/{member}/`"""

    @extend_schema(operation_id="members_read", tags=["members"], responses=reading(MemberShape))
    def get(self, request: Any, workspace: str, member: Any) -> Response:
        """One member."""
        return Response(MemberShape(member_by_id(self.actor, member)).data)

    @extend_schema(operation_id="members_update", tags=["members"], request=MemberInput, responses=answers(MemberShape))
    def patch(self, request: Any, workspace: str, member: Any) -> Response:
        """Another role or other scopes."""
        change = MemberChange(**self.read(MemberInput))
        return Response(MemberShape(change_member(self.actor, member, change)).data)

    @extend_schema(operation_id="members_delete", tags=["members"], responses=answers())
    def delete(self, request: Any, workspace: str, member: Any) -> Response:
        """Ends the membership, and the access keys that this person made."""
        remove_member(self.actor, member)
        return Response(status=204)
