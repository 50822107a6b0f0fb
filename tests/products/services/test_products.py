"""Products and their environments."""

from __future__ import annotations

import pytest

from products import access
from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.models import AuditEntry, Environment, Membership, Product
from products.services.environments import (
    create_environment,
    delete_environment,
    order_environments,
    update_environment,
)
from products.services.products import create_product, delete_product, update_product
from products.services.validation import Taken
from tests import objects
from tests.people import Cast

pytestmark = pytest.mark.django_db


def test_a_product_starts_with_three_environments_in_their_colours(cast: Cast) -> None:
    row = create_product(cast.as_(cast.dev), name="Web shop")
    assert row.tag == "web-shop"
    found = list(row.environments.values_list("slug", "colour", "processor_tag"))
    assert found == [("dev", "grey", "default"), ("stg", "amber", "default"), ("prd", "red", "default")]
    assert AuditEntry.objects.filter(verb="product.created", object_id=row.pk).count() == 1


def test_D3_tags_are_lower_case_ascii_and_unique_in_the_workspace_only(cast: Cast) -> None:
    dev = cast.as_(cast.dev)
    assert create_product(dev, name="Shop").tag == "shop"
    assert create_product(dev, name="Shop").tag == "shop-2"
    assert create_product(cast.as_(cast.charlie), name="Shop").tag == "shop"
    with pytest.raises(Taken):
        create_product(dev, name="x", tag="shop")
    for tag in ("Shop", "-shop", "sh op", "sh\u043ep", "x" * 64, "shop\n", "a\x00"):
        with pytest.raises(Invalid) as refused:
            create_product(dev, name="x", tag=tag)
        assert refused.value.errors[0].pointer == "/tag"


def test_A6_a_viewer_changes_nothing(cast: Cast) -> None:
    tag = objects.product(cast.workspace).tag
    vera = cast.as_(cast.vera)
    for attempt in (
        lambda: create_product(vera, name="x"),
        lambda: update_product(vera, tag, {"name": "x"}),
        lambda: delete_product(vera, tag),
        lambda: create_environment(vera, tag, {"slug": "x", "name": "x"}),
        lambda: update_environment(vera, tag, "dev", {"name": "x"}),
        lambda: delete_environment(vera, tag, "dev"),
        lambda: order_environments(vera, tag, []),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_only_what_may_change_changes_and_the_log_says_what(cast: Cast) -> None:
    row = objects.product(cast.workspace)
    changed = update_product(cast.as_(cast.dev), row.tag, {"name": "Store", "tag": "other", "workspace": "x"})
    assert (changed.name, changed.tag, changed.workspace_id) == ("Store", row.tag, row.workspace_id)
    assert AuditEntry.objects.get(verb="product.changed").changes == {"name": [row.name, "Store"]}
    update_product(cast.as_(cast.dev), row.tag, {"name": "Store"})
    assert AuditEntry.objects.filter(verb="product.changed").count() == 1


def test_a_narrowed_developer_sees_and_changes_their_products_only(cast: Cast) -> None:
    one, other = (create_product(cast.as_(cast.alice), name=name) for name in ("One", "Other"))
    Membership.objects.filter(user=cast.dev).update(product_scope=[one.tag])
    dev = cast.as_(cast.dev)
    update_product(dev, one.tag, {"name": "Mine"})
    with pytest.raises(NotFound):
        delete_product(dev, other.tag)
    with pytest.raises(Forbidden):
        create_product(dev, name="Third")


def test_environments_are_added_changed_and_put_in_order(cast: Cast) -> None:
    dev, tag = cast.as_(cast.dev), objects.product(cast.workspace).tag
    create_environment(dev, tag, {"slug": "qa", "name": "Quality", "colour": "amber", "position": 99})
    assert Environment.objects.get(slug="qa").position == 3
    update_environment(dev, tag, "qa", {"active": False, "processor_tag": "big", "slug": "changed"})
    row = Environment.objects.get(slug="qa")
    assert (row.active, row.processor_tag) == (False, "big")
    order_environments(dev, tag, ["qa", "prd", "dev", "stg"])
    slugs = Environment.objects.filter(product__tag=tag).values_list("slug", flat=True)
    assert list(slugs) == ["qa", "prd", "dev", "stg"]
    for wrong in (["qa"], ["qa", "qa", "dev", "stg"], ["qa", "prd", "dev", "stg", "x"]):
        with pytest.raises(Invalid):
            order_environments(dev, tag, wrong)
    with pytest.raises(Taken):
        create_environment(dev, tag, {"slug": "dev", "name": "Again"})
    with pytest.raises(Invalid) as refused:
        update_environment(dev, tag, "qa", {"colour": "pink"})
    assert refused.value.errors[0].pointer == "/colour"


def test_the_last_active_environment_stays(cast: Cast) -> None:
    dev, row = cast.as_(cast.dev), objects.product(cast.workspace)
    delete_environment(dev, row.tag, "stg")
    update_environment(dev, row.tag, "prd", {"active": False})
    with pytest.raises(Conflict):
        delete_environment(dev, row.tag, "dev")
    with pytest.raises(Conflict):
        update_environment(dev, row.tag, "dev", {"active": False})
    assert row.environments.count() == 2


def test_A1_another_workspaces_product_is_not_there(cast: Cast) -> None:
    theirs = objects.product(cast.elsewhere)
    dev = cast.as_(cast.dev)
    for attempt in (
        lambda: update_product(dev, theirs.tag, {"name": "x"}),
        lambda: delete_product(dev, theirs.tag),
        lambda: create_environment(dev, theirs.tag, {"slug": "x", "name": "x"}),
        lambda: access.product(dev, theirs.tag),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert Product.objects.filter(pk=theirs.pk, name=theirs.name).exists()
