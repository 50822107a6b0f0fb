"""Tests a connection: runs its cheapest safe action for real, or only gets its token where there is no such action."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from processors.accounts.places import composed_place, find_place
from processors.models import ENDED_STATES, Run
from processors.runtime import at_once
from processors.runtime.at_once import NoToken
from processors.services import runs
from products.access import Actor, Permission
from products.lib.actions import action_from_json
from products.lib.errors import Conflict
from products.models import Action, ConnectionEnvironment
from products.queries.callable_actions import auth_for

LOOKED_AT = 300
TIMEOUT_S = 15.0
CHOOSE = "No action of this app can be called without input. Choose one and run it."


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of it: `state` is `ok`, `failed` or `running`; `run` is None where only a token was got."""

    state: str
    message: str
    action: str = ""
    run: UUID | None = None


def safe_actions(place: ConnectionEnvironment) -> list[str]:
    """Tags of actions that read and need no input, the shortest paths first."""
    rows = Action.objects.filter(app_id=place.connection.app_id, method__iexact="GET").order_by("path", "tag")
    fitting = [(row.path.count("/"), len(row.path), row.tag) for row in rows[:LOOKED_AT] if _is_safe(row, place)]
    return [tag for _, _, tag in sorted(fitting)]


def try_connection(
    actor: Actor, where: tuple[str, str, str], *, action: str = "", wait_s: float = 5.0, idempotency_key: str = ""
) -> Tested:
    """Tests `where`: product, connection, environment. A key that was used gives the first test's run.

    Raises NotFound, Forbidden, Conflict, Invalid.
    """
    actor.need(Permission.RUN)
    place = find_place(actor, *where)
    actor.need_run_in(place.environment)
    safe = safe_actions(place)
    if action and action not in safe:
        raise Conflict("Only an action that reads and needs no input can test a connection.", code="not_safe")
    if safe:
        return _run(actor, where, action or safe[0], wait_s, idempotency_key)
    return _token(actor, place)


def _run(actor: Actor, where: tuple[str, str, str], action: str, wait_s: float, key: str) -> Tested:
    product, connection, environment = where
    runs.listen()
    request = runs.RunRequest(
        product, environment, connection, action, {}, key, retries=0, timeout_s=TIMEOUT_S, trigger="test"
    )
    started = runs.start_run(actor, request)
    runs.wait_for(started.run.pk, wait_s)
    return tested(Run.objects.get(pk=started.run.pk))


def tested(run: Run) -> Tested:
    """What a run of a test says so far."""
    action = run.target.partition(":")[2]
    if run.state not in ENDED_STATES:
        return Tested("running", run.reason or "Still running.", action, run.pk)
    if run.state == "completed":
        return Tested("ok", f"“{action}” answered.", action, run.pk)
    return Tested("failed", str((run.error or {}).get("message", "It failed.")), action, run.pk)


def _token(actor: Actor, place: ConnectionEnvironment) -> Tested:
    try:
        composed, vault = composed_place(actor, place)
        if not composed.needs_token:
            raise Conflict(CHOOSE, code="no_safe_action")
        at_once.fetch_token(composed, vault)
    except NoToken as error:
        _note(place, last_failure_at=timezone.now(), last_failure=error.message[:500])
        return Tested("failed", error.message)
    _note(place, last_success_at=timezone.now())
    return Tested("ok", "The token was given; no action was called.")


def _note(place: ConnectionEnvironment, **values: object) -> None:
    ConnectionEnvironment.objects.filter(pk=place.pk).update(**values)


def _is_safe(row: Action, place: ConnectionEnvironment) -> bool:
    spec = action_from_json(row.spec)
    if spec.deprecated or (spec.body is not None and spec.body.required) or "{" in spec.path.replace("{{", ""):
        return False
    if any(each.required and each.default is None for each in spec.parameters):
        return False
    try:
        return auth_for(spec, place) is not None or place.auth is None
    except Conflict:
        return False
