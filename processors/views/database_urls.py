"""Routes of what is done with databases: actions tried, tables looked at, statements sent, migrations run."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from processors.views import database_calls, database_console, database_explorer, database_migrations

D = "w/<slug:workspace>/p/<slug:product>/resources/database/<slug:resource>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(D + "actions/<slug:action>/", database_calls.DatabaseActionPage.as_view(), name="database-action"),
    path(D + "migrations/", database_migrations.DatabaseMigrations.as_view(), name="database-migrations"),
    path(D + "migrate/", database_migrations.DatabaseMigrate.as_view(), name="database-migrate"),
    path(D + "explorer/", database_explorer.DatabaseExplorer.as_view(), name="database-explorer"),
    path(D + "console/", database_console.DatabaseConsole.as_view(), name="database-console"),
]
