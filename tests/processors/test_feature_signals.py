"""Signals of runs that wait for several at once: each is used once, and checked for the event that it answers."""

from __future__ import annotations

from typing import Any

import pytest

from processors.models import Run, RunSignal, Step
from processors.services import signals
from products.lib.errors import Conflict, Forbidden, Invalid
from products.models import AuditEntry
from tests.people import Cast
from tests.processors.feature_runs import FeatureRuns, chain, ended

pytestmark = pytest.mark.django_db(transaction=True)
WAIT: dict[str, Any] = {"tag": "ok", "type": "wait_signal", "event": "go"}


def completed(run: Run) -> Run:
    """The run once it has ended well."""
    assert ended(run).state == "completed", run.error
    return run


def test_each_item_of_a_loop_takes_a_signal_of_its_own(features: FeatureRuns) -> None:
    features.make("all", chain({**WAIT, "for_each": ["a", "b", "c"], "concurrency": 3}, output="$Step{ok}"))
    run = features.start("all")
    for number in (1, 2):
        signals.send_signal(features.actor, run, "go", {"number": number})
    features.execute(run)
    assert RunSignal.objects.filter(run=run, step_id=None).count() == 0
    assert run.state == "waiting", run.output
    signals.send_signal(features.actor, run, "go", {"number": 3})
    assert sorted(one["number"] for one in completed(run).output) == [1, 2, 3]
    assert len(set(RunSignal.objects.filter(run=run).values_list("step_id", flat=True))) == 3


def shared(first: dict[str, Any], second: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Two events of one name, as features were saved before they had to be alike."""
    return chain({**WAIT, "tag": "one", **first}, {**WAIT, "tag": "two", **second}, **more)


DEV, OWNER = {"roles": ["developer"]}, {"approval": True, "roles": ["owner"]}


def test_A2_who_may_answer_and_with_what_says_the_event_that_waits_now(features: FeatureRuns, people: Cast) -> None:
    features.make("order", shared(DEV, OWNER, output="$Step{two}"))
    run, owner = features.now("order"), people.as_(people.alice)
    with pytest.raises(Forbidden, match="developer"):
        signals.send_signal(owner, run, "go", {"approved": True})
    signals.send_signal(features.actor, run, "go", {"any": 1})
    with pytest.raises(Conflict, match="no event has taken it yet"):
        signals.send_signal(features.actor, run, "go", {"approved": True})
    features.execute(run)
    assert Step.objects.get(run=run, tag="main/two").state == "waiting"
    with pytest.raises(Forbidden, match="owner"):
        signals.send_signal(features.actor, run, "go", {"approved": True})
    with pytest.raises(Invalid, match="true or false"):
        signals.send_signal(owner, run, "go", {"any": 1})
    signals.send_signal(owner, run, "go", {"approved": True}, comment="Fine.")
    assert completed(run).output["by"] == owner.name
    audited = AuditEntry.objects.filter(verb__in=["run.signalled", "run.approved"]).order_by("id")
    assert [entry.verb for entry in audited] == ["run.signalled", "run.approved"]


def test_A2_a_signal_that_comes_before_the_events_that_differ_is_for_those_whom_each_lets_answer(
    features: FeatureRuns, people: Cast
) -> None:
    features.make("order", shared({"roles": ["developer", "owner"]}, {"roles": ["owner"]}))
    features.make("other", shared({}, {"approval": True}))
    run, other, owner = features.start("order"), features.start("other"), people.as_(people.alice)
    with pytest.raises(Forbidden):
        signals.send_signal(features.actor, run, "go")
    signals.send_signal(owner, run, "go")
    with pytest.raises(Conflict, match="different answers"):
        signals.send_signal(owner, other, "go", {"approved": True})
