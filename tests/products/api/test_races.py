"""A11: however many come at once for the last place, exactly one gets it, whichever list it is."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections

from processors.models import Run
from tests import app_objects, objects, run_objects
from tests.contracts.routes import signed_in
from tests.people import Cast, make_cast

AT_ONCE = 100
THREADS = 25
PRODUCT, APP = "products/shop-acme/", "apps/ledger-acme/"
# Address, the limit and how many it leaves room for besides what is there, and a body for each number.
RACES: list[tuple[str, str, int, Any]] = [
    ("products/", "products.MAX_PRODUCTS", 1, lambda n: {"name": f"P {n}"}),
    (f"{PRODUCT}environments/", "environments.MAX_ENVIRONMENTS", 4, lambda n: {"name": f"E {n}", "slug": f"e{n}"}),
    (f"{PRODUCT}connections/", "connections.MAX_CONNECTIONS", 0, lambda n: {"app": "ledger-acme", "tag": f"c{n}"}),
    ("apps/", "apps.MAX_APPS", 1, lambda n: {"name": f"A {n}"}),
    (f"{APP}environments/", "app_environments.MAX_ENVIRONMENTS", 2, lambda n: {"name": f"E {n}"}),
    (f"{APP}auths/", "auths.MAX_AUTHS", 1, lambda n: {"name": f"A {n}", "kind": "bearer"}),
    (f"{APP}folders/", "folders.MAX_FOLDERS", 1, lambda n: {"path": f"F {n}"}),
    (f"{APP}variables/", "variables.MAX_KEYS", 2, lambda n: {"key": f"v{n}"}),
    (f"{APP}constants/", "variables.MAX_KEYS", 2, lambda n: {"key": f"c{n}", "value": "1"}),
    (f"{APP}actions/", "actions.MAX_ACTIONS", 1, lambda n: {"name": f"A {n}", "method": "GET", "path": "/a"}),
    (f"{APP}actions/list-acme/samples/", "samples.MAX_SAMPLES", 1, lambda n: {"name": f"S {n}"}),
    ("secrets/", "secrets.MAX_SECRETS", 0, lambda n: {"key": f"S{n}", "value": "v"}),
    ("keys/", "keys.MAX_KEYS", 0, lambda n: {"name": f"K {n}", "verbs": ["read"]}),
    ("invitations/", "invitations.MAX_OPEN", 0, lambda n: {"email": f"p{n}@example.com", "role": "viewer"}),
    ("imports/", "imports.MAX_WAITING", 0, lambda n: {"document": "{}", "app": f"a{n}"}),
]


def together(cast: Cast, path: str, bodies: list[dict[str, Any]]) -> list[Any]:
    """The answers to POSTs that are sent at once."""
    cache.clear()
    client = signed_in(cast.alice)

    def send(body: dict[str, Any]) -> Any:
        try:
            own = type(client)()
            own.cookies = client.cookies
            return own.post(f"/api/v1/workspaces/acme/{path}", body, content_type="application/json")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(send, bodies))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("path", "limit", "there", "body"), RACES, ids=[race[0] for race in RACES])
def test_A11_of_a_hundred_one_gets_the_last_place(
    monkeypatch: pytest.MonkeyPatch, path: str, limit: str, there: int, body: Any
) -> None:
    cast = make_cast()
    objects.product(cast.workspace)
    objects.environment(cast.workspace)
    app_objects.app(cast.workspace)
    module, name = limit.split(".")
    monkeypatch.setattr(import_module(f"products.services.{module}"), name, there + 1)
    statuses = Counter(answer.status_code for answer in together(cast, path, [body(n) for n in range(AT_ONCE)]))
    made = statuses[201] + statuses[202]
    assert (made, statuses[409] + statuses[429]) == (1, AT_ONCE - 1), statuses


@pytest.mark.django_db(transaction=True)
def test_A11_R9_of_a_hundred_starts_with_one_key_one_runs() -> None:
    cast = make_cast()
    first = run_objects.run(cast.workspace)
    body = {"product": "shop-acme", "environment": "qa-acme", "app": "ledger-acme", "action": "list-acme"}
    answers = together(cast, "processor/action/run", [{**body, "idempotency_key": "together"}] * AT_ONCE)
    statuses = Counter(answer.status_code for answer in answers)
    assert (statuses[202], statuses[200]) == (1, AT_ONCE - 1), statuses
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Run.objects.exclude(pk=first.pk).count() == 1
