"""What a team defines upon a database: its actions and migrations, listed, written, deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from products.access import Permission
from products.forms.database_actions import DatabaseActionForm, MigrationForm, StatementsForm
from products.forms.products import SearchForm
from products.lib.limit_words import bounds_words
from products.models import DatabaseAction, Migration
from products.queries import database_actions as queries
from products.services import database_actions, migrations
from products.views.resources import ResourceBase

SHOWN = 200


class DatabaseBase(ResourceBase):
    """A page below `…/resources/database/<resource>/`."""

    kind_name = "database"

    def to(self, name: str, *more: str) -> HttpResponse:
        """Back to a part of the database's page, in the same environment."""
        address = reverse(name, args=[self.actor.workspace.tag, self.product.tag, self.found.row.tag, *more])
        return redirect(f"{address}?env={self.environment.slug}" if self.environment else address)


class DatabaseActionsPage(DatabaseBase):
    """`…/actions/`"""

    template = "products/resources/database/actions.html"
    fragment = "products/resources/database/_actions.html"
    tab = "database-actions"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """By name."""
        form = SearchForm(request.GET)
        rows = list(queries.actions_of(self.actor, self.found.row, search=form.query)[: SHOWN + 1])
        return self.show(request, form=form, q=form.query, rows=rows[:SHOWN], more=len(rows) > SHOWN)


class Written(DatabaseBase):
    """A page with statements: saving it, and drawing one statement more."""

    def drawn(self, request: HttpRequest, form: StatementsForm, **extra: Any) -> HttpResponse:
        """What a button for one more statement brings, or the page with what is wrong."""
        if "add" in request.POST:
            form = form.with_one_more()
            if getattr(request, "htmx", False):
                context = self.context(form=form, **extra)
                return render(request, "products/resources/database/_statements.html", context)
            return self.show(request, form=form, **extra)
        return self.show(request, form=form, status=422, **extra)


class DatabaseActionNew(Written):
    """`…/action-new/`"""

    template = "products/resources/database/action.html"
    tab = "database-actions"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """An empty form."""
        self.actor.need(Permission.EDIT)
        return self.show(request, form=DatabaseActionForm())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Makes one, and leads to where it is tried."""
        self.actor.need(Permission.EDIT)
        form = DatabaseActionForm(request.POST)
        if "add" in request.POST:
            return self.drawn(request, form)
        row = form.submit(lambda data: database_actions.create_action(self.actor, self.found.row, **data))
        if row is None:
            return self.drawn(request, form)
        messages.success(request, f"{row.tag} is there. Try it.")
        return self.to("database-action", row.tag)


class OneAction(Written):
    """A page about one of them."""

    row: DatabaseAction

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.row = queries.database_action(self.actor, self.found.row, kwargs["action"])


class DatabaseActionEdit(OneAction):
    """`…/actions/<action>/edit/`"""

    template = "products/resources/database/action.html"
    tab = "database-actions"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """As it is."""
        self.actor.need(Permission.EDIT)
        return self.show(request, form=DatabaseActionForm(row=self.row), row=self.row)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Saves it."""
        self.actor.need(Permission.EDIT)
        form = DatabaseActionForm(request.POST, row=self.row)
        if "add" in request.POST:
            return self.drawn(request, form, row=self.row)
        if form.submit(lambda data: database_actions.update_action(self.actor, self.row, **data)) is None:
            return self.drawn(request, form, row=self.row)
        messages.success(request, "Saved.")
        return self.to("database-action", self.row.tag)


class DatabaseActionDelete(OneAction):
    """`…/actions/<action>/delete/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Deletes it, unless a feature uses it."""
        database_actions.delete_action(self.actor, self.row)
        messages.success(request, f"{self.row.tag} is deleted.")
        return self.to("database-actions")


class DatabaseActionCheck(DatabaseBase):
    """`…/action-check/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The placeholders of what is being written, and what is wrong with it so far."""
        self.actor.need(Permission.EDIT)
        found, problems = DatabaseActionForm(request.POST).examined()
        context = self.context(placeholders=[(one, bounds_words(one)) for one in found], problems=problems)
        return render(request, "products/resources/database/_found.html", context)


class MigrationNew(Written):
    """`…/migration-new/`"""

    template = "products/resources/database/migration.html"
    tab = "database-migrations"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """An empty form, with the next number."""
        self.actor.need(Permission.EDIT)
        number = queries.migrations_of(self.actor, self.found.row).count() + 1
        return self.show(request, form=MigrationForm(proposed=f"{number:04}-"))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Adds one after all others."""
        self.actor.need(Permission.EDIT)
        form = MigrationForm(request.POST)
        if "add" in request.POST:
            return self.drawn(request, form)
        row = form.submit(lambda data: migrations.create_migration(self.actor, self.found.row, **data))
        if row is None:
            return self.drawn(request, form)
        messages.success(request, f"{row.tag} is there. It runs nowhere yet.")
        return self.to("database-migrations")


class OneMigration(Written):
    """A page about one of them."""

    row: Migration

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.row = queries.migration(self.actor, self.found.row, kwargs["migration"])


class MigrationPage(OneMigration):
    """`…/migrations/<migration>/`"""

    template = "products/resources/database/migration.html"
    tab = "database-migrations"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Its statements; who may edit gets editors."""
        return self.show(request, form=MigrationForm(row=self.row), row=self.row)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Saves it."""
        self.actor.need(Permission.EDIT)
        form = MigrationForm(request.POST, row=self.row)
        if "add" in request.POST:
            return self.drawn(request, form, row=self.row)
        if form.submit(lambda data: migrations.update_migration(self.actor, self.row, **data)) is None:
            return self.drawn(request, form, row=self.row)
        messages.success(request, "Saved. Where it was run already it shows as changed.")
        return self.to("database-migrations")


class MigrationDelete(OneMigration):
    """`…/migrations/<migration>/delete/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Forgets it; what it did in databases stays."""
        migrations.delete_migration(self.actor, self.row)
        messages.success(request, f"{self.row.tag} is deleted.")
        return self.to("database-migrations")
