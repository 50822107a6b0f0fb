"""Routes of the pages that show what runs."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from processors.views import (
    compare,
    connection_checks,
    console,
    feature_expressions,
    feature_form,
    feature_list,
    home,
    resource_cache,
    resource_calls,
    resource_checks,
    resource_file_acts,
    resource_files,
    run_actions,
    run_by_id,
    runs,
    signed_file,
    workers,
)

W = "w/<slug:workspace>/"
P = "w/<slug:workspace>/p/<slug:product>/"
C = P + "connections/<slug:connection>/environments/<slug:environment>/"
A = P + "connections/<slug:connection>/actions/<slug:action>/"
S = P + "runs/<uuid:run>/steps/<uuid:step>/"
R = P + "resources/<slug:kind>/<slug:resource>/"
F = P + "resources/storage/<slug:resource>/"
K = P + "resources/cache/<slug:resource>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(W, home.HomePage.as_view(), name="home"),
    path(W + "runs/<uuid:run>/", run_by_id.RunById.as_view(), name="run-by-id"),
    path(W + "processors/", workers.ProcessorsPage.as_view(), name="processors"),
    path(W + "processors/<slug:processor>/pause/", workers.PauseProcessor.as_view(), name="processor-pause"),
    path(W + "processors/<slug:processor>/resume/", workers.ResumeProcessor.as_view(), name="processor-resume"),
    path(W + "apps/<uuid:app>/actions/<slug:action>/run/", console.ActionRunPage.as_view(), name="action-run"),
    path(P, home.OverviewPage.as_view(), name="product-overview"),
    path(P + "features/", feature_list.FeaturesPage.as_view(), name="features"),
    path(P + "features/<slug:feature>/runs/", feature_list.FeatureRuns.as_view(), name="feature-runs"),
    path(P + "features/<slug:feature>/names/", feature_expressions.FeatureNames.as_view(), name="feature-names"),
    path(P + "features/<slug:feature>/values/", feature_expressions.FeatureValues.as_view(), name="feature-values"),
    path(P + "runs/", runs.RunsPage.as_view(), name="runs"),
    path(P + "runs/<uuid:run>/", runs.RunPage.as_view(), name="run"),
    path(P + "runs/<uuid:run>/log/", runs.RunLogRows.as_view(), name="run-log"),
    path(P + "runs/<uuid:run>/cancel/", runs.CancelRun.as_view(), name="run-cancel"),
    path(P + "runs/<uuid:run>/replay/", runs.ReplayRun.as_view(), name="run-replay"),
    path(P + "runs/compare/", compare.ComparePage.as_view(), name="run-compare"),
    path(P + "runs/<uuid:run>/restart/", run_actions.RestartRun.as_view(), name="run-restart"),
    path(P + "runs/<uuid:run>/resume/", run_actions.ResumeRun.as_view(), name="run-resume"),
    path(S + "signal/", run_actions.SendSignal.as_view(), name="run-signal"),
    path(S + "resolve/", run_actions.ResolveStep.as_view(), name="run-resolve"),
    path(S + "undone/", run_actions.UndoByHand.as_view(), name="run-undo-by-hand"),
    path(S + "undo/", run_actions.RetryUndo.as_view(), name="run-retry-undo"),
    path(P + "features/<slug:feature>/run/", feature_form.FeatureRunFormPage.as_view(), name="feature-run"),
    path("oauth/callback/", connection_checks.OAuthCallback.as_view(), name="oauth-callback"),
    path(C + "health/", connection_checks.ConnectionHealthPanel.as_view(), name="connection-health"),
    path(C + "test/", connection_checks.ConnectionTest.as_view(), name="connection-test"),
    path(C + "authorize/", connection_checks.ConnectAccount.as_view(), name="connection-authorize"),
    path(R + "environments/<slug:environment>/check/", resource_checks.ResourceCheck.as_view(), name="resource-check"),
    path(R + "try/", resource_calls.ResourceTry.as_view(), name="resource-try"),
    path(R + "runs/", resource_calls.ResourceRuns.as_view(), name="resource-runs"),
    path(R + "runs/<uuid:run>/", resource_calls.ResourceRun.as_view(), name="resource-run"),
    path(K + "keys/", resource_cache.CacheKeys.as_view(), name="cache-keys"),
    path(K + "key/", resource_cache.CacheKey.as_view(), name="cache-key"),
    path(K + "purge/", resource_cache.CachePurge.as_view(), name="cache-purge"),
    path("files/signed/<uuid:place>/<path:key>", signed_file.SignedFile.as_view(), name="signed-file"),
    path(F + "files/", resource_files.StorageFiles.as_view(), name="storage-files"),
    path(F + "file/", resource_files.StorageFile.as_view(), name="storage-file"),
    path(F + "file/image/", resource_files.StorageImage.as_view(), name="storage-image"),
    path(F + "file/download/", resource_files.StorageDownload.as_view(), name="storage-download"),
    path(F + "file/delete/", resource_file_acts.StorageDelete.as_view(), name="storage-delete"),
    path(F + "file/copy/", resource_file_acts.StorageCopy.as_view(), name="storage-copy"),
    path(F + "file/sign/", resource_file_acts.StorageSign.as_view(), name="storage-sign"),
    path(F + "save/", resource_file_acts.StorageSave.as_view(), name="storage-save"),
    path(A, console.ConsolePage.as_view(), name="action-console"),
    path(A + "runs/<uuid:run>/", console.ConsoleResult.as_view(), name="console-result"),
    path(A + "runs/<uuid:run>/sample/", console.SaveSample.as_view(), name="console-sample"),
]
