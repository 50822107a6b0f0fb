"""Migrations by environment: which were run where, and running or taking them back, each as a run."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from processors.services.looking import Seen
from processors.services.migrating import migrate
from processors.views.asking import ask
from processors.views.database_answers import Applied, applied
from products.access import Permission
from products.lib.errors import NotFound
from products.models import Environment, Migration
from products.queries.callable_resources import Wanted
from products.queries.database_actions import migrations_of
from products.services.migrations import known_migrations
from products.views.database_actions import DatabaseBase

SHOWN = 500
AT_ONCE = 6  # environments that are asked side by side


@dataclass(frozen=True, slots=True)
class Column:
    """One environment: how its database stands. `error` where it could not be asked."""

    environment: Environment
    may_run: bool
    configured: bool
    error: str
    states: dict[str, Applied]
    pending: tuple[str, ...] = ()
    last: str = ""  # the last that was run
    failed: str = ""


class DatabaseMigrations(DatabaseBase):
    """`…/migrations/`; `?part=table` asks the databases."""

    template = "processors/databases/migrations.html"
    fragment = "processors/databases/_migrations.html"
    tab = "database-migrations"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The migrations at once; how each environment stands when its database has answered."""
        rows = list(migrations_of(self.actor, self.found.row)[:SHOWN])
        if request.GET.get("part") != "table":
            return self.show(request, rows=rows, waiting=bool(rows))
        columns = self._columns(rows)
        lines = [{"row": row, "cells": [(column, column.states.get(row.tag)) for column in columns]} for row in rows]
        known = {row.tag for row in rows}
        strangers = [(column, one) for column in columns for tag, one in column.states.items() if tag not in known]
        return self.show(request, rows=rows, columns=columns, lines=lines, strangers=strangers, waiting=False)

    def _columns(self, rows: Sequence[Migration]) -> list[Column]:
        known = known_migrations(self.found.row)
        ready = [each.environment for each in self.found.configs if each.complete]

        def stand(environment: Environment) -> Seen:
            try:
                wanted = Wanted("database", self.found.row.tag, "migrations")
                return ask(self.actor, self.product.tag, environment.slug, wanted, {"known": known})
            finally:
                connection.close()  # each thread has one of its own

        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = dict(zip([each.pk for each in ready], threads.map(stand, ready), strict=True))
        return [self._column(each.environment, rows, answers.get(each.environment.pk)) for each in self.found.configs]

    def _column(self, environment: Environment, rows: Sequence[Migration], seen: Seen | None) -> Column:
        states = applied(seen.output) if seen else {}
        tags = [row.tag for row in rows]
        done = [tag for tag in tags if tag in states and states[tag].state in {"applied", "drifted"}]
        pending = tuple(tag for tag in tags if tag in states and states[tag].state == "pending")
        failed = next((tag for tag in tags if tag in states and states[tag].state == "failed"), "")
        return Column(
            environment, self.actor.may_run_in(environment), seen is not None, seen.message if seen else "", states,
            pending, done[-1] if done else "", failed,
        )  # fmt: skip


class DatabaseMigrate(DatabaseBase):
    """`…/migrate/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Starts a run that goes up or down in one environment, and leads to it."""
        self.actor.need(Permission.RUN)
        given = {name: request.POST.get(name, "")[:63] for name in ("environment", "direction", "to", "repair")}
        if given["environment"] not in {each.slug for each in self.environments}:
            raise NotFound("There is no such environment.")
        started = migrate(
            self.actor,
            product=self.product.tag,
            environment=given["environment"],
            database=self.found.row.tag,
            direction="down" if given["direction"] == "down" else "up",
            to=given["to"],
            repair=given["repair"] if given["repair"] in {"retry", "skip", "forget"} else "",
            trigger="page",
        )
        messages.success(request, f"Started in {given['environment']}.")
        return redirect("run", self.actor.workspace.tag, self.product.tag, started.run.pk)
