"""What waits for a person is found where people look first, and only by those who may see it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from processors.models import Run
from processors.queries.waiting_for_people import asking, waiting_for_people
from products.models import Environment, new_id
from tests.contracts.lists import assert_constant_queries
from tests.contracts.routes import signed_in
from tests.people import Cast
from tests.processors import feature_rows as rows
from tests.products.things import make_product

pytestmark = pytest.mark.django_db
CARD = "Waits for a person"


@pytest.fixture
def dev(cast: Cast) -> Environment:
    return make_product(cast.as_(cast.alice)).environments.get(slug="dev")


def test_approvals_doubts_and_failed_undos_stand_on_the_home_page_and_the_overview(
    cast: Cast, dev: Environment
) -> None:
    made = [rows.order_at_the_approval(dev), rows.in_doubt(dev), rows.order_rolled_back(dev)]
    for address in ("/w/acme/", "/w/acme/p/shop/?env=dev"):
        text = signed_in(cast.vera).get(address).content.decode()
        assert CARD in text
        assert all(f"/runs/{run.pk}/" in text for run in made)
        for words in (
            "approve/manager waits",
            "tell/crm may or may not have had its effect",
            "charge/payment could not be taken back",
        ):
            assert words in text


def test_what_waits_for_something_else_or_was_taken_back_is_not_there(cast: Cast, dev: Environment) -> None:
    sleeping = rows.feature_run(dev, state="waiting")
    rows.step(sleeping, "charge/payment", "waiting", took=None, kind="sleep")
    rows.order_rolled_back(dev, left=False)
    for address in ("/w/acme/", "/w/acme/p/shop/?env=dev"):
        assert CARD not in signed_in(cast.dev).get(address).content.decode()


def test_A_other_workspaces_products_and_environments_see_nothing_of_it(cast: Cast, dev: Environment) -> None:
    rows.order_at_the_approval(dev)
    assert CARD not in signed_in(cast.charlie).get("/w/elsewhere/").content.decode()
    assert CARD not in signed_in(cast.dev).get("/w/acme/p/shop/?env=prd").content.decode()


def test_what_waits_is_found_behind_any_number_of_newer_runs_that_ask_nothing(cast: Cast, dev: Environment) -> None:
    old = rows.order_at_the_approval(dev)
    pattern = Run.objects.get(pk=old.pk)
    Run.objects.bulk_create(
        [_copy(pattern, state="waiting", asks="") for _ in range(600)]
        + [_copy(pattern, state="failed", asks="") for _ in range(600)]
        + [_copy(pattern, state="completed", asks="approval")]
    )
    (found,) = waiting_for_people(cast.as_(cast.vera))
    assert (found.run.pk, found.what) == (old.pk, "approve/manager waits for an approval")
    page = signed_in(cast.vera).get("/w/acme/p/shop/runs/?env=dev&state=person").content.decode()
    assert str(old.pk) in page
    assert page.count("data-run=") <= 1


def test_what_waits_is_read_by_its_own_index(cast: Cast, dev: Environment) -> None:
    rows.order_at_the_approval(dev)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for narrowed in ({"workspace": dev.product.workspace}, {"environment": dev}):
            plan = asking(Run.objects.filter(**narrowed)).order_by("-id")[:8].explain()
            assert "Seq Scan" not in plan
            assert "<> ''" not in plan, "rows that ask nothing are not in the index, and so need not be looked at"


def test_over_REST_runs_are_narrowed_to_those_that_ask(cast: Cast, dev: Environment) -> None:
    asked = [rows.order_at_the_approval(dev), rows.in_doubt(dev)]
    rows.feature_run(dev, state="waiting")
    client = signed_in(cast.vera)
    for run, what in zip(asked, ("approval", "doubt"), strict=True):
        (found,) = client.get(f"/api/v1/workspaces/acme/runs/?asks={what}").json()["results"]
        assert (found["id"], found["asks"]) == (str(run.pk), what)
    assert client.get("/api/v1/workspaces/acme/runs/?asks=money").status_code == 400


def _copy(run: Run, **columns: Any) -> Run:
    values = {field.attname: getattr(run, field.attname) for field in Run._meta.concrete_fields}
    return Run(**{**values, **columns, "id": new_id()})


def test_J_the_home_page_asks_as_often_however_many_wait(cast: Cast, dev: Environment) -> None:
    assert_constant_queries(signed_in(cast.dev), "/w/acme/", lambda _: rows.order_at_the_approval(dev))
