"""Puts into the OpenAPI schema what a person reads it for: what groups, parts of an address and operations are."""

from __future__ import annotations

from typing import Any

from django.conf import settings

_TAGS = {
    "me": "Who is asking, and what they may do.",
    "workspaces": "A workspace holds everything a team has; nothing is seen from outside.",
    "members": "People in a workspace, and those invited.",
    "keys": "Access keys, with which programs call this API.",
    "secrets": "Values that are written and used, and never read back.",
    "audit": "Who changed what, and when.",
    "products": "Products and their environments, such as `dev`, `stg` and `prd`.",
    "features": "Workflows of a product, and the releases in which its environments run them.",
    "apps": "Descriptions of other people's APIs: environments, auths, variables, folders, actions, samples.",
    "imports": "Apps made from OpenAPI, Swagger and Postman documents.",
    "marketplace": "Apps that other workspaces have published.",
    "connections": "Apps in use by a product: where each of its environments leads, with which credentials.",
    "processor": "Run something and wait for what it answers.",
    "runs": "What ran, step by step, with its log.",
    "processors": "Queues, and the workers that empty them.",
}
_PARTS = {
    "workspace": "Tag of the workspace.",
    "product": "Tag of the product.",
    "environment": "Slug of the product's environment.",
    "feature": "Tag of the feature.",
    "release": "Number of the release.",
    "app": "Tag of the app.",
    "app_environment": "Slug of the app's environment.",
    "folder": "Id of the folder.",
    "auth": "Tag of the auth.",
    "variable": "Key of the variable.",
    "constant": "Key of the constant.",
    "action": "Tag of the action.",
    "sample": "Id of the sample.",
    "listing": "Id of the published app.",
    "connection": "Access tag of the connection.",
    "import_id": "Id of the import.",
    "member": "Id of the membership.",
    "invitation": "Id of the invitation.",
    "secret": "Key of the secret.",
    "key": "Id of the access key.",
    "run": "Id of the run.",
    "processor": "Tag of the processor.",
}
_VERBS = {"list": "List", "create": "Create", "read": "Read", "update": "Change", "delete": "Delete"}
_NOUNS = {
    "workspaces": "a workspace",
    "members": "a member",
    "invitations": "an invitation",
    "keys": "an access key",
    "secrets": "a secret",
    "products": "a product",
    "environments": "an environment",
    "features": "a feature",
    "releases": "a release",
    "apps": "an app",
    "app_environments": "an environment of an app",
    "folders": "a folder",
    "auths": "an auth",
    "variables": "a variable",
    "constants": "a constant",
    "actions": "an action",
    "samples": "a sample",
    "imports": "an import",
    "connections": "a connection",
    "runs": "a run",
    "marketplace": "a published app",
    "marketplace_actions": "an action of a published app",
}
_PLURALS = {
    "app_environments": "environments of an app",
    "keys": "access keys",
    "marketplace": "published apps",
    "marketplace_actions": "actions of a published app",
    "processors": "processors and workers",
}
_SUMMARIES = {
    "me_read": "Read who is asking",
    "me_update": "Change one's own profile",
    "workspaces_leave": "Leave a workspace",
    "invitations_create": "Invite somebody",
    "invitations_delete": "Withdraw an invitation",
    "members_delete": "Remove a member",
    "keys_revoke": "Revoke an access key",
    "audit_list": "List what was changed",
    "audit_export": "Export what was changed",
    "environments_order": "Put the environments of a product in order",
    "features_replace": "Replace a feature",
    "features_check": "Check a feature without saving it",
    "releases_create": "Release the draft",
    "releases_difference": "Read what differs between two releases",
    "environments_release": "Read what an environment runs",
    "environments_deploy": "Deploy a release to an environment",
    "apps_publish": "Publish an app",
    "apps_unpublish": "Take an app off the marketplace",
    "imports_create": "Import a document",
    "imports_apply": "Apply an import",
    "imports_discard": "Discard an import",
    "connections_create": "Connect an app",
    "connections_update": "Rename a connection",
    "connections_delete": "Disconnect an app",
    "connections_map": "Map an environment of a connection",
    "connections_unmap": "Unmap an environment of a connection",
    "connections_test": "Test a connection",
    "processor_action_run": "Run an action",
    "runs_steps": "Read the steps of a run",
    "runs_log": "Read the log of a run",
    "runs_cancel": "Cancel a run",
    "runs_replay": "Run again with the same input",
    "processors_pause": "Pause a processor",
    "processors_resume": "Resume a processor",
}
_LICENCE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def explain(result: dict[str, Any]) -> None:
    """Adds it. What nobody has described here is left as it is."""
    operations = [operation for item in result["paths"].values() for operation in item.values()]
    used = {tag for operation in operations for tag in operation["tags"]}
    result["info"]["license"] = _LICENCE
    result["servers"] = [{"url": settings.BASE_URL}]
    named = {**_TAGS, **dict.fromkeys(sorted(used - _TAGS.keys()), "")}
    result["tags"] = [{"name": tag, "description": text} for tag, text in named.items() if tag in used]
    for operation in operations:
        _explain(operation)


def _explain(operation: dict[str, Any]) -> None:
    operation.setdefault("summary", _summary(operation["operationId"]) or operation["description"].split(". ")[0])
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["name"] in _PARTS:
            parameter["description"] = _PARTS[parameter["name"]]


def _summary(operation_id: str) -> str:
    if operation_id in _SUMMARIES:
        return _SUMMARIES[operation_id]
    thing, _, verb = operation_id.rpartition("_")
    what = _PLURALS.get(thing, thing) if verb == "list" else _NOUNS.get(thing, "")
    return f"{_VERBS[verb]} {what}" if verb in _VERBS and what else ""
