"""Features are stored only when they could run, and whoever may not change them is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from products.features import check_feature
from products.lib.actions import Parameter, to_json
from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.lib.jsontypes import Json
from products.models import Action, AuditEntry, Feature, Membership, Product
from products.queries.feature_world import world_of
from products.queries.features import as_read, feature, features_of
from products.queries.secrets import Use, uses_of
from products.services import features
from products.services.features import create_feature, delete_feature, examine, update_feature
from products.services.resources import create_resource
from products.services.validation import Taken
from tests import objects
from tests.people import Cast
from tests.products.feature_documents import action, child, make_feature, one_sequence, wired_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(cast: Cast) -> Product:
    return wired_product(cast.as_(cast.dev))


def refused(attempt: Callable[[], object]) -> list[tuple[str, str]]:
    """Pointer and code of everything that is wrong."""
    with pytest.raises(Invalid) as error:
        attempt()
    return [(one.pointer, one.code) for one in error.value.errors]


def saving(cast: Cast, product: Product, definition: Json) -> Callable[[], object]:
    return lambda: create_feature(cast.as_(cast.dev), product, name="F", definition=definition)


def test_a_feature_is_stored_as_it_was_given_and_stands_in_the_log(cast: Cast, product: Product) -> None:
    definition = one_sequence(action(), output="$Step{ping}")
    saved = create_feature(cast.as_(cast.dev), product, name=" Fulfil  order ", definition=definition)
    row = feature(cast.as_(cast.vera), product, "fulfil-order")
    assert (row.pk, row.name, row.definition, saved.warnings) == (saved.row.pk, "Fulfil order", definition, ())
    assert as_read(row).sequences[0].events[0].call.target == "pay:ping"
    assert AuditEntry.objects.filter(verb="feature.created", object_id=row.pk).count() == 1


def test_lists_count_events_and_leave_the_definitions_out(cast: Cast, product: Product) -> None:
    make_feature(cast.as_(cast.dev), product, "One", action("a"), action("b"))
    found = features_of(cast.as_(cast.vera), product)
    assert [(row.tag, row.event_count) for row in found] == [("one", 2)]  # type: ignore[attr-defined]
    assert found[0].get_deferred_fields() == {"definition"}


def test_D3_tags_are_made_from_names_and_belong_to_their_product(cast: Cast, product: Product) -> None:
    dev = cast.as_(cast.dev)
    assert [make_feature(dev, product, "Ship").tag for _ in "ab"] == ["ship", "ship-2"]
    with pytest.raises(Taken):
        make_feature(dev, product, "x", tag="ship")
    for tag in ("Ship", "-ship", "sh ip", "sh\u043ep", "x" * 64, "ship\n", "a\x00"):
        assert "/tag" in {pointer for pointer, _ in refused(partial(make_feature, dev, product, tag=tag))}


def test_a_tag_stays(cast: Cast, product: Product) -> None:
    row = make_feature(cast.as_(cast.dev), product)
    assert refused(lambda: update_feature(cast.as_(cast.dev), row, tag="other")) == [("/tag", "invalid")]
    assert update_feature(cast.as_(cast.dev), row, tag=row.tag, name="New").row.tag == row.tag


def test_all_that_is_wrong_is_said_at_once_with_its_place(cast: Cast, product: Product) -> None:
    events = [
        action("a", app="pya"),
        action("b", event="nothing"),
        {"tag": "c", "type": "checkpoint", "input": {"n": "$Input{amont}"}},
        child("nobody", "d"),
    ]
    definition = one_sequence(*events, input={"amount": "number"})
    at = "/definition/sequences/0/events"
    assert refused(saving(cast, product, definition)) == [
        (f"{at}/0/app", "unknown"),
        (f"{at}/1/event", "unknown"),
        (f"{at}/3/event", "unknown"),
        (f"{at}/2/input/n", "expression_unknown"),
    ]
    assert not Feature.objects.exists()


def test_an_expression_is_shown_with_what_is_wrong_in_it(cast: Cast, product: Product) -> None:
    found = examine(
        cast.as_(cast.dev), product, tag="f", name="F", definition=one_sequence(action(given="a $Input{m}"))
    )
    (error,) = found.errors
    assert error.caret == "a $Input{m}\n         ^"
    assert error.pointer == "/definition/sequences/0/events/0/input"


def test_what_may_go_wrong_is_a_warning_and_keeps_nothing_from_being_saved(cast: Cast, product: Product) -> None:
    definition = one_sequence(action(given="price: $Input"), input={"n": "number"})
    saved = create_feature(cast.as_(cast.dev), product, name="F", definition=definition)
    assert [one.pointer for one in saved.warnings] == ["/definition/sequences/0/events/0/input"]
    found = examine(cast.as_(cast.dev), product, tag="f", name="F", definition=definition)
    assert (found.errors, found.warnings) == ((), saved.warnings)


def test_what_an_action_is_given_is_checked_as_its_app_describes_it_now(
    cast: Cast, product: Product, django_assert_num_queries: Any
) -> None:
    at = "/definition/sequences/0/events"
    look = action("look", {"idd": "$Input{id}"}, event="get-payment")
    found = refused(saving(cast, product, one_sequence(action(), look, input={"id": "string"})))
    assert found == [(f"{at}/1/input/idd", "unknown_field")]
    right = one_sequence(action(), action("look", {"id": "$Input{id}"}, event="get-payment"), input={"id": "string"})
    row = create_feature(cast.as_(cast.dev), product, name="Look", definition=right).row
    feature, world = as_read(row), world_of(product)
    for queries in (1, 1):  # what was read once is kept
        with django_assert_num_queries(queries):
            assert check_feature(feature, world).errors == ()
    ping = Action.objects.get(tag="ping")
    needs = to_json(Parameter("since", "query", required=True))
    Action.objects.filter(pk=ping.pk).update(spec={**ping.spec, "parameters": [needs]})
    (error,) = check_feature(feature, world).errors
    assert (error.pointer, error.code) == ("/sequences/0/events/0/input/since", "required")
    Action.objects.filter(pk=ping.pk).update(spec={**ping.spec, "parameters": [needs], "description": "x" * 200_000})
    assert check_feature(feature, world).errors == ()


def test_types_of_events_that_cannot_run_yet_are_refused(cast: Cast, product: Product) -> None:
    definition = one_sequence({"tag": "a", "type": "notification", "event": "orders:add"})
    assert refused(saving(cast, product, definition)) == [("/definition/sequences/0/events/0/type", "not_available")]


def test_a_resource_that_the_product_has_not_is_refused_with_what_was_meant(cast: Cast, product: Product) -> None:
    actor = cast.as_(cast.dev)
    create_resource(actor, product.tag, "storage", {"name": "Receipts", "tag": "receipts"})
    wrong = one_sequence({"tag": "a", "type": "storage", "event": "receipt:read", "input": {"key": "a"}})
    (error,) = examine(actor, product, tag="f", name="F", definition=wrong).errors
    assert (error.pointer, error.code) == ("/definition/sequences/0/events/0/event", "unknown")
    assert "Did you mean “receipts”?" in error.detail
    right = one_sequence({"tag": "a", "type": "storage", "event": "receipts:read", "input": {"key": "a"}})
    assert create_feature(actor, product, name="F", definition=right).warnings == ()


DEEP: list[Any] = []
for _ in range(90):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("definition", "pointer"),
    [
        (None, "/definition"),
        ([], "/definition"),
        ("text", "/definition"),
        ({}, "/definition/sequences"),
        ({"sequences": {}}, "/definition/sequences"),
        ({"sequences": [7]}, "/definition/sequences/0"),
        ({"sequences": [{"tag": 7, "events": [action()]}]}, "/definition/sequences/0/tag"),
        ({"sequences": [{"tag": "a", "events": {}}]}, "/definition/sequences/0/events"),
        (one_sequence(action(type=None)), "/definition/sequences/0/events/0/type"),
        (one_sequence(action(condition=7)), "/definition/sequences/0/events/0/condition"),
        (one_sequence(action(retries="3")), "/definition/sequences/0/events/0/retries"),
        (one_sequence(action(timeout=["5s"])), "/definition/sequences/0/events/0/timeout"),
        (one_sequence(action(rollback="refund")), "/definition/sequences/0/events/0/rollback"),
        (one_sequence(action(allow_fail="yes")), "/definition/sequences/0/events/0/allow_fail"),
        (one_sequence(action(for_each=7)), "/definition/sequences/0/events/0/for_each"),
        (one_sequence(action(surprise=1)), "/definition/sequences/0/events/0/surprise"),
        (one_sequence(input=[]), "/definition/input"),
        (one_sequence(input={"a": 7}), "/definition/input/a"),
        (one_sequence(options="fast"), "/definition/options"),
        (one_sequence(options={"rollback": "maybe"}), "/definition/options/rollback"),
        (one_sequence(options={"concurrency": {"limit": 0}}), "/definition/options/concurrency/limit"),
        (one_sequence(tag="twice"), "/definition/tag"),
        (one_sequence(action(given="a\x00b")), "/definition/sequences/0/events/0/input"),
        (one_sequence(action(given="\ud800")), "/definition/sequences/0/events/0/input"),
        (one_sequence(action(given=float("nan"))), "/definition/sequences/0/events/0/input"),
        (one_sequence(action(given=10**400)), "/definition/sequences/0/events/0/input"),
        (one_sequence(action(given=DEEP)), "/definition/sequences/0/events/0/input"),
        (one_sequence(action(given="x" * 1_000_001)), "/definition"),
    ],
)
def test_D1_J12_what_is_no_definition_is_refused_by_field(
    cast: Cast, product: Product, definition: Json, pointer: str
) -> None:
    pointers = {found for found, _ in refused(saving(cast, product, definition))}
    assert any(found.startswith(pointer) for found in pointers), pointers
    assert not Feature.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        "$Input{constructor}{constructor}",
        "$Input{__class__}{__mro__}",
        "$Step{ping}{__globals__}",
        "$__import__('os')",
        "$Repeat('a', 1000000000" + ")" * 3,
        "$Sum(" * 1000,
        "$Concat(" + "[" * 1000 + "]" * 1000 + ")",
        "$Input{" + "a" * 70_000 + "}",
    ],
)
def test_J4_hostile_expressions_are_refused_when_they_are_saved(cast: Cast, product: Product, text: str) -> None:
    found = refused(saving(cast, product, one_sequence(action(given=text))))
    assert {pointer for pointer, _ in found} == {"/definition/sequences/0/events/0/input"}


@pytest.mark.parametrize(
    "text", ["{{constructor.constructor('x')()}}", "{% import os %}", "{0.__globals__}", "9**9**9"]
)
def test_J4_other_languages_are_plain_text(cast: Cast, product: Product, text: str) -> None:
    saving(cast, product, one_sequence({"tag": "said", "type": "checkpoint", "input": text}))()
    assert Feature.objects.get().definition["sequences"][0]["events"][0]["input"] == text


def test_limits_are_told_in_words(cast: Cast, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    many = one_sequence(*[action(f"e{number}") for number in range(2_001)])
    with pytest.raises(Invalid, match=r"at most 2000 (events|items)"):
        saving(cast, product, many)()
    monkeypatch.setattr(features, "MAX_FEATURES", 1)
    make_feature(cast.as_(cast.dev), product)
    with pytest.raises(Conflict, match="at most 1 features"):
        make_feature(cast.as_(cast.dev), product)


def test_a_change_is_checked_and_the_log_says_what_changed(cast: Cast, product: Product) -> None:
    dev, row = cast.as_(cast.dev), make_feature(cast.as_(cast.dev), product)
    wrong = one_sequence(action(event="nothing"))
    assert refused(lambda: update_feature(dev, row, definition=wrong))[0][0] == (
        "/definition/sequences/0/events/0/event"
    )
    changed = update_feature(dev, row, name="New", definition=one_sequence(action("other"))).row
    assert changed.definition["sequences"][0]["events"][0]["tag"] == "other"
    entry = AuditEntry.objects.get(verb="feature.changed")
    assert set(entry.changes) == {"name", "definition"}
    update_feature(dev, changed, name="New", definition=changed.definition)
    assert AuditEntry.objects.filter(verb="feature.changed").count() == 1


def test_a_feature_that_another_one_starts_is_not_deleted(cast: Cast, product: Product) -> None:
    dev = cast.as_(cast.dev)
    bill = make_feature(dev, product, "Bill")
    parents = [make_feature(dev, product, name, action(), child("bill")) for name in ("Order", "P")]
    with pytest.raises(Conflict, match="“order”, “p” start it"):
        delete_feature(dev, bill)
    for parent in parents:
        delete_feature(dev, parent)
    delete_feature(dev, bill)
    assert not Feature.objects.exists()


def test_a_feature_may_start_itself_and_be_deleted(cast: Cast, product: Product) -> None:
    row = make_feature(cast.as_(cast.dev), product, "Loop", child("loop"))
    delete_feature(cast.as_(cast.dev), row)
    assert not Feature.objects.exists()


def test_A6_a_viewer_reads_and_changes_nothing(cast: Cast, product: Product) -> None:
    row, vera = make_feature(cast.as_(cast.dev), product), cast.as_(cast.vera)
    assert feature(vera, product, row.tag) == row
    for attempt in (
        lambda: make_feature(vera, product),
        lambda: update_feature(vera, row, name="x"),
        lambda: delete_feature(vera, row),
        lambda: examine(vera, product, tag="f", name="F", definition={}),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_A1_to_strangers_and_outside_of_a_scope_there_is_nothing(cast: Cast, product: Product) -> None:
    row = make_feature(cast.as_(cast.dev), product)
    Membership.objects.filter(user=cast.dev).update(product_scope=["another"])
    for somebody in (cast.as_(cast.charlie), cast.as_(cast.dev)):
        assert features_of(somebody, product) == []
        for attempt in (
            partial(feature, somebody, product, row.tag),
            partial(make_feature, somebody, product),
            partial(update_feature, somebody, row, name="x"),
            partial(delete_feature, somebody, row),
            partial(examine, somebody, product, tag="f", name="F", definition={}),
        ):
            with pytest.raises(NotFound):
                attempt()
    assert Feature.objects.get() == row


def test_a_secret_says_which_features_name_it(cast: Cast, product: Product) -> None:
    key = objects.secret(cast.workspace).key
    told = {"tag": "told", "type": "checkpoint", "input": [f"$Secret{{{key}}}", f"$Secret{{{key}}}"]}
    make_feature(cast.as_(cast.dev), product, "Named", told)
    make_feature(cast.as_(cast.dev), product, "Other", action())
    assert uses_of(cast.as_(cast.vera), key) == [Use("shop", feature="named")]
    Membership.objects.filter(user=cast.vera).update(product_scope=["another"])
    assert uses_of(cast.as_(cast.vera), key) == []


def test_declared_fields_stay_in_the_order_in_which_they_were_written(cast: Cast, product: Product) -> None:
    names = ["order_id", "a", "amount", "zeta", "b"]
    definition = one_sequence(input={name: {"type": "string"} for name in names})
    made = create_feature(cast.as_(cast.dev), product, name="In order", definition=definition).row
    kept = Feature.objects.get(pk=made.pk)
    assert kept.definition == definition
    assert list(kept.definition["input"]) == names
    assert list(Feature.objects.values_list("definition", flat=True).get(pk=made.pk)["input"]) == names
    turned = {**definition, "input": {name: {"type": "string"} for name in reversed(names)}}
    update_feature(cast.as_(cast.dev), kept, definition=turned)
    assert list(Feature.objects.get(pk=made.pk).definition["input"]) == names[::-1]
    assert AuditEntry.objects.filter(verb="feature.changed").count() == 1
    update_feature(cast.as_(cast.dev), kept, definition=Feature.objects.get(pk=made.pk).definition)
    assert AuditEntry.objects.filter(verb="feature.changed").count() == 1
