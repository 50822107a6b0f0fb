"""Routes of apps, imports and connections."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from products.api import actions, apps, auths, connections, imports, marketplace, variables

Routes = list[URLPattern | URLResolver]
ACTION: Routes = [
    path("", actions.ActionView.as_view(), name="api-action"),
    path("samples/", actions.SamplesView.as_view(), name="api-samples"),
    path("samples/<uuid:sample>/", actions.SampleView.as_view(), name="api-sample"),
]
APP: Routes = [
    path("", apps.AppView.as_view(), name="api-app"),
    path("export/", apps.AppExportView.as_view(), name="api-app-export"),
    path("publish/", apps.PublishView.as_view(), name="api-app-publish"),
    path("environments/", apps.AppEnvironmentsView.as_view(), name="api-app-environments"),
    path("environments/<str:app_environment>/", apps.AppEnvironmentView.as_view(), name="api-app-environment"),
    path("folders/", apps.FoldersView.as_view(), name="api-folders"),
    path("folders/<uuid:folder>/", apps.FolderView.as_view(), name="api-folder"),
    path("auths/", auths.AuthsView.as_view(), name="api-auths"),
    path("auths/<str:auth>/", auths.AuthView.as_view(), name="api-auth"),
    path("variables/", variables.VariablesView.as_view(), name="api-variables"),
    path("variables/<path:variable>/", variables.VariableView.as_view(), name="api-variable"),
    path("constants/", variables.ConstantsView.as_view(), name="api-constants"),
    path("constants/<path:constant>/", variables.ConstantView.as_view(), name="api-constant"),
    path("actions/", actions.ActionsView.as_view(), name="api-actions"),
    path("actions/<str:action>/", include(ACTION)),
]
LISTING: Routes = [
    path("", marketplace.ListingView.as_view(), name="api-listing"),
    path("actions/", marketplace.ListingActionsView.as_view(), name="api-listing-actions"),
    path("actions/<str:action>/", marketplace.ListingActionView.as_view(), name="api-listing-action"),
]
CONNECTIONS: Routes = [
    path("", connections.ConnectionsView.as_view(), name="api-connections"),
    path("<str:connection>/", connections.ConnectionView.as_view(), name="api-connection"),
    path("<str:connection>/environments/<str:environment>/", connections.MappingView.as_view(), name="api-mapping"),
]
WORKSPACE: Routes = [
    path("apps/", apps.AppsView.as_view(), name="api-apps"),
    path("apps/<str:app>/", include(APP)),
    path("marketplace/", marketplace.MarketplaceView.as_view(), name="api-marketplace"),
    path("marketplace/<uuid:listing>/", include(LISTING)),
    path("imports/", imports.ImportsView.as_view(), name="api-imports"),
    path("imports/<uuid:import_id>/", imports.ImportView.as_view(), name="api-import"),
    path("imports/<uuid:import_id>/apply/", imports.ImportApplyView.as_view(), name="api-import-apply"),
    path("imports/<uuid:import_id>/discard/", imports.ImportDiscardView.as_view(), name="api-import-discard"),
    path("products/<str:product>/connections/", include(CONNECTIONS)),
]
urlpatterns: Routes = [path("workspaces/<str:workspace>/", include(WORKSPACE))]
