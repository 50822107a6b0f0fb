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
from processors.views.migration_repairs import Repair, repairs_of
from products.access import Permission
from products.lib.errors import NotFound
from products.models import Environment
from products.queries.callable_resources import Wanted
from products.queries.database_actions import migrations_of
from products.services.migrations import known_migrations
from products.views.database_actions import DatabaseBase

SHOWN = 100  # migrations of a page
STRANGERS = 50  # that are shown of those that the product has no more
NAMED = 20  # tags in a sentence
AT_ONCE = 6  # environments that are asked side by side


@dataclass(frozen=True, slots=True)
class Column:
    """One environment: how its database stands. `error` where it could not be asked.

    `stuck` is the first that failed or was changed since: nothing is run or rolled back before it is settled. While
    there are `strangers`, which the product has no more, nothing is rolled back.
    """

    environment: Environment
    may_run: bool
    configured: bool
    error: str
    states: dict[str, Applied]
    pending: tuple[str, ...] = ()
    last: str = ""  # the last that was run
    done: int = 0  # how many were run
    stuck: Applied | None = None
    stuck_on: int = 0  # its page
    strangers: tuple[Applied, ...] = ()

    @property
    def pending_words(self) -> str:
        """The first of them by name, and how many more."""
        more = len(self.pending) - NAMED
        return ", ".join(self.pending[:NAMED]) + (f" and {more} more" if more > 0 else "")

    def cell(self, tag: str) -> tuple[Column, Applied | None, tuple[Repair, ...]]:
        """How one migration stands here, and what may be done about it."""
        one = self.states.get(tag)
        return self, one, repairs_of(one) if self.may_run else ()


@dataclass(frozen=True, slots=True)
class Pages:
    """Which of all migrations are shown. The last page is where new ones come, so it is the first that is seen."""

    total: int
    number: int

    @classmethod
    def chosen(cls, total: int, given: str) -> Pages:
        """`given` is what the address says: the number of a page, or nothing."""
        last = page_of(max(total, 1) - 1)
        number = int(given) if given.isascii() and given.isdigit() and len(given) < 6 else last
        return cls(total, min(max(number, 1), last))

    @property
    def start(self) -> int:
        """How many come before."""
        return (self.number - 1) * SHOWN

    @property
    def end(self) -> int:
        """The position of the last that is shown, from 1."""
        return min(self.start + SHOWN, self.total)

    @property
    def earlier(self) -> int:
        """The number of the page before, 0 for none."""
        return self.number - 1

    @property
    def later(self) -> int:
        """The number of the page after, 0 for none."""
        return self.number + 1 if self.end < self.total else 0


def page_of(index: int) -> int:
    """The number of the page on which the migration of this index is, from 0."""
    return index // SHOWN + 1


class DatabaseMigrations(DatabaseBase):
    """`…/migrations/`; `?part=table` asks the databases."""

    template = "processors/databases/migrations.html"
    fragment = "processors/databases/_migrations.html"
    tab = "database-migrations"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """A page of the migrations at once; how each environment stands when its database has answered."""
        every = list(migrations_of(self.actor, self.found.row).defer("up", "down"))
        pages = Pages.chosen(len(every), request.GET.get("page", ""))
        rows = every[pages.start : pages.end]
        if request.GET.get("part") != "table":
            return self.show(request, rows=rows, pages=pages, waiting=bool(rows))
        columns = self._columns([row.tag for row in every])
        lines = [{"row": row, "cells": [column.cell(row.tag) for column in columns]} for row in rows]
        strangers = [column.cell(one.tag) for column in columns for one in column.strangers]
        return self.show(
            request, rows=rows, pages=pages, columns=columns, lines=lines, waiting=False,
            strangers=strangers[:STRANGERS], more_strangers=max(0, len(strangers) - STRANGERS),
        )  # fmt: skip

    def _columns(self, tags: Sequence[str]) -> list[Column]:
        # How they stand is told by their checksums: the statements, of which there may be many, stay here.
        known = [{"tag": each["tag"], "checksum": each["checksum"]} for each in known_migrations(self.found.row)]
        ready = [each.environment for each in self.found.configs if each.complete]

        def stand(environment: Environment) -> Seen:
            try:
                wanted = Wanted("database", self.found.row.tag, "migrations")
                return ask(self.actor, self.product.tag, environment.slug, wanted, {"known": known})
            finally:
                connection.close()  # each thread has one of its own

        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = dict(zip([each.pk for each in ready], threads.map(stand, ready), strict=True))
        return [self._column(each.environment, tags, answers.get(each.environment.pk)) for each in self.found.configs]

    def _column(self, environment: Environment, tags: Sequence[str], seen: Seen | None) -> Column:
        states = applied(seen.output) if seen else {}
        found = [(index, states[tag]) for index, tag in enumerate(tags) if tag in states]
        done = [one.tag for _, one in found if one.state in {"applied", "drifted"}]
        place, stuck = next((each for each in found if each[1].state in {"failed", "drifted"}), (0, None))
        return Column(
            environment, self.actor.may_run_in(environment), seen is not None, seen.message if seen else "", states,
            tuple(one.tag for _, one in found if one.state == "pending"), done[-1] if done else "", len(done),
            stuck, page_of(place), tuple(one for one in states.values() if one.state == "missing"),
        )  # fmt: skip


class DatabaseMigrate(DatabaseBase):
    """`…/migrate/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Starts a run that goes up or down in one environment, and leads to it."""
        self.actor.need(Permission.RUN)
        given = {
            name: request.POST.get(name, "").replace("\x00", "")[:63]
            for name in ("environment", "direction", "to", "repair")
        }
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
