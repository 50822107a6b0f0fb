"""D2: runs are found by indexes, whatever is looked for and however many there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from processors.models import Run
from processors.queries import run_pages
from processors.queries.run_pages import RunFilters
from processors.queries.runs import runs_list
from processors.services import measures
from tests.processors.conftest import Runs
from tests.processors.scene import GET, Scene

pytestmark = pytest.mark.django_db(transaction=True)


def found(runs: Runs, scene: Scene, text: str) -> list[str]:
    page = run_pages.run_list(runs.actor, scene.product, scene.environment, RunFilters(q=text))
    return [row.target for row in page.rows]


def test_the_page_finds_by_id_by_key_and_by_a_part_of_the_target(runs: Runs, scene: Scene) -> None:
    ended = runs.now("get", idempotency_key="post")
    scene.add(replace(GET, tag="post"))
    runs.start("post")
    measures.fold()
    assert found(runs, scene, str(ended.pk)) == ["api:get"]
    assert found(runs, scene, "GET") == ["api:get"]
    assert found(runs, scene, "api:") == ["api:post", "api:get"]
    assert found(runs, scene, "post") == ["api:get"], "a key that is there is what was meant"
    Run.objects.filter(pk=ended.pk).update(idempotency_key="")
    assert found(runs, scene, "POS") == ["api:post"], "also of one that has not ended"
    assert found(runs, scene, "nowhere") == []


@pytest.mark.parametrize(
    ("filters", "by"),
    [
        ({"idempotency_key": "nowhere"}, "idempotency_key"),
        ({"trigger": "test"}, "trigger"),
        ({"created_at__gte": timezone.now() - timedelta(days=1)}, "id >="),
        ({"created_at__lte": timezone.now() - timedelta(days=1)}, "id <"),
    ],
)
def test_D2_filters_of_rest_are_answered_by_an_index(runs: Runs, filters: dict[str, Any], by: str) -> None:
    """Without a page's own order there is nothing but the filter to choose an index by."""
    rows = runs_list(runs.actor, filters).order_by()
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        plan = rows.explain()
        cursor.execute("RESET enable_seqscan")
    conditions = [line for line in plan.splitlines() if "Index Cond" in line and "workspace_id" in line]
    assert any(by in line for line in conditions), plan
