"""The audit log: filtered, paged by key, downloaded."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from products.api.audit import export
from products.forms.audit import AuditFilterForm
from products.forms.fields import zone_of
from products.queries.audit import audit_page, verbs_of
from products.views.base import WorkspacePage


class AuditPage(WorkspacePage):
    """`/w/<workspace>/audit/`"""

    template = "products/audit/page.html"
    fragment = "products/audit/_list.html"
    section = "audit"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """One page, the newest first."""
        form = self._form(request)
        chosen = form.chosen(zone_of(request.user))
        page = audit_page(self.actor, chosen, cursor=request.GET.get("cursor", ""))
        return self.show(request, form=form, page=page, filtered=any(form.cleaned_data.values()))

    def _form(self, request: HttpRequest) -> AuditFilterForm:
        return AuditFilterForm(request.GET, verbs=verbs_of(self.actor))


class AuditExport(AuditPage):
    """`/w/<workspace>/audit/export/`"""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What the filters show, up to 10,000 entries, as a file."""
        chosen = self._form(request).chosen(zone_of(request.user))
        return export(self.actor, request.GET.get("file", "csv"), chosen)
