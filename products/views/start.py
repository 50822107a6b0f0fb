"""Where one lands: the workspace one was in last, or the page that makes the first one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from products.forms.workspaces import WorkspaceForm
from products.queries.workspaces import first_workspace_tag
from products.services.workspaces import create_workspace
from products.views.saving import saved


class Start(LoginRequiredMixin, View):
    """`/`"""

    def get(self, request: HttpRequest) -> HttpResponse:
        """To the home of a workspace."""
        preferred = str(request.session.get("workspace", ""))
        tag = first_workspace_tag(request.user, preferred)  # type: ignore[arg-type]
        return redirect("home", tag) if tag else redirect("workspace-new")


class WorkspaceNew(LoginRequiredMixin, View):
    """`/workspaces/new/`"""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._show(request, WorkspaceForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Makes it and goes there."""
        form = WorkspaceForm(request.POST)
        row = saved(form, lambda data: create_workspace(request.user, **data))  # type: ignore[arg-type]
        if row is None:
            return self._show(request, form, status=422)
        messages.success(request, f"{row.name} is yours.")
        return redirect("home", row.tag)

    def _show(self, request: HttpRequest, form: WorkspaceForm, status: int = 200) -> HttpResponse:
        member = bool(first_workspace_tag(request.user))  # type: ignore[arg-type]
        context: dict[str, Any] = {"form": form, "member": member}
        return render(request, "products/workspaces/new.html", context, status=status)
