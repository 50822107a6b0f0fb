"""Members, their roles and scopes, and invitations."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from products.access import Permission
from products.forms.workspaces import InvitationForm, MemberForm
from products.queries.members import member_by_id, members_of, open_invitations
from products.services.invitations import invite, revoke_invitation
from products.services.members import MemberChange, change_member, leave_workspace, remove_member
from products.services.scopes import reaches
from products.views.base import WorkspacePage
from products.views.saving import saved

SHOWN = 500


class TeamPage(WorkspacePage):
    """`/w/<workspace>/team/`"""

    template = "products/team/page.html"
    fragment = "products/team/_lists.html"
    section = "team"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Members, and for those who may invite the open invitations."""
        return self.page(request, InvitationForm(actor=self.actor))

    def page(self, request: HttpRequest, form: InvitationForm, status: int = 200, **more: Any) -> HttpResponse:
        """The page with a form as it stands."""
        may_manage = self.actor.may(Permission.MANAGE_MEMBERS)
        members = list(members_of(self.actor)[:SHOWN])
        return self.show(
            request,
            form=form,
            members=members,
            reached={row.pk for row in members if reaches(self.actor, row.product_scope, row.environment_scope)},
            invitations=open_invitations(self.actor) if may_manage else [],
            may_manage=may_manage,
            status=status,
            **more,
        )


class InvitationsPage(TeamPage):
    """`/w/<workspace>/team/invitations/`"""

    fragment = ""
    section = "invitations"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Where a reload after inviting leads."""
        return redirect("team", self.actor.workspace.tag)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Invites, and shows the link this once."""
        self.actor.need(Permission.MANAGE_MEMBERS)
        form = InvitationForm(request.POST, actor=self.actor)
        sent = saved(form, lambda data: invite(self.actor, **data))
        if sent is None:
            return self.page(request, form, status=422)
        return self.page(request, InvitationForm(actor=self.actor), sent=sent)


class InvitationRevoke(WorkspacePage):
    """`/w/<workspace>/team/invitations/<invitation>/revoke/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ends the link."""
        revoke_invitation(self.actor, kwargs["invitation"])
        messages.success(request, "The invitation is withdrawn.")
        return redirect("team", self.actor.workspace.tag)


class MemberPage(WorkspacePage):
    """`/w/<workspace>/team/<member>/`"""

    template = "products/team/member.html"
    section = "team"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form."""
        self.actor.need(Permission.MANAGE_MEMBERS)
        row = member_by_id(self.actor, kwargs["member"])
        names = ("role", "product_scope", "environment_scope")
        initial = {name: getattr(row, name) for name in names}
        return self.show(request, member=row, form=MemberForm(initial=initial, actor=self.actor))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Saves role and scopes."""
        self.actor.need(Permission.MANAGE_MEMBERS)
        row = member_by_id(self.actor, kwargs["member"])
        form = MemberForm(request.POST, actor=self.actor)
        if saved(form, lambda data: change_member(self.actor, row.pk, MemberChange(**data))) is None:
            return self.show(request, member=row, form=form, status=422)
        messages.success(request, f"{row.user} is now {form.cleaned_data['role']}.")
        return redirect("team", self.actor.workspace.tag)


class MemberRemove(WorkspacePage):
    """`/w/<workspace>/team/<member>/remove/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ends the membership."""
        ended = remove_member(self.actor, kwargs["member"])
        messages.success(request, f"The member is removed. {_keys(ended)}".strip())
        return redirect("team", self.actor.workspace.tag)


class Leave(WorkspacePage):
    """`/w/<workspace>/team/leave/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ends one's own membership."""
        ended = leave_workspace(self.actor)
        messages.success(request, f"You have left {self.actor.workspace.name}. {_keys(ended)}".strip())
        return redirect("start")


def _keys(ended: int) -> str:
    return f"{ended} access key{'s' * (ended > 1)} ended with the membership." if ended else ""
