"""Routes of the lower storey."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from products.views import (
    audit,
    environments,
    features,
    find,
    invitations,
    keys,
    products,
    profile,
    releases,
    secrets,
    settings,
    start,
    team,
)

Routes = list[URLPattern | URLResolver]
ENVIRONMENT = "environments/<slug:environment>/"
PRODUCT: Routes = [
    path("settings/", products.ProductSettings.as_view(), name="product-settings"),
    path("delete/", products.ProductDelete.as_view(), name="product-delete"),
    path("environments/", environments.EnvironmentsPage.as_view(), name="environments"),
    path("environments/<slug:environment>/", environments.EnvironmentPage.as_view(), name="environment"),
    path("environments/<slug:environment>/move/", environments.EnvironmentMove.as_view(), name="environment-move"),
    path(
        "environments/<slug:environment>/delete/", environments.EnvironmentDelete.as_view(), name="environment-delete"
    ),
    path("releases/", releases.ReleasesPage.as_view(), name="releases"),
    path("releases/difference/", releases.ReleaseDifference.as_view(), name="release-difference"),
    path("releases/deploy/<slug:environment>/", releases.DeployPage.as_view(), name="release-deploy"),
    path("feature-new/", features.FeatureNew.as_view(), name="feature-new"),
    path("features/<slug:feature>/", features.FeaturePage.as_view(), name="feature"),
    path("features/<slug:feature>/releases/", features.FeatureReleases.as_view(), name="feature-releases"),
    path("features/<slug:feature>/delete/", features.FeatureDelete.as_view(), name="feature-delete"),
]
WORKSPACE: Routes = [
    path("products/", products.ProductsPage.as_view(), name="products"),
    path("products/new/", products.ProductNew.as_view(), name="product-new"),
    path("team/", team.TeamPage.as_view(), name="team"),
    path("team/invitations/", team.InvitationsPage.as_view(), name="invitations"),
    path("team/invitations/<uuid:invitation>/revoke/", team.InvitationRevoke.as_view(), name="invitation-revoke"),
    path("team/leave/", team.Leave.as_view(), name="leave"),
    path("team/<uuid:member>/", team.MemberPage.as_view(), name="member"),
    path("team/<uuid:member>/remove/", team.MemberRemove.as_view(), name="member-remove"),
    path("secrets/", secrets.SecretsPage.as_view(), name="secrets"),
    path("secrets/new/", secrets.SecretNew.as_view(), name="secret-new"),
    path("secrets/of/<str:secret>/", secrets.SecretPage.as_view(), name="secret"),
    path("secrets/of/<str:secret>/delete/", secrets.SecretDelete.as_view(), name="secret-delete"),
    path("keys/", keys.KeysPage.as_view(), name="keys"),
    path("keys/new/", keys.KeyNew.as_view(), name="key-new"),
    path("keys/<uuid:key>/revoke/", keys.KeyRevoke.as_view(), name="key-revoke"),
    path("audit/", audit.AuditPage.as_view(), name="audit"),
    path("audit/export/", audit.AuditExport.as_view(), name="audit-export"),
    path("settings/", settings.SettingsPage.as_view(), name="settings"),
    path("delete/", settings.WorkspaceDelete.as_view(), name="workspace-delete"),
    path("find/", find.Find.as_view(), name="find"),
    path("p/<slug:product>/", include(PRODUCT)),
]
urlpatterns: Routes = [
    path("", start.Start.as_view(), name="start"),
    path("workspaces/new/", start.WorkspaceNew.as_view(), name="workspace-new"),
    path("invitations/<str:token>/", invitations.AcceptInvitation.as_view(), name="invitation-accept"),
    path("profile/", profile.Profile.as_view(), name="profile"),
    path("w/<slug:workspace>/", include(WORKSPACE)),
    path("", include("products.views.help_urls")),
    path("", include("products.views.app_urls")),
    path("", include("products.views.resource_urls")),
    path("", include("products.views.database_urls")),
]
