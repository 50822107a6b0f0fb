"""Access keys: listed, made and shown once, revoked."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from products.access import Permission
from products.forms.secrets import KeyForm
from products.queries.keys import keys_of
from products.services.keys import IssuedKey, NewKey, create_key, revoke_key
from products.ui.key_examples import examples
from products.views.base import WorkspacePage
from products.views.saving import saved

SHOWN = 200


class KeysPage(WorkspacePage):
    """`/w/<workspace>/keys/`"""

    template = "products/keys/page.html"
    fragment = "products/keys/_list.html"
    section = "keys"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The newest first, revoked ones too."""
        return self.show(request, keys=keys_of(self.actor)[:SHOWN], now=timezone.now())


class KeyNew(WorkspacePage):
    """`/w/<workspace>/keys/new/`"""

    template = "products/keys/new.html"
    section = "key"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form."""
        self.actor.need(Permission.MANAGE_KEYS)
        return self.show(request, form=KeyForm(actor=self.actor))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Makes a key and shows its text in this answer, which nobody gets again."""
        self.actor.need(Permission.MANAGE_KEYS)
        form = KeyForm(request.POST, actor=self.actor)
        issued = saved(form, lambda data: self._issue(form, data))
        if issued is None:
            return self.show(request, form=form, status=422)
        snippets = examples(settings.BASE_URL, self.actor.workspace.tag, issued.text)
        return self.show(request, issued=issued, snippets=snippets)

    def _issue(self, form: KeyForm, data: dict[str, Any]) -> IssuedKey:
        fields = {name: data[name] for name in ("name", "verbs", "product_scope", "environment_scope")}
        return create_key(self.actor, NewKey(**fields, expires_at=form.expires_at()))


class KeyRevoke(WorkspacePage):
    """`/w/<workspace>/keys/<key>/revoke/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ends it at once."""
        row = revoke_key(self.actor, kwargs["key"])
        messages.success(request, f"{row.name} no longer works.")
        return redirect("keys", self.actor.workspace.tag)
