"""Features with how they did last, for their list; and the past runs of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from processors.models import Run
from processors.queries.overview import since
from processors.queries.runs import runs_of
from products.access import Actor
from products.models import Environment, Feature, Product
from products.queries.features import features_found

LOOKED_BACK = timedelta(days=7)
KIND = "feature"


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """A feature and its newest run in an environment; None when there was none within a week."""

    feature: Feature
    last: Run | None


def feature_rows(
    actor: Actor, product: Product, environment: Environment | None, *, search: str = "", limit: int = 200
) -> list[FeatureRow]:
    """By name, at most `limit`; three queries."""
    features = list(features_found(actor, product, search=search)[:limit])
    newest = _newest(actor, product, environment, [one.pk for one in features]) if environment and features else {}
    return [FeatureRow(one, newest.get(one.tag)) for one in features]


def past_runs(actor: Actor, environment: Environment, tag: str, *, limit: int = 10) -> list[Run]:
    """The newest runs of a feature in an environment."""
    rows = runs_of(actor).filter(product=environment.product_id, target=tag, kind=KIND, environment=environment)
    return list(rows.defer("input", "output").order_by("-id")[:limit])


def _newest(actor: Actor, product: Product, environment: Environment, features: Iterable[object]) -> dict[str, Run]:
    """One look into the index of targets for each feature: only the newest entry is read."""
    own = Run.objects.filter(
        workspace=actor.workspace, product=product, environment=environment, kind=KIND, target=OuterRef("tag")
    )
    last = since(own, timezone.now() - LOOKED_BACK).order_by("-id").values("pk")[:1]
    rows = Feature.objects.filter(pk__in=list(features)).annotate(last_run=Subquery(last))
    ids = [run for run in rows.values_list("last_run", flat=True) if run is not None]
    return {run.target: run for run in Run.objects.filter(pk__in=ids).defer("input", "output")}
