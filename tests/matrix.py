"""The declared table of who may use which route; `test_authorisation_matrix` compares it with what really happens.

One line a route: its URL name, and for each method the least role that may use it, then the least verb of a key (no
verb: keys are refused with 403). Roles: `nobody` (403 for the whole cast), `anyone` (no sign-in), `person` (any
signed-in person, no workspace), `viewer`, `developer`, `admin`, `owner`. Verbs: `read`, `run`, `write` (`read` is
enough where `run` and `write` are).

    Route("api-secrets", get="viewer read", post="admin"),

`body` is a good body for the methods that take one (JSON for REST, form fields for pages): with it the members must
get an answer below 400. A method that takes no body is named in `bodiless`. What a route's placeholders stand for is
in `OBJECTS`; where two routes use one placeholder for different things, say `using={"key": "secret"}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from products.models import Workspace
from tests import app_objects, objects, resource_objects, run_objects


@dataclass(frozen=True, slots=True)
class Route:
    """Who may use each method of one named route. `query`: what a GET needs to be a good one."""

    name: str
    get: str = ""
    post: str = ""
    put: str = ""
    patch: str = ""
    delete: str = ""
    using: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    bodiless: tuple[str, ...] = ()
    query: str = ""

    @property
    def methods(self) -> dict[str, str]:
        """Method to "role" or "role verb", only those declared."""
        found = {name: getattr(self, name) for name in ("get", "post", "put", "patch", "delete")}
        return {name: who for name, who in found.items() if who}


@dataclass(frozen=True, slots=True)
class Socket:
    """Who may connect to one named socket route."""

    name: str
    connect: str
    using: Mapping[str, str] = field(default_factory=dict)


# Placeholder of a route → makes such an object in a workspace and returns what stands in the address.
OBJECTS: dict[str, Callable[[Workspace], str]] = {
    "workspace": lambda workspace: workspace.tag,
    "slug": lambda workspace: "roles",  # of a help page
    "product": lambda workspace: objects.product(workspace).tag,
    "environment": lambda workspace: objects.environment(workspace).slug,
    "member": lambda workspace: str(objects.member(workspace).pk),
    "invitation": lambda workspace: str(objects.invitation(workspace).pk),
    "token": objects.invitation_token,
    "secret": lambda workspace: objects.secret(workspace).key,
    "key": lambda workspace: str(objects.some_key(workspace).pk),
    "feature": lambda workspace: app_objects.feature(workspace).tag,
    "release": lambda workspace: str(app_objects.release(workspace).number),
    "app": lambda workspace: app_objects.app(workspace).tag,
    "app_id": lambda workspace: str(app_objects.app(workspace).pk),
    "product_beside_app": lambda workspace: app_objects.app(workspace) and objects.product(workspace).tag,
    "product_with_feature": lambda workspace: app_objects.feature(workspace).product.tag,
    "app_environment": lambda workspace: app_objects.app(workspace).environments.get(name="Spare").slug,
    "folder": lambda workspace: str(app_objects.folder(workspace).pk),
    "auth": lambda workspace: app_objects.app(workspace).auths.get().tag,
    "variable": lambda workspace: app_objects.app(workspace).variables.get().key,
    "constant": lambda workspace: app_objects.app(workspace).constants.get().key,
    "action": lambda workspace: app_objects.action(workspace).tag,
    "sample": lambda workspace: str(app_objects.sample(workspace).pk),
    "listing": lambda workspace: str(app_objects.listing(workspace).pk),
    "connection": lambda workspace: app_objects.ledger_connection(workspace).tag,
    "import_id": lambda workspace: str(app_objects.ready_import(workspace).pk),
    "run": lambda workspace: str(run_objects.run(workspace).pk),
    "run_beside_another": lambda workspace: str(run_objects.run_beside_another(workspace).pk),
    "waiting_run": lambda workspace: str(run_objects.waiting_run(workspace).pk),
    "failed_run": lambda workspace: str(run_objects.failed_run(workspace).pk),
    "unsure_step": lambda workspace: str(run_objects.unsure_step(workspace).pk),
    "signal_step": lambda workspace: str(run_objects.signal_step(workspace).pk),
    "undo_step": lambda workspace: str(run_objects.undo_step(workspace).pk),
    "waiting_feature": lambda workspace: run_objects.waiting_run(workspace).target,
    "workspace_that_waits": lambda workspace: run_objects.waiting_run(workspace) and workspace.tag,
    "processor": lambda workspace: run_objects.processor(workspace).tag,
    "workspace_that_runs": lambda workspace: run_objects.run(workspace) and workspace.tag,
    "kind": lambda workspace: "database",
    "resource": lambda workspace: resource_objects.database(workspace).tag,
    "database_action": lambda workspace: resource_objects.database_action(workspace).tag,
    "migration": lambda workspace: resource_objects.migration(workspace).tag,
    "workspace_with_resources": lambda workspace: resource_objects.everything(workspace).tag,
    "resting_environment": lambda workspace: resource_objects.resting_environment(workspace).slug,
    "storage_kind": lambda workspace: "storage",
    "storage": lambda workspace: resource_objects.storage(workspace).tag,
    "place": lambda workspace: str(resource_objects.place(workspace).pk),
    "file_key": lambda workspace: f"{workspace.tag}.txt",
    "cache_kind": lambda workspace: "cache",
    "cache": lambda workspace: resource_objects.cache(workspace).tag,
    "kept_file": lambda workspace: str(resource_objects.kept_file(workspace).pk),
    "begun_file": lambda workspace: str(resource_objects.begun_file(workspace).pk),
}
# Placeholders that stand for a word of the product's language, which is nobody's.
WORDS = frozenset({"kind"})

LATER = "2036-01-01T00:00:00Z"
WORKSPACES = [
    Route("api-me", get="person read", patch="person", body={"name": "Somebody"}),
    Route("api-workspaces", get="person read", post="person", body={"name": "Another"}),
    Route("api-workspace", get="viewer read", patch="owner", delete="owner", body={"name": "R"}, query="confirm=acme"),
    Route("api-leave", post="viewer", bodiless=("post",)),
    Route("api-members", get="viewer"),
    Route("api-member", get="viewer", patch="admin", delete="admin", body={"role": "developer"}),
    Route("api-invitations", get="admin", post="admin", body={"email": "new@example.com", "role": "viewer"}),
    Route("api-invitation", get="admin", delete="admin"),
    Route("api-products", get="viewer read", post="developer write", body={"name": "New"}),
    Route("api-product", get="viewer read", patch="developer write", delete="developer write", body={"name": "New"}),
    Route("api-environments", get="viewer read", post="developer write", body={"slug": "new", "name": "New"}),
    Route("api-environment", get="viewer read", patch="developer write", delete="developer write", body={"name": "N"}),
    Route("api-environment-order", put="developer write", body={"environments": ["dev", "prd", "stg"]}),
    Route("api-secrets", get="viewer read", post="admin", body={"key": "NEW", "value": "v"}),
    Route("api-secret", get="viewer read", patch="admin", delete="admin", body={"value": "another"}),
    Route("api-keys", get="admin", post="admin", body={"name": "New", "verbs": ["read"], "expires_at": LATER}),
    Route("api-key", get="admin", delete="admin"),
    Route("api-audit", get="admin"),
    Route("api-audit-export", get="admin"),
]
EDITS = {"get": "viewer read", "patch": "developer write", "delete": "developer write"}
ADDS = {"get": "viewer read", "post": "developer write"}
APPS = [
    Route("api-apps", **ADDS, body={"name": "New"}),
    Route("api-app", **EDITS, body={"name": "Renamed"}),
    Route("api-app-export", get="viewer read"),
    Route("api-app-publish", post="admin", delete="admin", body={"category": "finance"}),
    Route("api-app-environments", **ADDS, body={"name": "New", "base_url": "https://new.example"}),
    Route("api-app-environment", **EDITS, body={"name": "Renamed"}),
    Route("api-folders", **ADDS, body={"path": "New / One"}),
    Route("api-folder", patch="developer write", delete="developer write", body={"path": "Renamed"}),
    Route("api-auths", **ADDS, body={"name": "New", "kind": "bearer"}),
    Route("api-auth", **EDITS, body={"name": "Renamed"}),
    Route("api-variables", **ADDS, body={"key": "new"}),
    Route("api-variable", **EDITS, body={"description": "Words"}),
    Route("api-constants", **ADDS, body={"key": "new", "value": "1"}),
    Route("api-constant", **EDITS, body={"description": "Words"}),
    Route("api-actions", **ADDS, body={"name": "New", "method": "GET", "path": "/new"}),
    Route("api-action", **EDITS, body={"name": "Renamed"}),
    Route("api-samples", **ADDS, body={"name": "New"}),
    Route("api-sample", delete="developer write"),
    Route("api-marketplace", get="viewer read"),
    Route("api-listing", get="viewer read"),
    Route("api-listing-actions", get="viewer read"),
    Route("api-listing-action", get="viewer read"),
    Route("api-imports", **ADDS, body={"document": "{}"}),
    Route("api-import", get="viewer read"),
    Route("api-import-apply", post="developer write", body={"remove": False}),
    Route("api-import-discard", post="developer write", bodiless=("post",)),
    Route(
        "api-connections",
        **ADDS,
        using={"product": "product_beside_app"},
        body={"app": "ledger-acme", "tag": "new"},
    ),
    Route("api-connection", **EDITS, body={"name": "Renamed"}),
    Route("api-connection-test", post="developer run", body={"action": "", "wait": 0}),
    Route("api-mapping", patch="developer write", delete="developer write", body={"app_environment": "live"}),
]
PAUSE = {"sequences": [{"tag": "main", "events": [{"tag": "pause", "type": "sleep", "input": "1s"}]}]}
NEW_FEATURE = {"name": "New", "definition": PAUSE}
FEATURES = [
    Route("api-features", **ADDS, body=NEW_FEATURE),
    Route("api-feature", **EDITS, put="developer write", body=NEW_FEATURE),
    Route("api-feature-check", post="developer write", body={"definition": PAUSE}),
    Route("api-releases", **ADDS, using={"product": "product_with_feature"}, body={"note": "New"}),
    Route("api-release", get="viewer read"),
    Route("api-release-difference", get="viewer read"),
    Route("api-deployment", get="viewer read", put="developer write", body={"release": None}),
]
NEW_ACTION = {"name": "New", "definition": resource_objects.BY_ID}
WITH_RESOURCES = {"workspace": "workspace_with_resources"}
HERE = {"product": "shop-acme", "environment": "qa-acme"}
RESOURCES = [
    Route("api-resources", **ADDS, body={"name": "New"}),
    Route("api-resource", **EDITS, body={"name": "Renamed"}),
    Route(
        "api-resource-config",
        patch="developer write",
        delete="developer write",
        body={"provider": "sqlite", "settings": {"file": "other"}},
    ),
    Route(
        "api-resource-look",
        post="viewer read",
        using={"environment": "resting_environment"},
        body={"operation": "tables", "input": {}},
    ),
    Route("api-database-actions", **ADDS, body=NEW_ACTION),
    Route("api-database-action", **EDITS, using={"action": "database_action"}, body={"name": "Renamed"}),
    Route("api-migrations", **ADDS, body={"tag": "new", "up": ["SELECT 1"]}),
    Route("api-migration", **EDITS, body={"description": "Words"}),
    Route(
        "api-files",
        post="developer run",
        query="product=shop-acme&name=new.txt",
        using={"workspace": "workspace_with_resources"},
        bodiless=("post",),
    ),
    Route("api-file", get="viewer read", using={"file": "kept_file"}),
    Route(
        "api-storage-content",
        get="viewer read",
        query="key=a.txt",
        using={"resource": "storage", "environment": "resting_environment"},
    ),
    Route("api-file", put="developer run", using={"file": "begun_file"}, query="offset=0", bodiless=("put",)),
    *(
        Route(
            f"api-db-{name}",
            post="developer run",
            using=WITH_RESOURCES,
            body={**HERE, "database": "orders-acme", "action": "by-id-acme", "input": {"id": 1}},
        )
        for name in ("run", "execute")
    ),
    *(
        Route(
            f"api-migration-{name}",
            post="developer run",
            using=WITH_RESOURCES,
            body={**HERE, "database": "orders-acme"},
        )
        for name in ("run", "rollback")
    ),
    *(
        Route(
            f"api-storage-{name}",
            post="developer run",
            using=WITH_RESOURCES,
            body={**HERE, "storage": "files-acme", "input": given},
        )
        for name, given in {
            "save": {"key": "a.txt", "content": "a"},
            "read": {"key": "a.txt"},
            "list": {},
            "delete": {"key": "a.txt"},
            "copy": {"key": "a.txt", "to": "b.txt"},
            "sign": {"key": "a.txt"},
        }.items()
    ),
    *(
        Route(
            f"api-cache-{name}",
            post="developer run",
            using=WITH_RESOURCES,
            body={**HERE, "cache": "rates-acme", "input": {"key": "a", **more}},
        )
        for name, more in {"get": {}, "set": {"value": 1}, "delete": {}, "increment": {"by": 2}}.items()
    ),
]
ONE_APP = {"app": "app_id"}
FORM = {"get": "developer", "post": "developer"}
APP_PAGES = [
    Route("apps", get="viewer"),
    Route("app-new", **FORM, body={"name": "New", "tag": "new", "category": "other"}),
    Route("marketplace", get="viewer"),
    Route("app", get="viewer", using=ONE_APP),
    Route("app-settings", get="viewer", post="developer", using=ONE_APP, body={"name": "New", "category": "crm"}),
    Route("app-publish", post="admin", using=ONE_APP, body={"category": "crm"}),
    Route("app-unpublish", post="admin", using=ONE_APP, bodiless=("post",)),
    Route("app-delete", post="developer", using=ONE_APP, bodiless=("post",)),
    Route("app-imports", get="viewer", using=ONE_APP),
    Route("app-export", get="viewer", using=ONE_APP),
    Route("app-environments", get="viewer", using=ONE_APP),
    Route("app-environment-new", **FORM, using=ONE_APP, body={"name": "New", "request_format": "json"}),
    Route("app-environment", **FORM, using=ONE_APP, body={"name": "New", "request_format": "json"}),
    Route("app-environment-delete", post="developer", using=ONE_APP, bodiless=("post",)),
    Route("app-auths", get="viewer", using=ONE_APP),
    Route("app-auth-new", **FORM, using=ONE_APP, body={"name": "New", "kind": "bearer"}),
    Route("app-auth", **FORM, using=ONE_APP, body={"name": "New", "kind": "bearer"}),
    Route("app-auth-delete", post="developer", using=ONE_APP, bodiless=("post",)),
    Route("app-variables", get="viewer", using=ONE_APP),
    Route("app-variable-new", **FORM, using=ONE_APP, body={"key": "new", "type": "string"}),
    Route("app-variable", **FORM, using=ONE_APP, body={"type": "string"}),
    Route("app-variable-delete", post="developer", using=ONE_APP, bodiless=("post",)),
    Route("app-constant-new", **FORM, using=ONE_APP, body={"key": "new", "type": "string", "value": "1"}),
    Route("app-constant", **FORM, using=ONE_APP, body={"type": "string", "value": "1"}),
    Route("app-constant-delete", post="developer", using=ONE_APP, bodiless=("post",)),
    Route("app-action-new", **FORM, using=ONE_APP, body={"name": "New", "method": "GET", "path": "/new"}),
    Route("app-parameter-row", get="viewer", using=ONE_APP),
    Route("app-action", get="viewer", using=ONE_APP),
    Route("app-action-edit", **FORM, using=ONE_APP, body={"name": "New", "method": "GET", "path": "/new"}),
    Route("app-action-delete", post="developer", using=ONE_APP, bodiless=("post",)),
    Route("app-sample-delete", post="developer", using=ONE_APP, bodiless=("post",)),
    Route("app-import", **FORM, body={"text": "{}"}),
    Route("import", get="viewer"),
    Route("import-apply", post="developer", bodiless=("post",)),
    Route("import-discard", post="developer", bodiless=("post",)),
    Route("connections", get="viewer"),
    Route("connection-new", get="developer"),
    Route("connect-app", **FORM, using=ONE_APP, body={"name": "New", "tag": "new"}),
    Route("connection", get="viewer", post="developer", body={"dev-app_environment": "live"}),
    Route("connection-rename", post="developer", body={"name": "New"}),
    Route("connection-delete", post="developer", bodiless=("post",)),
    Route("oauth-callback", get="person"),
    Route("connection-health", get="viewer"),
    Route("connection-test", post="developer", bodiless=("post",)),
    Route("connection-authorize", post="developer", bodiless=("post",)),
    Route("connection-unmap", post="developer", bodiless=("post",)),
]
RUNS = [
    Route(
        "api-run-action",
        post="developer run",
        using={"workspace": "workspace_that_runs"},
        body={"product": "shop-acme", "environment": "qa-acme", "app": "ledger-acme", "action": "list-acme"},
    ),
    Route("api-runs", get="viewer read"),
    Route("api-run", get="viewer read"),
    Route("api-run-steps", get="viewer read"),
    Route("api-run-log", get="viewer read"),
    Route("api-run-cancel", post="developer run", bodiless=("post",)),
    Route("api-run-replay", post="developer run", body={"wait": 0}),
    Route(
        "api-run-feature",
        post="developer run",
        using={"workspace": "workspace_that_waits"},
        body={"product": "shop-acme", "environment": "qa-acme", "feature": "waits-acme"},
    ),
    Route(
        "api-run-compare",
        get="viewer read",
        using={"run": "run_beside_another"},
        query=f"other={run_objects.other_id('acme')}",
    ),
    Route("api-run-signal", post="developer run", using={"run": "waiting_run"}, body={"name": "go"}),
    Route(
        "api-run-resolve",
        post="developer run",
        using={"run": "waiting_run"},
        body={"step": str(run_objects.STEP), "outcome": "done"},
    ),
    Route("api-run-restart", post="developer run", using={"run": "failed_run"}, body={"input": {}, "wait": 0}),
    Route("api-run-resume", post="developer run", using={"run": "failed_run"}, body={"from_step": "main/first"}),
    Route(
        "api-run-retry-undo", post="developer run", using={"run": "failed_run"}, body={"step": str(run_objects.STEP)}
    ),
    Route(
        "api-run-undo-by-hand", post="developer run", using={"run": "failed_run"}, body={"step": str(run_objects.STEP)}
    ),
    Route("api-processors", get="viewer read"),
    Route("api-processor-pause", post="admin", bodiless=("post",)),
    Route("api-processor-resume", post="admin", bodiless=("post",)),
]
PAGES = [
    Route("start", get="person"),
    Route("workspace-new", get="person", post="person", body={"name": "Another", "tag": "another"}),
    Route("invitation-accept", get="anyone", post="nobody"),
    Route("profile", get="person", post="person", body={"name": "Somebody", "time_zone": "Europe/Paris"}),
    Route("products", get="viewer"),
    Route("product-new", get="developer", post="developer", body={"name": "New", "tag": "new"}),
    Route("product-settings", get="viewer", post="developer", body={"name": "New"}),
    Route("features", get="viewer"),
    Route("feature-new", **FORM, body={"name": "New", "tag": "new", "start": "empty"}),
    Route("feature", get="viewer", post="developer", body={"do": "examine", "document": "{}"}),
    Route("feature-delete", post="developer"),
    Route("feature-runs", get="viewer"),
    Route("feature-releases", get="viewer"),
    Route("feature-values", get="developer", post="developer", body={"document": "{}"}),
    Route("feature-names", post="developer", body={"document": "{}", "field": "output"}),
    Route("releases", get="viewer", post="developer", using={"product": "product_with_feature"}, body={"note": "New"}),
    Route("release-difference", get="viewer"),
    Route("release-deploy", **FORM, body={"release": "draft"}),
    Route("product-delete", post="developer", body={"confirm": "shop-acme"}),
    Route("environments", get="viewer", post="developer", body={"name": "New", "slug": "new", "colour": "grey"}),
    Route(
        "environment",
        get="viewer",
        post="developer",
        body={
            "name": "N",
            "colour": "red",
            "processor_tag": "p",
            "keep_completed_days": 7,
            "keep_failed_days": 9,
        },
    ),
    Route("environment-move", post="developer", body={"to": "up"}),
    Route("environment-delete", post="developer", body={"confirm": "qa-acme"}),
    Route("team", get="viewer"),
    Route("invitations", get="viewer", post="admin", body={"email": "new@example.com", "role": "viewer"}),
    Route("invitation-revoke", post="admin"),
    Route("leave", post="viewer"),
    Route("member", get="admin", post="admin", body={"role": "developer"}),
    Route("member-remove", post="admin"),
    Route("secrets", get="viewer"),
    Route("secret-new", get="admin", post="admin", body={"key": "NEW", "value": "v"}),
    Route("secret", get="viewer", post="admin", body={"value": "v"}),
    Route("secret-delete", post="admin"),
    Route("keys", get="admin"),
    Route("key-new", get="admin", post="admin", body={"name": "New", "verbs": ["read"], "life": "30"}),
    Route("key-revoke", post="admin"),
    Route("audit", get="admin"),
    Route("audit-export", get="admin"),
    Route("settings", get="viewer", post="owner", body={"name": "New"}),
    Route("workspace-delete", post="owner", body={"confirm": "acme"}),
    Route("find", get="viewer", query="q=shop"),
]
RUNS_IT = {"get": "viewer", "post": "developer"}
RUN_PAGES = [
    Route("home", get="viewer"),
    Route("run-by-id", get="viewer"),
    Route("processors", get="viewer"),
    Route("processor-pause", post="admin"),
    Route("processor-resume", post="admin"),
    Route("action-run", get="viewer", using=ONE_APP),
    Route("product-overview", get="viewer"),
    Route("runs", get="viewer"),
    Route("run", get="viewer"),
    Route("run-log", get="viewer"),
    Route("run-cancel", post="developer"),
    Route("run-replay", post="developer"),
    Route("run-compare", get="viewer"),
    Route("run-restart", **FORM, using={"run": "failed_run"}, body={"input": "{}", "merge": "no"}),
    Route("run-resume", **FORM, using={"run": "failed_run"}, body={"from_step": "main/first"}),
    Route("run-signal", **FORM, using={"run": "waiting_run", "step": "signal_step"}),
    Route("run-resolve", **FORM, using={"run": "waiting_run", "step": "unsure_step"}, body={"outcome": "retry"}),
    Route("run-retry-undo", post="developer", using={"run": "failed_run", "step": "undo_step"}),
    Route("run-undo-by-hand", post="developer", using={"run": "failed_run", "step": "undo_step"}),
    Route("feature-run", **RUNS_IT, using={"feature": "waiting_feature"}, body={"mode": "json", "json": "{}"}),
    Route("action-console", get="viewer", post="developer"),
    Route("console-result", get="viewer"),
    Route("console-sample", post="developer", body={"name": "New"}),
]
ONE_STORAGE = {"kind": "storage_kind", "resource": "storage"}
ONE_CACHE = {"kind": "cache_kind", "resource": "cache"}
ON_FILE = {"post": "developer", "using": ONE_STORAGE, "query": "env=qa-acme"}
RESOURCE_PAGES = [
    Route("databases", get="viewer"),
    Route("storages", get="viewer"),
    Route("caches", get="viewer"),
    Route("resource-new", **FORM, body={"name": "New", "tag": "new"}),
    Route("resource", get="viewer", post="developer", body={"provider": "sqlite"}, query="env=qa-acme"),
    Route("resource-edit", **FORM, body={"name": "New"}),
    Route("resource-delete", post="developer"),
    Route("resource-forget", post="developer"),
    Route("resource-check", post="viewer", using={"environment": "resting_environment"}),
    Route("resource-try", **RUNS_IT, using=ONE_STORAGE, query="operation=list&env=qa-acme"),
    Route("storage-files", get="viewer", using=ONE_STORAGE),
    Route("storage-file", get="viewer", using=ONE_STORAGE, query="key=a.txt"),
    Route("storage-image", get="viewer", using=ONE_STORAGE, query="key=a.png"),
    Route("storage-download", get="viewer", using=ONE_STORAGE, query="key=a.txt"),
    Route("storage-save", get="viewer", post="developer", using=ONE_STORAGE, bodiless=("post",)),
    Route("storage-delete", **ON_FILE, body={"key": "a.txt"}),
    Route("storage-copy", **ON_FILE, body={"key": "a.txt", "to": "b.txt"}),
    Route("cache-keys", get="viewer", using=ONE_CACHE),
    Route("cache-key", get="viewer", using=ONE_CACHE, query="key=a"),
    Route("cache-purge", post="developer", using=ONE_CACHE, body={"key": "a"}),
    Route("signed-file", get="nobody", put="nobody", using={"key": "file_key"}),  # the signature decides
    Route("storage-sign", post="developer", using=ONE_STORAGE, body={"key": "a.txt"}),
    Route("resource-runs", get="viewer"),
    Route("resource-run", get="viewer"),
]
ONE_ACTION = {"action": "database_action"}
SQL_ACTION = {"name": "New", "tag": "new", "type": "read", "sql": "SELECT 1"}
DATABASE_PAGES = [
    Route("database-actions", get="viewer"),
    Route("database-action-new", **FORM, body=SQL_ACTION),
    Route("database-action-check", post="developer", body=SQL_ACTION),
    Route("database-action-edit", **FORM, using=ONE_ACTION, body=SQL_ACTION),
    Route("database-action-delete", post="developer", using=ONE_ACTION, bodiless=("post",)),
    Route("database-action", **RUNS_IT, using=ONE_ACTION, body={"in:id": "1"}, query="env=qa-acme"),
    Route("migration-new", **FORM, body={"tag": "new", "up": "SELECT 1"}),
    Route("migration", get="viewer", post="developer", body={"up": "SELECT 1"}),
    Route("migration-delete", post="developer", bodiless=("post",)),
    Route("database-migrations", get="viewer"),
    Route("database-migrate", post="developer", body={"environment": "qa-acme", "direction": "up"}),
    Route("database-explorer", get="viewer"),
    Route("database-console", get="viewer", post="viewer", body={"text": "SELECT 1"}),
]
SITE = [
    Route("api-docs", get="anyone"),
    Route("help", get="anyone"),
    Route("help-page", get="anyone"),
]
ROUTES: list[Route] = [
    *SITE,
    *WORKSPACES,
    *PAGES,
    *APPS,
    *FEATURES,
    *RESOURCES,
    *APP_PAGES,
    *RUNS,
    *RUN_PAGES,
    *RESOURCE_PAGES,
    *DATABASE_PAGES,
]
SOCKETS: list[Socket] = [Socket("live", connect="person")]
