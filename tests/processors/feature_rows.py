"""A run of a feature made of rows, as the journal leaves them: what pages are tested with, whatever state it is in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from processors.models import Attempt, LogLine, Run, RunDefinition, Step
from products.lib.jsontypes import JsonObject, content_hash
from products.models import Environment

ORDER: JsonObject = {
    "input": {"order_id": {"type": "string"}, "amount": {"type": "float"}, "items": {"type": "array"}},
    "sequences": [
        {"tag": "charge", "events": [
            {"tag": "payment", "type": "action", "app": "api", "event": "echo", "retries": 3,
             "input": {"params": {"id": "$Input{order_id}"}, "body": {"amount": "$Input{amount}"}},
             "rollback": {"type": "action", "app": "api", "event": "get"}}]},
        {"tag": "reserve", "mode": "concurrent", "events": [
            {"tag": "stock", "type": "action", "app": "api", "event": "get", "for_each": "$Input{items}",
             "input": {"query": {"q": "$Item{sku}"}}, "rollback": {"type": "action", "app": "api", "event": "get"}},
            {"tag": "audit", "type": "action", "app": "api", "event": "get", "allow_fail": True}]},
        {"tag": "approve", "parents": ["charge", "reserve"], "events": [
            {"tag": "manager", "type": "wait_signal", "event": "approve", "approval": True, "timeout": "1d"}]},
        {"tag": "tell", "parents": ["approve"], "events": [
            {"tag": "mail", "type": "action", "app": "api", "event": "get", "condition": "$Input{amount} > 1"},
            {"tag": "crm", "type": "action", "app": "api", "event": "get", "when_unknown": "ask"}]},
    ],
}  # fmt: skip


def big(count: int) -> JsonObject:
    """A feature with this many events in one sequence."""
    return {"sequences": [{"tag": "long", "events": [{"tag": f"event-{n}", "type": "sleep", "input": "1s"}
                                                     for n in range(count)]}]}  # fmt: skip


def feature_run(environment: Environment, document: JsonObject = ORDER, *, tag: str = "order", **columns: Any) -> Run:
    """A run of a feature, running unless `columns` say something else."""
    product = environment.product
    content = {"kind": "feature", "feature": tag, "release": None,
               "features": {tag: {"name": tag.capitalize(), "description": "", "definition": document}}}  # fmt: skip
    made, _ = RunDefinition.objects.get_or_create(
        hash=content_hash([str(product.pk), content]), defaults={"workspace": product.workspace, "content": content}
    )
    given = {"workspace": product.workspace, "product": product, "environment": environment, "definition": made,
             "kind": "feature", "target": tag, "trigger": "page", "actor": "dev@example.com", "state": "running",
             "input": {"order_id": "o-1", "amount": 10, "items": ["a", "b", "c"]},
             "started_at": timezone.now()}  # fmt: skip
    run = Run.objects.create(**{**given, **columns})
    if "started_at" in columns:
        Run.objects.filter(pk=run.pk).update(created_at=columns["started_at"] - timedelta(milliseconds=40))
        run.refresh_from_db()
    return run


def step(
    run: Run, tag: str, state: str = "completed", *, at: float = 0, took: float | None = 1, **columns: Any
) -> Step:
    """A step `at` seconds after the run's start. Without `took` it has not ended."""
    start = _start(run) + timedelta(seconds=at)
    given = {"kind": "action", "index": 0, "started_at": start,
             "finished_at": None if took is None else start + timedelta(seconds=took),
             "idempotency_key": "key"}  # fmt: skip
    return Step.objects.create(run=run, tag=tag, state=state, **{**given, **columns})


def tried(step_row: Step, *tries: tuple[str, float, float], **columns: Any) -> None:
    """Its tries: state, start in seconds after the step's, length."""
    for number, (state, at, took) in enumerate(tries, 1):
        start = (step_row.started_at or timezone.now()) + timedelta(seconds=at)
        Attempt.objects.create(
            run_id=step_row.run_id, step=step_row, number=number, state=state, started_at=start,
            finished_at=start + timedelta(seconds=took),
            **{"request": {"method": "GET", "url": "https://api.example/get"}, "response": {"status": 200}, **columns},
        )  # fmt: skip
    Step.objects.filter(pk=step_row.pk).update(attempts=len(tries))


def said(run: Run, *lines: tuple[str, str, str]) -> None:
    """Log lines: level, step, message."""
    LogLine.objects.bulk_create(
        LogLine(run=run, seq=seq, at=_start(run) + timedelta(milliseconds=seq * 40), level=level, step=place,
                message=message)
        for seq, (level, place, message) in enumerate(lines, 1)
    )  # fmt: skip


def order_at_the_approval(environment: Environment, **columns: Any) -> Run:
    """The order: paid at the second try, stock reserved, the audit failed as it may; it waits for the manager."""
    started = columns.pop("started_at", timezone.now() - timedelta(minutes=38))
    run = feature_run(environment, started_at=started, **{
        "state": "waiting", "asks": "approval", "reason": "approve/manager waits for an approval “approve”.",
        "wake_at": started + timedelta(days=1), **columns})  # fmt: skip
    payment = step(run, "charge/payment", took=1.42, input={"body": {"amount": 10}},
                   output={"id": "ch_3PqL", "token": "tok-canary", "status": "paid"})  # fmt: skip
    tried(payment, ("failed", 0, 0.3), ("completed", 0.6, 0.82))
    loop = step(run, "reserve/stock", took=0.31, input={"items": 3})
    for number in (1, 2, 3):
        item = step(run, "reserve/stock", index=number, at=0.1 * (number - 1), took=0.1, input={"q": f"sku-{number}"})
        tried(item, ("completed", 0, 0.1))
    audit = step(run, "reserve/audit", "failed", took=0.04, error=_error("remote_error", "It said 500."))
    tried(audit, ("failed", 0, 0.04))
    step(run, "approve/manager", "waiting", at=1.6, took=None, kind="wait_signal", wake_at=started + timedelta(days=1))
    said(run, ("info", "charge/payment", "Try 1."), ("warn", "charge/payment", "Waits 0.3 s for try 2 of 4."),
         ("info", "charge/payment", "Done."), ("info", "reserve/stock", "Goes through 3 items."),
         ("info", "approve/manager", "Waits for an approval, “approve”."))  # fmt: skip
    assert loop.pk
    return run


def order_rolled_back(environment: Environment, *, left: bool = True, **columns: Any) -> Run:
    """The order that failed at its end: the stock was given back, the payment only unless `left`."""
    started = columns.pop("started_at", timezone.now() - timedelta(minutes=2))
    back = {"undone": ["reserve/stock"], "left": ["charge/payment"] if left else [], "unknown": []}
    error = {**_error("remote_error", "The provider said 503."), "details": {"rollback": back}}
    run = feature_run(environment, started_at=started, **{
        "state": "failed" if left else "rolled_back", "error": error, "finished_at": started + timedelta(seconds=6),
        "asks": "undo" if left else "",
        **columns})  # fmt: skip
    payment = step(run, "charge/payment", "completed" if left else "rolled_back", took=1, output={"id": "ch_1"})
    tried(payment, ("completed", 0, 1))
    stock = step(run, "reserve/stock", "rolled_back", took=4, input={"items": 1})
    step(run, "reserve/stock", "rolled_back", index=1, took=4)
    undo_stock = step(run, "reserve/stock~undo", index=1, at=3.5, took=0.5)
    undo = step(run, "charge/payment~undo", "failed" if left else "completed", at=4.5, took=1,
                error=_error("remote_error", "The refund was refused.") if left else None)  # fmt: skip
    tried(undo, ("failed" if left else "completed", 0, 1))
    mail = step(run, "tell/mail", "failed", at=2, took=1, error=_error("remote_error", "The provider said 503."))
    tried(mail, ("failed", 0, 1))
    assert stock.pk
    assert undo_stock.pk
    return run


def in_doubt(environment: Environment) -> Run:
    """A run that waits until somebody says what came of a call."""
    reason = "tell/crm: Nobody knows whether this had its effect."
    run = feature_run(environment, state="waiting", asks="doubt", reason=reason)
    error = {**_error("timeout", "There was no result within 10 s."), "outcome_unknown": True}
    crm = step(run, "tell/crm", "waiting", took=None, error=error, input={"contact": "c-9"})
    tried(crm, ("failed", 0, 10), response=None)
    return run


def step_id(run: Run, tag: str, index: int = 0) -> UUID:
    """Of a step of a run."""
    found: UUID = Step.objects.get(run=run, tag=tag, index=index).pk
    return found


def _start(run: Run) -> datetime:
    return run.started_at or run.created_at


def _error(code: str, message: str) -> JsonObject:
    return {"code": code, "message": message, "fault": "remote", "retryable": True, "outcome_unknown": False,
            "details": {}}  # fmt: skip
