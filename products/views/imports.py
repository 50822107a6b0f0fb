"""Imports: a document goes in, its progress, its report, and the decision about its difference."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from products.access import Permission
from products.api.downloads import json_file
from products.forms.imports import ImportForm
from products.lib.errors import Conflict, TooLarge, TooMany
from products.queries import app_export as export
from products.queries import imports as queries
from products.services import imports
from products.views.app_base import AppPage
from products.views.base import WorkspacePage


class ImportNew(WorkspacePage):
    """`/w/<workspace>/apps/import/`; `?app=` names the app to update."""

    template = "products/imports/new.html"
    section = "app-import"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Upload, paste or address."""
        self.actor.need(Permission.EDIT_APPS)
        form = ImportForm(initial={"app": request.GET.get("app", "")})
        return self.show(request, form=form, latest=queries.imports_of(self.actor)[:8])

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Hands the document to a worker."""
        self.actor.need(Permission.EDIT_APPS)
        form = ImportForm(request.POST, request.FILES)
        try:
            row = form.submit(lambda data: imports.start_import(self.actor, form.request()))
        except (TooLarge, TooMany) as error:
            form.add_error(None, error.message)
            row = None
        if row is None:
            return self.show(request, form=form, latest=queries.imports_of(self.actor)[:8], status=422)
        return redirect("import", self.actor.workspace.tag, row.pk)


class ImportPage(WorkspacePage):
    """`/w/<workspace>/imports/<import_id>/`, live until it has ended."""

    template = "products/imports/import.html"
    fragment = "products/imports/_import.html"
    section = "import"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """How far it is, the report, the difference; with `?all=1` the whole of it."""
        row = queries.document_import(self.actor, kwargs["import_id"])
        shown = queries.shown(row, whole="all" in request.GET)
        return self.show(request, row=row, may_edit=self.actor.may(Permission.EDIT_APPS), **shown)


class ImportApply(WorkspacePage):
    """`/w/<workspace>/imports/<import_id>/apply/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Lets a worker apply the difference."""
        remove, seen = request.POST.get("remove") == "on", request.POST.get("digest", "")
        try:
            imports.apply_import(self.actor, kwargs["import_id"], remove=remove, seen=seen)
        except Conflict as error:
            messages.error(request, error.message)
        return redirect("import", self.actor.workspace.tag, kwargs["import_id"])


class ImportDiscard(WorkspacePage):
    """`/w/<workspace>/imports/<import_id>/discard/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Forgets what was read."""
        imports.discard_import(self.actor, kwargs["import_id"])
        messages.success(request, "The app stays as it is.")
        return redirect("import", self.actor.workspace.tag, kwargs["import_id"])


class AppImportsPage(AppPage):
    """`/w/<workspace>/apps/<app>/imports/`"""

    template = "products/imports/history.html"
    tab = "app-imports"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The newest hundred of this app."""
        tag = self.need_own(Permission.VIEW)
        return self.show(request, rows=queries.imports_of(self.actor, tag)[:100])


class AppExport(AppPage):
    """`/w/<workspace>/apps/<app>/export/`"""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The app as an OpenAPI document, to save."""
        tag = self.need_own(Permission.VIEW)
        return json_file(export.exported(self.actor, tag), f"{tag}.openapi.json")
