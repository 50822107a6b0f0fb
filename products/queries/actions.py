"""An app's actions: found, listed without their definitions, and one with everything."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from products.access import Actor, app_by_id, mine, own_app
from products.models import Action, ActionSample, App


def actions_of(actor: Actor, app_tag: str, *, search: str = "", folder: str = "", method: str = "") -> QuerySet[Action]:
    """Actions of an own app as lists show them, in the app's order. Raises NotFound."""
    return listed(own_app(actor, app_tag), search=search, folder=folder, method=method)


def actions_of_published(
    actor: Actor, app_id: object, *, search: str = "", folder: str = "", method: str = ""
) -> QuerySet[Action]:
    """The same for an app by id, own or published. Raises NotFound."""
    return listed(app_by_id(actor, str(app_id)), search=search, folder=folder, method=method)


def action_detail(actor: Actor, app_tag: str, tag: str) -> Action:
    """One action of an own app with its samples. Raises NotFound."""
    return detail(actor, own_app(actor, app_tag), tag)


def published_action(actor: Actor, app_id: object, tag: str) -> Action:
    """One action of an own or published app with the samples that the actor may see. Raises NotFound."""
    return detail(actor, app_by_id(actor, str(app_id)), tag)


def samples_of(actor: Actor, app_tag: str, action_tag: str) -> QuerySet[ActionSample]:
    """Raises NotFound."""
    return action_detail(actor, app_tag, action_tag).samples.order_by("status", "name", "id")


def listed(app: App, *, search: str = "", folder: str = "", method: str = "") -> QuerySet[Action]:
    """Every word must occur in the tag, name or path; `folder` takes in the folders inside it."""
    rows = app.actions.select_related("folder").defer("spec")
    for word in search.split()[:8]:
        rows = rows.filter(Q(name__icontains=word) | Q(tag__icontains=word) | Q(path__icontains=word))
    if folder:
        rows = rows.filter(Q(folder__path=folder) | Q(folder__path__startswith=folder + " / "))
    if method:
        rows = rows.filter(method__iexact=method)
    return rows.order_by("position", "id")


def detail(actor: Actor, app: App, tag: str) -> Action:
    """An action with the samples that the actor may see. Raises NotFound."""
    samples = Prefetch("samples", _samples_for(actor, app))
    rows = app.actions.select_related("folder", "app__workspace").prefetch_related(samples)
    return mine(actor, rows, "action", tag=tag)


def _samples_for(actor: Actor, app: App) -> QuerySet[ActionSample]:
    """Other workspaces see the examples of the document alone: an answer that people kept is a real one."""
    rows = ActionSample.objects.all()
    return rows if app.workspace_id == actor.workspace.pk else rows.filter(imported=True)


@dataclass(frozen=True, slots=True)
class ActionPage:
    """Some of an app's actions; `after` continues them, "" at the end."""

    rows: list[Action]
    after: str


def action_page(app: App, filters: dict[str, str], after: str, *, size: int = 100) -> ActionPage:
    """Actions after the one that `after` (`<position>:<id>`) names; one that is not understood is ignored."""
    rows = listed(app, **filters)
    position, _, last = after.partition(":")
    if position.isdigit() and len(position) < 10 and _is_id(last):
        rows = rows.filter(Q(position__gt=int(position)) | Q(position=int(position), id__gt=last))
    found = list(rows[: size + 1])
    more = found[size - 1] if len(found) > size else None
    return ActionPage(found[:size], f"{more.position}:{more.pk}" if more else "")


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
