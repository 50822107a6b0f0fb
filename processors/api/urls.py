"""Routes of what runs."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from processors.api import connections, features, files, processors, resources, runs

WORKSPACE = "workspaces/<str:workspace>/"
RUN = f"{WORKSPACE}runs/<uuid:run>/"
PROCESSOR = f"{WORKSPACE}processors/<str:processor>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{WORKSPACE}processor/action/run", runs.RunActionView.as_view(), name="api-run-action"),
    path(f"{WORKSPACE}processor/feature/run", features.RunFeatureView.as_view(), name="api-run-feature"),
    path(f"{WORKSPACE}processor/db/run", resources.RunDatabaseActionView.as_view(), name="api-db-run"),
    path(f"{WORKSPACE}processor/db/execute", resources.RunDatabaseActionView.as_view(), name="api-db-execute"),
    path(
        f"{WORKSPACE}processor/db/migration/run",
        resources.MigrateView.as_view(direction="up"),
        name="api-migration-run",
    ),
    path(
        f"{WORKSPACE}processor/db/migration/rollback",
        resources.MigrateView.as_view(direction="down"),
        name="api-migration-rollback",
    ),
    *(
        path(f"{WORKSPACE}processor/storage/{name}", view.as_view(), name=f"api-storage-{name}")
        for name, view in resources.STORAGE_VIEWS.items()
    ),
    *(
        path(f"{WORKSPACE}processor/cache/{name}", view.as_view(), name=f"api-cache-{name}")
        for name, view in resources.CACHE_VIEWS.items()
    ),
    path(
        f"{WORKSPACE}products/<str:product>/resources/<str:kind>/<str:resource>/environments/<str:environment>/look/",
        resources.LookView.as_view(),
        name="api-resource-look",
    ),
    path(
        f"{WORKSPACE}products/<str:product>/resources/storage/<str:resource>/environments/<str:environment>/content/",
        files.StorageContentView.as_view(),
        name="api-storage-content",
    ),
    path(f"{WORKSPACE}files/", files.FilesView.as_view(), name="api-files"),
    path(f"{WORKSPACE}files/<uuid:file>/", files.FileView.as_view(), name="api-file"),
    path(f"{WORKSPACE}runs/", runs.RunsView.as_view(), name="api-runs"),
    path(RUN, runs.OneRunView.as_view(), name="api-run"),
    path(f"{RUN}steps/", runs.RunStepsView.as_view(), name="api-run-steps"),
    path(f"{RUN}log/", runs.RunLogView.as_view(), name="api-run-log"),
    path(f"{RUN}cancel/", runs.CancelRunView.as_view(), name="api-run-cancel"),
    path(f"{RUN}replay/", runs.ReplayRunView.as_view(), name="api-run-replay"),
    path(f"{RUN}signals/", features.SignalView.as_view(), name="api-run-signal"),
    path(f"{RUN}resolve/", features.ResolveView.as_view(), name="api-run-resolve"),
    path(f"{RUN}restart/", features.RestartRunView.as_view(), name="api-run-restart"),
    path(f"{RUN}resume/", features.ResumeRunView.as_view(), name="api-run-resume"),
    path(f"{RUN}compare/", features.CompareView.as_view(), name="api-run-compare"),
    path(f"{RUN}undo-by-hand/", features.UndoByHandView.as_view(), name="api-run-undo-by-hand"),
    path(f"{RUN}retry-undo/", features.RetryUndoView.as_view(), name="api-run-retry-undo"),
    path(
        f"{WORKSPACE}products/<str:product>/connections/<str:connection>/environments/<str:environment>/test/",
        connections.ConnectionTestView.as_view(),
        name="api-connection-test",
    ),
    path(f"{WORKSPACE}processors/", processors.ProcessorsView.as_view(), name="api-processors"),
    path(f"{PROCESSOR}pause/", processors.PauseProcessorView.as_view(), name="api-processor-pause"),
    path(f"{PROCESSOR}resume/", processors.ResumeProcessorView.as_view(), name="api-processor-resume"),
]
