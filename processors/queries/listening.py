"""Who may listen to what: the same gate as for REST and pages, asked for many topics at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from processors.live.topics import Topic
from processors.models import Run
from products import access
from products.access import Actor
from products.models import DocumentImport, Environment, User, Workspace

Homes = dict[Topic, str]


def allowed(user: User, topics: Iterable[Topic]) -> set[Topic]:
    """Those of `topics` that this person may see now."""
    return allowed_each([(user, set(topics))])[0]


def allowed_each(wanted: Sequence[tuple[User, set[Topic]]]) -> list[set[Topic]]:
    """For each person those of their topics that they may see now; as many queries for one as for a hundred."""
    homes = _homes(set().union(*(topics for _, topics in wanted)))
    actors = {
        (actor.user.pk, actor.workspace.tag): actor
        for actor in access.members((user for user, _ in wanted), set(homes.values()))
        if actor.user is not None
    }
    return [_seen_by(user, topics, homes=homes, actors=actors) for user, topics in wanted]


def _seen_by(user: User, topics: set[Topic], *, homes: Homes, actors: Mapping[tuple[Any, str], Actor]) -> set[Topic]:
    by_workspace: defaultdict[str, set[Topic]] = defaultdict(set)
    for topic in topics & homes.keys():
        by_workspace[homes[topic]].add(topic)
    seen: set[Topic] = set()
    for workspace, mine in by_workspace.items():
        actor = actors.get((user.pk, workspace))
        seen |= _seen(actor, mine) if actor is not None else set()
    return seen


def _homes(topics: Iterable[Topic]) -> Homes:
    """The tag of the workspace that each topic belongs to; topics about nothing are left out."""
    ids: defaultdict[str, dict[UUID, list[Topic]]] = defaultdict(lambda: defaultdict(list))
    for topic in topics:
        ids[topic.kind][topic.id].append(topic)
    homes: Homes = {}
    for kind, wanted in ids.items():
        for found_id, tag, slug in _rows(kind, list(wanted)):
            homes |= {topic: tag for topic in wanted[found_id] if topic.environment in {"", slug}}
    return homes


def _rows(kind: str, ids: list[UUID]) -> Iterable[tuple[UUID, str, str]]:
    if kind == "run":
        runs = access.of_standing_environments(
            Run.objects.filter(pk__in=ids, product__deleting_at__isnull=True)
        ).order_by()
        return runs.values_list("pk", "workspace__tag", "environment__slug")
    if kind == "runs":
        rows = Environment.objects.filter(product__in=ids, product__deleting_at__isnull=True).order_by()
        return rows.values_list("product_id", "product__workspace__tag", "slug")
    if kind == "import":
        return (
            (pk, tag, "") for pk, tag in DocumentImport.objects.filter(pk__in=ids).values_list("pk", "workspace__tag")
        )
    return ((pk, tag, "") for pk, tag in Workspace.objects.filter(pk__in=ids).values_list("pk", "tag"))


def _seen(actor: Actor, topics: set[Topic]) -> set[Topic]:
    """A member sees the workspace, its imports and processors; runs only of products in their scope."""
    if not actor.product_scope:
        return topics
    runs = {topic.id for topic in topics if topic.kind == "run"}
    mine = set(access.narrow_to_products(actor, Run.objects.filter(pk__in=runs)).values_list("pk", flat=True))
    mine |= set(access.products_of(actor).values_list("pk", flat=True))
    return {topic for topic in topics if topic.kind not in {"run", "runs"} or topic.id in mine}
