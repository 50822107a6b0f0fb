"""Secrets: listed, written, replaced, deleted; never shown."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from products.access import Permission
from products.forms.fields import end_of, last_day, zone_of
from products.forms.products import KeySearchForm
from products.forms.secrets import SecretChangeForm, SecretForm
from products.queries.secrets import secret_by_key, secrets_listed, uses_of
from products.services.secrets import create_secret, delete_secret, update_secret
from products.views.base import WorkspacePage
from products.views.saving import saved

SHOWN = 200


class SecretsPage(WorkspacePage):
    """`/w/<workspace>/secrets/`"""

    template = "products/secrets/page.html"
    fragment = "products/secrets/_list.html"
    section = "secrets"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The first 200 by key; the search finds the others."""
        form = KeySearchForm(request.GET)
        rows = secrets_listed(self.actor, search=form.query, limit=SHOWN + 1)
        may_manage = self.actor.may(Permission.MANAGE_SECRETS)
        more = len(rows) > SHOWN
        return self.show(
            request, secrets=rows[:SHOWN], more=more, form=form, filtered=bool(form.query), may_manage=may_manage
        )


class SecretNew(WorkspacePage):
    """`/w/<workspace>/secrets/new/`"""

    template = "products/secrets/new.html"
    section = "secret"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form."""
        self.actor.need(Permission.MANAGE_SECRETS)
        return self.show(request, form=SecretForm())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Seals and stores it."""
        self.actor.need(Permission.MANAGE_SECRETS)
        form = SecretForm(request.POST)
        if saved(form, lambda data: create_secret(self.actor, **_with_expiry(request, data))) is None:
            return self.show(request, form=form, status=422)
        messages.success(request, f"{form.cleaned_data['key']} is sealed.")
        return redirect("secrets", self.actor.workspace.tag)


class SecretPage(WorkspacePage):
    """`/w/<workspace>/secrets/<secret>/`"""

    template = "products/secrets/secret.html"
    section = "secret"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Everything but the value, and where it is named."""
        row = secret_by_key(self.actor, kwargs["secret"])
        day = last_day(row.expires_at, zone_of(request.user))
        hosts = "\n".join(row.allowed_hosts)
        initial = {"description": row.description, "expires_on": day, "allowed_hosts": hosts}
        return self._page(request, row, SecretChangeForm(initial=initial))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Another value, description or reminder."""
        self.actor.need(Permission.MANAGE_SECRETS)
        row = secret_by_key(self.actor, kwargs["secret"])
        form = SecretChangeForm(request.POST)
        if saved(form, lambda data: update_secret(self.actor, row.key, _with_expiry(request, data))) is None:
            return self._page(request, row, form, status=422)
        messages.success(request, "Saved.")
        return redirect("secret", self.actor.workspace.tag, row.key)

    def _page(self, request: HttpRequest, row: Any, form: SecretChangeForm, status: int = 200) -> HttpResponse:
        may_manage = self.actor.may(Permission.MANAGE_SECRETS)
        uses = uses_of(self.actor, row.key)
        reference = f"$Secret{{{row.key}}}"
        return self.show(
            request, secret=row, reference=reference, uses=uses, form=form, may_manage=may_manage, status=status
        )


class SecretDelete(WorkspacePage):
    """`/w/<workspace>/secrets/<secret>/delete/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Deletes it."""
        delete_secret(self.actor, kwargs["secret"])
        messages.success(request, f"{kwargs['secret']} is deleted.")
        return redirect("secrets", self.actor.workspace.tag)


def _with_expiry(request: HttpRequest, data: dict[str, Any]) -> dict[str, Any]:
    """The chosen day as the moment it ends where the person is."""
    zone = getattr(request.user, "time_zone", "UTC")
    return {
        **{name: data[name] for name in data if name != "expires_on" and data[name] is not None},
        "expires_at": end_of(data["expires_on"], zone),
    }
