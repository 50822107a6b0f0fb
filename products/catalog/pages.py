"""The table of contents of the help."""

from __future__ import annotations

from typing import Final

from products.catalog.entries import HelpGroup, HelpPage
from products.catalog.event_types import EVENT_TYPES
from products.catalog.resources import KINDS

HELP_GROUPS: Final[tuple[HelpGroup, ...]] = (
    HelpGroup(
        "Start",
        (
            HelpPage(
                "getting-started", "Getting started", "From a fresh start to a live run in five minutes.", "rocket"
            ),
            HelpPage(
                "importing", "Importing", "Postman, OpenAPI and Swagger documents, and importing again.", "file-import"
            ),
            HelpPage(
                "connections",
                "Connections and environments",
                "Where an app leads in each environment.",
                "plug-connected",
            ),
            HelpPage("running", "Running actions", "From the page, over REST and from Python.", "player-play"),
        ),
    ),
    HelpGroup(
        "People and safety",
        (
            HelpPage("access-keys", "Access keys", "Keys for programs, and what each may do.", "key"),
            HelpPage("roles", "Roles and permissions", "Who may do what.", "users"),
            HelpPage("secrets", "Secrets and masking", "How secrets are kept, and what masking cannot do.", "lock"),
        ),
    ),
    HelpGroup(
        "Runs",
        (
            HelpPage("runs", "Runs and their states", "What happens between pressing Run and the result.", "activity"),
            HelpPage("retries", "Retries and idempotency", "Trying again without doing a thing twice.", "refresh"),
            HelpPage("errors", "Errors", "Every error code, whose fault it is and what to do.", "alert-triangle"),
        ),
    ),
    HelpGroup(
        "Features",
        (
            HelpPage("features", "Features", "Workflows: sequences, events, rollback, repair.", "git-branch"),
            HelpPage("releases", "Releases", "Numbered snapshots, and the environments that run them.", "versions"),
            *(HelpPage(each.slug, each.title, each.summary, each.icon, drawn_by="event") for each in EVENT_TYPES),
        ),
    ),
    HelpGroup(
        "Resources",
        tuple(
            HelpPage(f"resource-{each.name}", each.plural.capitalize(), each.summary, each.icon, drawn_by="resource")
            for each in KINDS.values()
        ),
    ),
    HelpGroup(
        "Reference",
        (
            HelpPage("expressions", "Expressions", "Referring to data and transforming it.", "code"),
            HelpPage("field-types", "Field types", "The types of input fields.", "list"),
            HelpPage("auth-kinds", "Auth kinds", "The ways an app can authenticate.", "shield-lock"),
            HelpPage("rest", "REST API", "Addresses, errors, paging and the schema.", "api"),
            HelpPage("settings", "Settings", "Every environment variable of the software.", "settings"),
            HelpPage("operating", "Operating", "Processes, servers, backups and health.", "server"),
            HelpPage("keyboard", "Keyboard", "Shortcuts.", "bolt"),
        ),
    ),
)

HELP_PAGES: Final[dict[str, HelpPage]] = {page.slug: page for group in HELP_GROUPS for page in group.pages}
