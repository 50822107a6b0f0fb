"""Routes of apps, imports and connections."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from products.views import actions, app_parts, apps, connections, imports, marketplace

W = "w/<slug:workspace>/"
A = "w/<slug:workspace>/apps/<uuid:app>/"
P = "w/<slug:workspace>/p/<slug:product>/"
C = P + "connections/<slug:connection>/"

APPS: list[URLPattern | URLResolver] = [
    path(W + "apps/", apps.AppsPage.as_view(), name="apps"),
    path(W + "apps/new/", apps.AppNew.as_view(), name="app-new"),
    path(W + "marketplace/", marketplace.MarketplacePage.as_view(), name="marketplace"),
    path(A, actions.ActionsPage.as_view(), name="app"),
    path(A + "settings/", apps.AppSettings.as_view(), name="app-settings"),
    path(A + "publish/", apps.AppPublish.as_view(), name="app-publish"),
    path(A + "unpublish/", apps.AppUnpublish.as_view(), name="app-unpublish"),
    path(A + "delete/", apps.AppDelete.as_view(), name="app-delete"),
    path(A + "export/", imports.AppExport.as_view(), name="app-export"),
    path(A + "imports/", imports.AppImportsPage.as_view(), name="app-imports"),
]
# Imported keys may contain a slash: hence `path`, and the longer route first.
PARTS: list[URLPattern | URLResolver] = [
    path(A + "environments/", app_parts.EnvironmentsPage.as_view(), name="app-environments"),
    path(A + "add-environment/", app_parts.EnvironmentNew.as_view(), name="app-environment-new"),
    path(A + "environments/<str:app_environment>/", app_parts.EnvironmentEdit.as_view(), name="app-environment"),
    path(
        A + "environments/<str:app_environment>/delete/",
        app_parts.EnvironmentDelete.as_view(),
        name="app-environment-delete",
    ),
    path(A + "auths/", app_parts.AuthsPage.as_view(), name="app-auths"),
    path(A + "add-auth/", app_parts.AuthNew.as_view(), name="app-auth-new"),
    path(A + "auths/<str:auth>/", app_parts.AuthEdit.as_view(), name="app-auth"),
    path(A + "auths/<str:auth>/delete/", app_parts.AuthDelete.as_view(), name="app-auth-delete"),
    path(A + "variables/", app_parts.VariablesPage.as_view(), name="app-variables"),
    path(A + "add-variable/", app_parts.VariableNew.as_view(), name="app-variable-new"),
    path(A + "variables/<path:variable>/delete/", app_parts.VariableDelete.as_view(), name="app-variable-delete"),
    path(A + "variables/<path:variable>/", app_parts.VariableEdit.as_view(), name="app-variable"),
    path(A + "add-constant/", app_parts.ConstantNew.as_view(), name="app-constant-new"),
    path(A + "constants/<path:constant>/delete/", app_parts.ConstantDelete.as_view(), name="app-constant-delete"),
    path(A + "constants/<path:constant>/", app_parts.ConstantEdit.as_view(), name="app-constant"),
]
ACTIONS: list[URLPattern | URLResolver] = [
    path(A + "add-action/", actions.ActionNew.as_view(), name="app-action-new"),
    path(A + "parameter-row/", actions.ParameterRow.as_view(), name="app-parameter-row"),
    path(A + "actions/<str:action>/", actions.ActionPage.as_view(), name="app-action"),
    path(A + "actions/<str:action>/edit/", actions.ActionEdit.as_view(), name="app-action-edit"),
    path(A + "actions/<str:action>/delete/", actions.ActionDelete.as_view(), name="app-action-delete"),
    path(
        A + "actions/<str:action>/samples/<uuid:sample>/delete/",
        actions.SampleDelete.as_view(),
        name="app-sample-delete",
    ),
]
IMPORTS: list[URLPattern | URLResolver] = [
    path(W + "apps/import/", imports.ImportNew.as_view(), name="app-import"),
    path(W + "imports/<uuid:import_id>/", imports.ImportPage.as_view(), name="import"),
    path(W + "imports/<uuid:import_id>/apply/", imports.ImportApply.as_view(), name="import-apply"),
    path(W + "imports/<uuid:import_id>/discard/", imports.ImportDiscard.as_view(), name="import-discard"),
]
CONNECTIONS: list[URLPattern | URLResolver] = [
    path(P + "connections/", connections.ConnectionsPage.as_view(), name="connections"),
    path(P + "connect/", connections.ConnectChoose.as_view(), name="connection-new"),
    path(P + "connect/<uuid:app>/", connections.ConnectPage.as_view(), name="connect-app"),
    path(C, connections.ConnectionPage.as_view(), name="connection"),
    path(C + "rename/", connections.ConnectionRename.as_view(), name="connection-rename"),
    path(C + "delete/", connections.ConnectionDelete.as_view(), name="connection-delete"),
    path(C + "environments/<slug:environment>/unmap/", connections.ConnectionUnmap.as_view(), name="connection-unmap"),
]
urlpatterns: list[URLPattern | URLResolver] = [*APPS, *PARTS, *ACTIONS, *IMPORTS, *CONNECTIONS]
