"""A workspace's settings: its name and its end."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from products.access import Permission
from products.forms.workspaces import WorkspaceRenameForm
from products.lib.errors import Invalid
from products.queries.workspaces import contents_of
from products.services.workspaces import delete_workspace, rename_workspace
from products.views.base import WorkspacePage
from products.views.saving import saved


class SettingsPage(WorkspacePage):
    """`/w/<workspace>/settings/`"""

    template = "products/settings/page.html"
    section = "settings"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The name, and what deleting would take away."""
        return self._page(request, WorkspaceRenameForm(initial={"name": self.actor.workspace.name}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Renames it."""
        self.actor.need(Permission.MANAGE_WORKSPACE)
        form = WorkspaceRenameForm(request.POST)
        if saved(form, lambda data: rename_workspace(self.actor, **data)) is None:
            return self._page(request, form, status=422)
        messages.success(request, "Saved.")
        return redirect("settings", self.actor.workspace.tag)

    def _page(self, request: HttpRequest, form: WorkspaceRenameForm, status: int = 200) -> HttpResponse:
        may_manage = self.actor.may(Permission.MANAGE_WORKSPACE)
        return self.show(request, form=form, contents=contents_of(self.actor), may_manage=may_manage, status=status)


class WorkspaceDelete(WorkspacePage):
    """`/w/<workspace>/delete/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Deletes it; the tag was typed once more."""
        self.actor.need(Permission.MANAGE_WORKSPACE)
        if request.POST.get("confirm") != self.actor.workspace.tag:
            raise Invalid.field("confirm", "Type the workspace's tag to delete it.")
        delete_workspace(self.actor)
        name = self.actor.workspace.name
        messages.success(request, f"{name} is deleted; what was stored of it goes in the background.")
        return redirect("start")
