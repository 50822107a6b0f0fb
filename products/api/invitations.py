"""REST of invitations."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.schema import answers, created, reading
from products.models import Invitation, Role
from products.queries.members import invitation_by_id, open_invitations
from products.services.invitations import invite, revoke_invitation


class InvitationShape(serializers.ModelSerializer[Invitation]):
    """An open invitation."""

    invited_by = serializers.CharField(source="invited_by.email", default="", read_only=True)

    class Meta:
        model = Invitation
        fields = ["id", "email", "role", "invited_by", "mail_state", "expires_at", "created_at"]
        read_only_fields = fields
        ref_name = "Invitation"


class SentInvitationShape(InvitationShape):
    """A new invitation with its link, which is not shown again."""

    link = serializers.SerializerMethodField()

    class Meta(InvitationShape.Meta):
        fields = [*InvitationShape.Meta.fields, "link"]
        read_only_fields = fields
        ref_name = "SentInvitation"

    def get_link(self, row: Invitation) -> str:
        """Works once, for seven days, for the invited address only."""
        return str(self.context["link"])


class InvitationInput(serializers.Serializer[Any]):
    """Who is to join, as what."""

    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Role.choices)


class InvitationsView(WorkspaceView):
    """`…/invitations/`"""

    @extend_schema(operation_id="invitations_list", tags=["members"], responses=reading(InvitationShape(many=True)))
    def get(self, request: Any, workspace: str) -> Response:
        """Those not yet accepted."""
        return self.page(open_invitations(self.actor), InvitationShape)

    @extend_schema(
        operation_id="invitations_create",
        tags=["members"],
        request=InvitationInput,
        responses=answers(SentInvitationShape, status=201),
    )
    def post(self, request: Any, workspace: str) -> Response:
        """Mails a link to the address and returns it too; an earlier link for the address ends."""
        sent = invite(self.actor, **self.read(InvitationInput))
        body = SentInvitationShape(sent.invitation, context={"link": sent.link}).data
        return created(body, f"{request.path}{sent.invitation.pk}/")


class InvitationView(WorkspaceView):
    """`…/invitations/{invitation}/`"""

    @extend_schema(operation_id="invitations_read", tags=["members"], responses=reading(InvitationShape))
    def get(self, request: Any, workspace: str, invitation: Any) -> Response:
        """One open invitation, without its link."""
        return Response(InvitationShape(invitation_by_id(self.actor, invitation)).data)

    @extend_schema(operation_id="invitations_delete", tags=["members"], responses=answers())
    def delete(self, request: Any, workspace: str, invitation: Any) -> Response:
        """Ends its link."""
        revoke_invitation(self.actor, invitation)
        return Response(status=204)
