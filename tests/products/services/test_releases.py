"""Releases are numbered without gaps, never change, and an environment runs one of them or the draft."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from products.lib.errors import Conflict, Forbidden, NotFound
from products.lib.json_lines import MAX_LINES
from products.models import Action, AuditEntry, Environment, Feature, Membership, Product, Release
from products.queries.releases import Change, difference, draft_content, missing_in, release, releases_of
from products.services.features import create_feature, delete_feature, update_feature
from products.services.products import delete_product
from products.services.releases import deploy, make_release
from tests.people import Cast, make_cast
from tests.products.feature_documents import action, child, make_feature, one_sequence, wired_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(cast: Cast) -> Product:
    row = wired_product(cast.as_(cast.dev))
    make_feature(cast.as_(cast.dev), row, "Order", action())
    return row


def changed(cast: Cast, product: Product, description: str) -> Release:
    """A release of a draft that is another one by its description."""
    update_feature(cast.as_(cast.dev), Feature.objects.get(product=product), description=description)
    return make_release(cast.as_(cast.dev), product, note=description)


def place(product: Product, slug: str = "dev") -> Environment:
    return Environment.objects.select_related("product").get(product=product, slug=slug)


def test_a_release_is_the_draft_as_it_stood(cast: Cast, product: Product) -> None:
    row = make_release(cast.as_(cast.dev), product, note=" First ")
    assert (row.number, row.note, row.author) == (1, "First", "dev@example.com")
    assert list(row.content["features"]) == ["order"]
    assert row.content["actions"] == {"pay:ping": Action.objects.get(tag="ping").spec}
    update_feature(cast.as_(cast.dev), Feature.objects.get(), name="Another")
    assert release(cast.as_(cast.vera), product, 1).content["features"]["order"]["name"] == "Order"
    assert AuditEntry.objects.filter(verb="release.created", object_id=row.pk).count() == 1


def test_a_release_keeps_declared_fields_in_their_order(cast: Cast, product: Product) -> None:
    names = ["order_id", "a", "amount", "zeta"]
    definition = one_sequence(action(), input={name: {"type": "string"} for name in names})
    update_feature(cast.as_(cast.dev), Feature.objects.get(), definition=definition)
    make_release(cast.as_(cast.dev), product, note="")
    kept = release(cast.as_(cast.vera), product, 1).content["features"]["order"]["definition"]
    assert kept == Feature.objects.get().definition
    assert list(kept["input"]) == names


def test_secrets_are_held_by_reference_and_never_by_value(cast: Cast, product: Product) -> None:
    content = str(make_release(cast.as_(cast.dev), product).content)
    assert "key-canary-1234" not in content
    assert "very-secret-signing" not in content


def test_only_actions_that_features_call_are_held(cast: Cast, product: Product) -> None:
    undo = {"type": "action", "app": "pay", "event": "get-payment", "input": {"id": "1"}}
    make_feature(cast.as_(cast.dev), product, "Undone", action(rollback=undo))
    assert set(draft_content(product)["actions"]) == {"pay:ping", "pay:get-payment"}


def test_the_same_twice_is_no_release(cast: Cast, product: Product) -> None:
    make_release(cast.as_(cast.dev), product)
    with pytest.raises(Conflict, match="Nothing has changed since release 1") as refused:
        make_release(cast.as_(cast.dev), product, note="Another note")
    assert refused.value.code == "nothing_changed"
    assert changed(cast, product, "Two").number == 2
    update_feature(cast.as_(cast.dev), Feature.objects.get(), description="")
    assert make_release(cast.as_(cast.dev), product).number == 3  # what an earlier one was may be the next


def test_what_could_run_nowhere_is_not_released(cast: Cast, product: Product) -> None:
    Action.objects.filter(tag="ping").delete()
    with pytest.raises(Conflict, match=r"“order” has to be mended .*no action of “pay” called “ping”"):
        make_release(cast.as_(cast.dev), product)
    delete_feature(cast.as_(cast.dev), Feature.objects.get())
    with pytest.raises(Conflict, match="no features"):
        make_release(cast.as_(cast.dev), product)
    assert not Release.objects.exists()


def test_an_environment_is_pinned_taken_back_and_follows_the_draft_again(cast: Cast, product: Product) -> None:
    dev = cast.as_(cast.dev)
    one, two = make_release(dev, product), changed(cast, product, "Two")
    for number, wanted in ((2, two), (1, one), (None, None)):
        assert deploy(dev, place(product), number).release == wanted
        assert place(product).release == wanted
    told = AuditEntry.objects.filter(verb="environment.deployed").order_by("id").values_list("changes", flat=True)
    assert list(told) == [{"release": ["draft", 2]}, {"release": [2, 1]}, {"release": [1, "draft"]}]
    deploy(dev, place(product), None)
    assert AuditEntry.objects.filter(verb="environment.deployed").count() == 3
    assert place(product, "prd").release is None


def test_lists_say_where_a_release_runs_and_leave_its_content_out(cast: Cast, product: Product) -> None:
    make_release(cast.as_(cast.dev), product)
    changed(cast, product, "Two")
    deploy(cast.as_(cast.dev), place(product), 1)
    rows = releases_of(cast.as_(cast.vera), product)
    assert [(row.number, [each.slug for each in row.environments.all()]) for row in rows] == [(2, []), (1, ["dev"])]
    assert rows[0].get_deferred_fields() == {"content"}


def test_a_release_of_another_product_is_not_there(cast: Cast, product: Product) -> None:
    other = Product.objects.create(workspace=cast.workspace, tag="other", name="Other")
    make_release(cast.as_(cast.dev), product)
    place_there = Environment.objects.create(product=other, slug="dev", name="dev")
    with pytest.raises(NotFound):
        deploy(cast.as_(cast.dev), place_there, 1)
    for number in (0, -1, 2, 2**40, "x", ""):
        with pytest.raises(NotFound):
            release(cast.as_(cast.dev), product, number)


def test_A6_only_those_may_deploy_whose_scope_reaches(cast: Cast, product: Product) -> None:
    make_release(cast.as_(cast.dev), product)
    Membership.objects.filter(user=cast.dev).update(environment_scope=["dev"])
    deploy(cast.as_(cast.dev), place(product), 1)
    for somebody, slug in ((cast.dev, "prd"), (cast.vera, "dev")):
        with pytest.raises(Forbidden):
            deploy(cast.as_(somebody), place(product, slug), 1)
    with pytest.raises(NotFound):
        deploy(cast.as_(cast.charlie), place(product), 1)
    with pytest.raises(Forbidden):
        make_release(cast.as_(cast.vera), product)
    with pytest.raises(NotFound):
        make_release(cast.as_(cast.charlie), product)
    assert list(releases_of(cast.as_(cast.charlie), product)) == []


def test_what_differs_is_said_by_feature_and_line(cast: Cast, product: Product) -> None:
    dev = cast.as_(cast.dev)
    before = draft_content(product)
    make_feature(dev, product, "New", action("get", {"id": "1"}, event="get-payment"))
    update_feature(dev, Feature.objects.get(tag="order"), description="Better")
    found = difference(before, draft_content(product))
    assert [(one.kind, one.what, one.tag) for one in found] == [
        ("added", "feature", "new"),
        ("changed", "feature", "order"),
        ("added", "action", "pay:get-payment"),
    ]
    assert [line for line in found[1].lines if line[0] in "+-"] == [
        '-  "description": "",',
        '+  "description": "Better",',
    ]
    back = difference(draft_content(product), before)
    assert [one.kind for one in back] == ["removed", "changed", "removed"]
    assert difference(before, before) == []


def test_D2_differences_are_bounded() -> None:
    def content(size: int, filler: str) -> dict[str, object]:
        return {"features": {"big": {"definition": [f"{filler}{line}" for line in range(size)]}}, "actions": {}}

    (change,) = difference(content(2_000, "a"), content(2_000, "b"))
    assert len(change.lines) == MAX_LINES
    assert change.more > 3_000
    (huge,) = difference(content(6_000, "a"), content(7_000, "b"))
    assert huge == Change("changed", "feature", "big", (), 1_000)


def test_missing_in_names_what_the_environment_lacks(cast: Cast, product: Product) -> None:
    dev = cast.as_(cast.dev)
    create_feature(dev, product, name="Named", definition=one_sequence(action(given="$Variable{pay}{region}")))
    content = draft_content(product)
    assert missing_in(place(product), content) == []
    sentence = "The connection “pay” does not say which environment of its app “prd” uses."
    assert missing_in(place(product, "prd"), content) == [sentence]
    content["features"]["named"]["definition"]["sequences"][0]["events"][0]["input"] = "$Secret{GONE}"
    assert missing_in(place(product), content) == ["There is no secret “GONE”."]
    Action.objects.filter(tag="ping").delete()
    assert "has no action “ping”" in missing_in(place(product), content)[0]


def test_a_product_with_pinned_environments_can_be_deleted(cast: Cast, product: Product) -> None:
    make_release(cast.as_(cast.dev), product)
    deploy(cast.as_(cast.dev), place(product), 1)
    delete_product(cast.as_(cast.dev), product.tag)


def test_children_belong_to_the_release_too(cast: Cast, product: Product) -> None:
    make_feature(cast.as_(cast.dev), product, "Parent", child("order"))
    assert set(make_release(cast.as_(cast.dev), product).content["features"]) == {"order", "parent"}


@pytest.fixture
def committed(transactional_db: None) -> tuple[Cast, Product]:
    cast = make_cast()
    row = wired_product(cast.as_(cast.dev))
    make_feature(cast.as_(cast.dev), row, "Order", action())
    return cast, row


def test_A11_makers_at_once_get_consecutive_numbers(committed: tuple[Cast, Product]) -> None:
    cast, product = committed

    def make(number: int) -> int | str:
        try:
            make_feature(cast.as_(cast.dev), product, f"Extra {number}", action())
            return make_release(cast.as_(cast.dev), product).number
        except Conflict as error:  # somebody else's release has this one's feature already
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(make, range(8)))
    numbers = sorted(found for found in results if isinstance(found, int))
    assert numbers == list(range(1, len(numbers) + 1))
    assert {found for found in results if isinstance(found, str)} <= {"nothing_changed"}
    newest = Release.objects.order_by("-number").first()
    assert newest is not None
    assert len(newest.content["features"]) == 9
