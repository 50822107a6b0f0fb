"""Apps: mine and the marketplace, a new one, its settings, publishing, the end."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from products.access import Permission
from products.forms.apps import AppChangeForm, AppForm, AppSearchForm, PublishForm
from products.lib.errors import Conflict
from products.models import Category
from products.queries import apps as queries
from products.services import apps as services
from products.services import marketplace
from products.views.app_base import AppPage
from products.views.base import WorkspacePage

SHOWN = 120


class AppsPage(WorkspacePage):
    """`/w/<workspace>/apps/`"""

    template = "products/apps/page.html"
    fragment = "products/apps/_list.html"
    section = "apps"
    public = False

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The first ones by name; words and category find the others."""
        form = AppSearchForm(request.GET)
        chosen = form.chosen()
        rows = list(self.rows(chosen)[: SHOWN + 1])
        return self.show(
            request,
            apps=rows[:SHOWN],
            more=len(rows) > SHOWN,
            form=form,
            filtered=any(chosen.values()),
            public=self.public,
            may_edit=self.actor.may(Permission.EDIT_APPS),
        )

    def rows(self, chosen: dict[str, str]) -> Any:
        """The workspace's own."""
        return queries.apps_list(self.actor, **chosen)


class AppNew(WorkspacePage):
    """`/w/<workspace>/apps/new/`"""

    template = "products/apps/new.html"
    section = "app-new"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form."""
        self.actor.need(Permission.EDIT_APPS)
        return self.show(request, form=AppForm())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Makes it and goes there."""
        self.actor.need(Permission.EDIT_APPS)
        form = AppForm(request.POST)
        row = form.submit(lambda data: services.create_app(self.actor, data))
        if row is None:
            return self.show(request, form=form, status=422)
        messages.success(request, f"{row.name} is made. Add an environment and actions.")
        return redirect("app", self.actor.workspace.tag, row.pk)


class AppSettings(AppPage):
    """`/w/<workspace>/apps/<app>/settings/`"""

    template = "products/apps/settings.html"
    tab = "app-settings"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Name, description, publishing, and the end."""
        self.need_own(Permission.VIEW)
        return self._page(request, AppChangeForm(app=self.app))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Saves name, category and description."""
        tag = self.need_own()
        form = AppChangeForm(request.POST, app=self.app)
        if form.submit(lambda data: services.update_app(self.actor, tag, data)) is None:
            return self._page(request, form, status=422)
        messages.success(request, "Saved.")
        return self.to("app-settings")

    def _page(self, request: HttpRequest, form: AppChangeForm, status: int = 200) -> HttpResponse:
        publish = PublishForm(initial={"category": self.app.category}, auto_id="publish_%s")
        return self.show(request, form=form, publish_form=publish, status=status)


class AppPublish(AppPage):
    """`/w/<workspace>/apps/<app>/publish/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Puts it on the marketplace."""
        tag = self.need_own(Permission.PUBLISH_APPS)
        category = request.POST.get("category", Category.OTHER)
        marketplace.publish_app(self.actor, tag, category=category)
        messages.success(request, f"{self.app.name} is on the marketplace.")
        return self.to("app-settings")


class AppUnpublish(AppPage):
    """`/w/<workspace>/apps/<app>/unpublish/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Takes it off; connections that exist go on."""
        marketplace.unpublish_app(self.actor, self.need_own(Permission.PUBLISH_APPS))
        messages.success(request, f"{self.app.name} is private again. Existing connections go on.")
        return self.to("app-settings")


class AppDelete(AppPage):
    """`/w/<workspace>/apps/<app>/delete/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Deletes it, if nothing is connected."""
        tag = self.need_own()
        try:
            services.delete_app(self.actor, tag)
        except Conflict as error:
            messages.error(request, error.message)
            return self.to("app-settings")
        messages.success(request, f"{self.app.name} is deleted.")
        return redirect("apps", self.actor.workspace.tag)
