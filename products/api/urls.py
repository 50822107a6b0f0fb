"""Routes of the lower storey."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from products.api import (
    audit,
    environments,
    features,
    invitations,
    keys,
    me,
    members,
    products,
    releases,
    resources,
    secrets,
    workspaces,
)

Routes = list[URLPattern | URLResolver]
DATABASE = "resources/database/<str:resource>/"
PRODUCT: Routes = [
    path("", products.ProductView.as_view(), name="api-product"),
    path("environments/", environments.EnvironmentsView.as_view(), name="api-environments"),
    path("environments/<str:environment>/", environments.EnvironmentView.as_view(), name="api-environment"),
    path("environment-order/", environments.EnvironmentOrderView.as_view(), name="api-environment-order"),
    path("features/", features.FeaturesView.as_view(), name="api-features"),
    path("features/<str:feature>/", features.FeatureView.as_view(), name="api-feature"),
    path("feature-check/", features.ExamineFeatureView.as_view(), name="api-feature-check"),
    path("resources/<str:kind>/", resources.ResourcesView.as_view(), name="api-resources"),
    path("resources/<str:kind>/<str:resource>/", resources.ResourceView.as_view(), name="api-resource"),
    path(
        "resources/<str:kind>/<str:resource>/environments/<str:environment>/",
        resources.ConfigView.as_view(),
        name="api-resource-config",
    ),
    path(f"{DATABASE}actions/", resources.DatabaseActionsView.as_view(), name="api-database-actions"),
    path(f"{DATABASE}actions/<str:action>/", resources.DatabaseActionView.as_view(), name="api-database-action"),
    path(f"{DATABASE}migrations/", resources.MigrationsView.as_view(), name="api-migrations"),
    path(f"{DATABASE}migrations/<str:migration>/", resources.MigrationView.as_view(), name="api-migration"),
    path("releases/", releases.ReleasesView.as_view(), name="api-releases"),
    path("releases/<str:release>/", releases.ReleaseView.as_view(), name="api-release"),
    path("releases/<str:release>/difference/", releases.ReleaseDifferenceView.as_view(), name="api-release-difference"),
    path("environments/<str:environment>/release/", releases.DeploymentView.as_view(), name="api-deployment"),
]
WORKSPACE: Routes = [
    path("", workspaces.WorkspaceDetailView.as_view(), name="api-workspace"),
    path("leave/", workspaces.WorkspaceLeaveView.as_view(), name="api-leave"),
    path("members/", members.MembersView.as_view(), name="api-members"),
    path("members/<uuid:member>/", members.MemberView.as_view(), name="api-member"),
    path("invitations/", invitations.InvitationsView.as_view(), name="api-invitations"),
    path("invitations/<uuid:invitation>/", invitations.InvitationView.as_view(), name="api-invitation"),
    path("products/", products.ProductsView.as_view(), name="api-products"),
    path("products/<str:product>/", include(PRODUCT)),
    path("secrets/", secrets.SecretsView.as_view(), name="api-secrets"),
    path("secrets/<str:secret>/", secrets.SecretView.as_view(), name="api-secret"),
    path("keys/", keys.KeysView.as_view(), name="api-keys"),
    path("keys/<uuid:key>/", keys.KeyView.as_view(), name="api-key"),
    path("audit/", audit.AuditView.as_view(), name="api-audit"),
    path("audit/export/", audit.AuditExportView.as_view(), name="api-audit-export"),
]
urlpatterns: Routes = [
    path("me/", me.MeView.as_view(), name="api-me"),
    path("workspaces/", workspaces.WorkspacesView.as_view(), name="api-workspaces"),
    path("workspaces/<str:workspace>/", include(WORKSPACE)),
    path("", include("products.api.app_urls")),
]
