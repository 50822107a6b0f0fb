"""The help: its index with a search, and its pages, drawn from the catalogue."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from products import access
from products.access import Actor
from products.catalog import auth_kinds, errors, event_types, expressions, field_types, people, run_states, settings
from products.catalog.pages import HELP_GROUPS, HELP_PAGES
from products.catalog.resources import KINDS
from products.catalog.search import MAX_QUERY, find
from products.models import User
from products.queries.workspaces import first_workspace_tag


class HelpView(View):
    """Open to everybody: the `type` of a REST error leads here. Signed-in people see it inside the dashboard."""

    def get(self, request: HttpRequest, slug: str = "") -> HttpResponse:
        """The index, or the page of that name."""
        page = HELP_PAGES.get(slug)
        if slug and page is None:
            raise Http404
        query = request.GET.get("q", "")[:MAX_QUERY].strip()
        shown: dict[str, Any] = {
            "event": event_types.EVENT_TYPE_BY_SLUG.get(slug),
            "kind": KINDS.get(slug.removeprefix("resource-")),
        }
        if shown["kind"] is not None:
            shown["used_by"] = next(one for one in event_types.EVENT_TYPES if one.name == shown["kind"].event_type)
        context = {"page": page, **shown, "groups": HELP_GROUPS, "query": query, "hits": find(query), **_facts()}
        return render(request, page.template if page else "help/index.html", context | _frame(request))


def _frame(request: HttpRequest) -> dict[str, Any]:
    """Inside the dashboard for members of a workspace, a plain frame for everybody else."""
    actor = _actor(request)
    if actor is None:
        return {"frame": "help/outside.html"}
    return {"frame": "shell.html", "section": "help", "actor": actor, "workspace": actor.workspace}


def _actor(request: HttpRequest) -> Actor | None:
    if not isinstance(request.user, User):
        return None
    tag = first_workspace_tag(request.user, preferred=str(request.session.get("workspace", "")))
    return access.member(request.user, tag) if tag else None


def _facts() -> dict[str, Any]:
    return {
        "setting_groups": settings.SETTING_GROUPS,
        "error_groups": errors.ERROR_GROUPS,
        "event_types": event_types.EVENT_TYPES,
        "feature_example": event_types.FEATURE_EXAMPLE_TEXT,
        "operator_groups": expressions.OPERATOR_GROUPS,
        "reference_kinds": expressions.REFERENCE_KINDS,
        "field_types": field_types.FIELD_TYPE_TERMS,
        "auth_kinds": auth_kinds.AUTH_KIND_TERMS,
        "run_states": run_states.RUN_STATE_TERMS,
        "step_states": run_states.STEP_STATE_TERMS,
        "attempt_states": run_states.ATTEMPT_STATE_TERMS,
        "roles": people.ROLE_TERMS,
        "permissions": _permissions(),
        "verbs": people.KEY_VERB_TERMS,
    }


def _permissions() -> list[dict[str, Any]]:
    """Every permission with the roles and the verbs that have it, from the tables that decide."""
    return [
        {
            "term": term,
            "roles": [term.name in access.ROLE_PERMISSIONS[role.name] for role in people.ROLE_TERMS],
            "verbs": [verb.title for verb in people.KEY_VERB_TERMS if term.name in access.VERB_PERMISSIONS[verb.name]],
        }
        for term in people.PERMISSION_TERMS
    ]
