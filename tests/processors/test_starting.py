"""Starting runs: who may, with what input, once for each key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from processors.models import IdempotencyRecord, Run, RunDefinition, RunInput
from processors.services.starting import RunRequest, start_many, start_run
from products.access import Actor
from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.models import Environment, Membership
from tests.people import Cast
from tests.processors.scene import Scene, make_scene

URL = "http://api.example.com"


@pytest.fixture
def made(cast: Cast) -> Scene:
    """Without a sink: nothing is executed here."""
    return make_scene(cast.workspace, URL)


@pytest.fixture
def dev(cast: Cast, made: Scene) -> Actor:
    """Dev."""
    return cast.as_(cast.dev)


def request(action: str = "echo", given: Any = None, **options: Any) -> RunRequest:
    return RunRequest(
        **{"product": "shop", "environment": "dev", "app": "api"} | options,
        action=action, input={"id": "1"} if given is None else given,
    )  # fmt: skip


def test_a_run_is_a_row_with_a_sealed_input(dev: Actor) -> None:
    started = start_run(dev, request(given={"id": "1", "note": "hello"}, trigger="page"))
    run = Run.objects.get(pk=started.run.pk)
    assert (run.state, run.target, run.trigger, run.actor) == ("queued", "api:echo", "page", "dev@example.com")
    assert run.input == {"id": "1", "note": "hello"}
    assert b"hello" not in bytes(RunInput.objects.get(run=run).sealed)
    for field in Run._meta.fields:
        name = field.attname
        if name != "rang_at":
            assert getattr(run, name) == getattr(started.run, name), name


def test_a_viewer_cannot_run(cast: Cast, made: Scene) -> None:
    with pytest.raises(Forbidden):
        start_run(cast.as_(cast.vera), request())
    assert not Run.objects.exists()


def test_a_stranger_finds_nothing_to_run(cast: Cast, made: Scene) -> None:
    with pytest.raises(NotFound):
        start_run(cast.as_(cast.charlie), request())


def test_A4_a_narrowed_member_runs_only_inside_their_scope(cast: Cast, made: Scene) -> None:
    Environment.objects.create(product=made.product, slug="prd", name="Production")
    start_run(cast.as_(cast.dev), request())  # so that everything about the call is known
    Membership.objects.filter(user=cast.dev).update(environment_scope=["prd"])
    with pytest.raises(Forbidden, match="dev"):
        start_run(cast.as_(cast.dev), request())
    Membership.objects.filter(user=cast.dev).update(environment_scope=[], product_scope=["another"])
    with pytest.raises(NotFound):
        start_run(cast.as_(cast.dev), request())


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"product": "nothing"}, NotFound), ({"environment": "nothing"}, NotFound), ({"app": "nothing"}, NotFound),
        ({"action": "nothing"}, NotFound), ({"app": "a\x00b"}, NotFound), ({"product": "a\x00b"}, NotFound),
        ({"retries": 11}, Invalid), ({"retries": -1}, Invalid), ({"timeout_s": 0}, Invalid),
        ({"timeout_s": float("nan")}, Invalid), ({"idempotency_key": "x" * 201}, Invalid),
        ({"idempotency_key": "a\nb"}, Invalid),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_written(
    dev: Actor, change: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        start_run(dev, request(**change))
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("id", value) for value in ({}, {"a": 1}, [], True, None)),
        *(("amount", value) for value in ({}, {"a": 1}, [1], True, "much", None)),
        *(("note", value) for value in ({"path": "/etc/passwd"}, [1], True, 3, None)),
    ],
)
def test_J12_a_value_of_another_type_is_refused_by_name(dev: Actor, field: str, value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        start_run(dev, request(given={"id": "1", "amount": 1, "note": "n", field: value}))
    assert {problem.pointer for problem in caught.value.errors} <= {f"/input/params/{field}", f"/input/body/{field}"}


@pytest.mark.parametrize("given", [None, [], "text", 3, True])
def test_J12_an_input_that_is_no_object_is_refused(dev: Actor, given: Any) -> None:
    with pytest.raises(Invalid) as caught:
        start_run(dev, RunRequest("shop", "dev", "api", "echo", given))
    assert caught.value.errors[0].pointer == "/input"


def test_an_inactive_environment_runs_nothing(dev: Actor, made: Scene) -> None:
    Environment.objects.filter(pk=made.environment.pk).update(active=False)
    with pytest.raises(Conflict, match="not active"):
        start_run(dev, request())


def test_the_same_configuration_is_one_definition(dev: Actor, made: Scene) -> None:
    first, second = start_run(dev, request()).run, start_run(dev, request()).run
    assert first.definition_id == second.definition_id
    made.app_environment.base_url = "http://other.example.com"
    made.app_environment.save()
    third = start_run(dev, request()).run
    assert third.definition_id != first.definition_id
    assert RunDefinition.objects.count() == 2


@pytest.mark.parametrize("what", ["variable", "credential", "action", "environment", "mapping", "constant"])
def test_R19_whatever_changes_the_next_run_has_it(dev: Actor, made: Scene, what: str) -> None:
    before = start_run(dev, request()).run.definition_id
    match what:
        case "variable":
            made.value("variable", "region", plain="eu")
        case "credential":
            made.value("credential", "token", plain="t")
        case "action":
            made.actions["echo"].spec["path"] = "/other/{id}"
            made.actions["echo"].save()
        case "environment":
            type(made.app_environment).objects.update(base_url="http://bulk.example.com")  # touches no updated_at
        case "mapping":
            other = type(made.app_environment).objects.create(app=made.app, slug="b", name="B", base_url=URL + "/b")
            type(made.mapped).objects.update(app_environment=other)
        case "constant":
            made.app.constants.create(key="version", value="1")
    after = start_run(dev, request()).run.definition_id
    assert (after != before) is (what != "credential")  # without an auth credentials are not part of the call


def test_starting_costs_few_queries(dev: Actor, django_assert_num_queries: Any) -> None:
    start_run(dev, request())
    with django_assert_num_queries(1):  # the definition, not remembered in a transaction; the other two are prepared
        start_run(dev, request())


def test_what_workers_note_of_a_connection_makes_no_start_dearer(
    dev: Actor, made: Scene, django_assert_num_queries: Any
) -> None:
    start_run(dev, request())
    rows = type(made.mapped).objects.filter(pk=made.mapped.pk)
    rows.update(last_success_at=timezone.now(), last_failure_at=timezone.now(), last_failure="It was away.")
    with django_assert_num_queries(1):
        start_run(dev, request())


def test_R9_the_same_key_returns_the_first_run(dev: Actor) -> None:
    first = start_run(dev, request(idempotency_key="k"))
    again = start_run(dev, request(idempotency_key="k"))
    assert (first.created, again.created, again.run.pk) == (True, False, first.run.pk)
    assert Run.objects.count() == 1


def test_the_same_key_with_another_input_is_a_conflict(dev: Actor) -> None:
    start_run(dev, request(idempotency_key="k"))
    with pytest.raises(Conflict) as caught:
        start_run(dev, request(given={"id": "2"}, idempotency_key="k"))
    assert caught.value.code == "idempotency_mismatch"


def test_keys_of_different_actions_do_not_meet(dev: Actor) -> None:
    start_run(dev, request(idempotency_key="k"))
    assert start_run(dev, request("get", {}, idempotency_key="k")).created


def test_a_key_past_its_life_starts_anew(dev: Actor) -> None:
    first = start_run(dev, request(idempotency_key="k"))
    IdempotencyRecord.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    second = start_run(dev, request(given={"id": "2"}, idempotency_key="k"))
    assert second.created
    assert second.run.pk != first.run.pk


def test_R9_twenty_callers_with_one_key_start_one_run(people: Cast) -> None:
    make_scene(people.workspace, URL)
    actor = people.as_(people.dev)

    def once(_: int) -> tuple[Any, bool]:
        try:
            started = start_run(actor, request(idempotency_key="together"))
            return started.run.pk, started.created
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        got = list(pool.map(once, range(20)))
    assert len({pk for pk, _ in got}) == 1
    assert sum(created for _, created in got) == 1
    assert Run.objects.count() == 1


def test_many_are_started_together_or_not_at_all(dev: Actor) -> None:
    started = start_many(dev, request(), [({"id": str(number)}, "") for number in range(300)])
    assert len({one.run.pk for one in started}) == Run.objects.count() == 300
    with pytest.raises(Invalid):
        start_many(dev, request(), [({"id": "1"}, ""), ({}, "")])
    with pytest.raises(Invalid):
        start_many(dev, request(), [({"id": "1"}, "same"), ({"id": "2"}, "same")])
    assert Run.objects.count() == 300
    with pytest.raises(Invalid):
        start_many(dev, request(), [({"id": "1"}, "")] * 1_001)
