"""Routes of what a team defines upon a database."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from products.views import database_actions as views

D = "w/<slug:workspace>/p/<slug:product>/resources/database/<slug:resource>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(D + "actions/", views.DatabaseActionsPage.as_view(), name="database-actions"),
    path(D + "action-new/", views.DatabaseActionNew.as_view(), name="database-action-new"),
    path(D + "action-check/", views.DatabaseActionCheck.as_view(), name="database-action-check"),
    path(D + "actions/<slug:action>/edit/", views.DatabaseActionEdit.as_view(), name="database-action-edit"),
    path(D + "actions/<slug:action>/delete/", views.DatabaseActionDelete.as_view(), name="database-action-delete"),
    path(D + "migration-new/", views.MigrationNew.as_view(), name="migration-new"),
    path(D + "migrations/<slug:migration>/", views.MigrationPage.as_view(), name="migration"),
    path(D + "migrations/<slug:migration>/delete/", views.MigrationDelete.as_view(), name="migration-delete"),
]
