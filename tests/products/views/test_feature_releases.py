"""In which releases a feature is: where it was new, where it changed, where it went."""

from __future__ import annotations

import re
from typing import Any

import pytest

from products.models import Environment, Feature
from products.queries.feature_releases import kept_of
from products.services.features import create_feature, delete_feature, update_feature
from products.services.releases import make_release
from tests import app_objects
from tests.contracts.lists import assert_constant_queries
from tests.contracts.routes import signed_in
from tests.people import Cast

pytestmark = pytest.mark.django_db
ITS = "/w/acme/p/shop-acme/features/nightly-acme/releases/"
PAUSE: Any = {"sequences": [{"tag": "main", "events": [{"tag": "wait", "type": "sleep", "input": "1m"}]}]}


@pytest.fixture
def row(cast: Cast) -> Feature:
    return app_objects.feature(cast.workspace)


def told(cast: Cast, row: Feature) -> list[tuple[int | None, str, int | None]]:
    kept, _ = kept_of(cast.as_(cast.vera), row.product, row)
    return [(one.release.number if one.release else None, one.step, one.before) for one in kept]


def test_each_release_says_what_became_of_the_feature(cast: Cast, row: Feature) -> None:
    actor = cast.as_(cast.alice)
    assert told(cast, row) == []
    first = make_release(actor, row.product).number
    other = create_feature(actor, row.product, name="Other", definition=PAUSE).row
    second = make_release(actor, row.product).number
    update_feature(actor, row, name="By another name")
    row.refresh_from_db()
    assert told(cast, row)[0] == (None, "changed", second)
    third = make_release(actor, row.product).number
    assert told(cast, row) == [(third, "changed", second), (second, "same", first), (first, "new", None)]
    delete_feature(actor, other)
    make_release(actor, row.product)
    assert told(cast, other)[1][1:] == ("gone", third)


def test_the_page_leads_to_the_comparison_and_says_where_it_runs(cast: Cast, row: Feature) -> None:
    actor = cast.as_(cast.alice)
    made = make_release(actor, row.product)
    Environment.objects.filter(product=row.product, slug="dev").update(release=made)
    update_feature(actor, row, name="By another name")
    shown = signed_in(cast.vera).get(ITS).content.decode()
    assert f"difference/?a={made.number}&amp;b=draft#feature-{row.tag}" in shown
    assert re.search(r'tag-env tape-\w+">dev<', shown)
    assert signed_in(cast.charlie).get(ITS).status_code == 404


def test_many_releases_cost_as_many_queries_as_few(cast: Cast, row: Feature) -> None:
    actor = cast.as_(cast.alice)

    def add(number: int) -> None:
        update_feature(actor, row, description=f"More {number}")
        make_release(actor, row.product)

    assert_constant_queries(signed_in(cast.vera), ITS, add)
