"""What every page about one app shares: the app, whether it is one's own, the tabs, and how a part is saved."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from products.access import Permission
from products.forms.placing import PlacedForm
from products.lib.errors import NotFound
from products.models import App
from products.queries import apps as queries
from products.views.base import WorkspacePage

TABS = (
    ("app", "Actions"),
    ("app-environments", "Environments"),
    ("app-auths", "Auths"),
    ("app-variables", "Variables and constants"),
    ("app-imports", "Imports"),
    ("app-settings", "Settings"),
)
ONLY_OWN = {"app-imports", "app-settings"}


class AppPage(WorkspacePage):
    """A page below `/w/<workspace>/apps/<app>/`, of an own or a published app."""

    section = "app"
    tab = "app"
    app: App

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.app = queries.app_page(self.actor, kwargs["app"])

    @property
    def own(self) -> bool:
        """Whether this workspace made the app."""
        return self.app.workspace_id == self.actor.workspace.pk

    def need_own(self, permission: Permission = Permission.EDIT_APPS) -> str:
        """The app's tag, to change it. Raises NotFound for an app of others, Forbidden without the permission."""
        if not self.own:
            raise NotFound("There is no such app.")
        self.actor.need(permission)
        tag: str = self.app.tag
        return tag

    def context(self, **extra: Any) -> dict[str, Any]:
        """Adds the app, its tabs and what may be done."""
        return super().context(
            app=self.app,
            own=self.own,
            tabs=self._tabs(),
            tab=self.tab,
            may_edit=self.own
            and self.actor.may(Permission.EDIT_APPS)
            and queries.is_within_reach(self.actor, self.app),
            may_publish=self.own and self.actor.may(Permission.PUBLISH_APPS),
            **extra,
        )

    def to(self, name: str, *more: str) -> HttpResponse:
        """A redirect to another page of this app."""
        return redirect(self.address(name, *more))

    def address(self, name: str, *more: str) -> str:
        """Of another page of this app."""
        return reverse(name, args=(self.actor.workspace.tag, self.app.pk, *more))

    def _tabs(self) -> list[dict[str, Any]]:
        shown = [(name, label) for name, label in TABS if self.own or name not in ONLY_OWN]
        count = getattr(self.app, "action_count", None)
        return [
            {"id": name, "label": label, "url": self.address(name), "count": count if name == "app" else None}
            for name, label in shown
        ]


class PartPage(AppPage):
    """A form for one part of an app: `new_form` and `save` say which, `tab` where it goes back to."""

    template = "products/apps/part.html"
    title = ""
    saved_text = "Saved."

    def form(self, request: HttpRequest | None, **kwargs: Any) -> PlacedForm:
        """The form, filled from the request if there is one. Raises NotFound."""
        raise NotImplementedError

    def save(self, data: dict[str, Any], **kwargs: Any) -> Any:
        """Calls the one service."""
        raise NotImplementedError

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form."""
        self.need_own()
        return self._page(request, self.form(None, **kwargs), **kwargs)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Saves and goes back, or 422 with what was typed."""
        self.need_own()
        form = self.form(request, **kwargs)
        if form.submit(lambda data: self.save(data, **kwargs)) is None:
            return self._page(request, form, status=422, **kwargs)
        messages.success(request, self.saved_text)
        return self.after(**kwargs)

    def after(self, **kwargs: Any) -> HttpResponse:
        """Where it goes when it is saved."""
        return self.to(self.tab)

    def more(self, **kwargs: Any) -> dict[str, Any]:
        """What the template needs besides the form."""
        return {}

    def _page(self, request: HttpRequest, form: PlacedForm, *, status: int = 200, **kwargs: Any) -> HttpResponse:
        extra = {"title": self.title, "back": self.address(self.tab), **self.more(**kwargs)}
        return self.show(request, form=form, status=status, **extra)


class PartDelete(AppPage):
    """Deletes one part of an app; a refusal is shown on the list it came from."""

    deleted_text = "Deleted."

    def delete_part(self, tag: str, **kwargs: Any) -> None:
        """Calls the one service."""
        raise NotImplementedError

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Deletes it."""
        self.delete_part(self.need_own(), **kwargs)
        messages.success(request, self.deleted_text)
        return self.to(self.tab)
