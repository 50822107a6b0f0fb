"""K1: the search that follows every end-to-end test finds what is there to be found."""

from __future__ import annotations

import base64
import json
import os

import pytest
import redis
from django.apps import apps
from django.db import models

from processors.models import LogLine, Run
from products.models import Workspace
from products.services import idempotency, rotation
from products.services.resources import create_resource
from tests.e2e import canary
from tests.e2e.harness import House, settled, start
from tests.people import Cast
from tests.processors.scene import Scene
from tests.processors.sink import Reply, Sink
from tests.processors.test_K11_hosts import HEADER

pytestmark = pytest.mark.e2e
pytest_plugins = ("tests.e2e.faults_scene",)
SECRET = "canary/of the+search-4471"


LONG = f"{'words ' * 40}{SECRET}{' words' * 40}"


def columns() -> set[str]:
    """Of the software's own tables, those that hold bytes."""
    fields = [field for model in apps.get_models() for field in model._meta.get_fields()]
    return {f"{field.model._meta.db_table}.{field.column}" for field in fields if isinstance(field, models.BinaryField)}


def as_text(client: redis.Redis) -> None:
    """As the cache would: long enough to be compressed in a dump."""
    client.set("canary", LONG)


def as_list(client: redis.Redis) -> None:
    """As a queue would."""
    client.rpush("canary", "x", LONG)


def as_message(client: redis.Redis) -> None:
    """As Celery would: base64 inside JSON."""
    body = base64.b64encode(json.dumps([[SECRET], {}, {}]).encode()).decode()
    client.rpush("canary", json.dumps({"body": body, "content-encoding": "utf-8"}))


def test_K13_every_sealed_column_is_opened_by_the_search_or_named_as_none_of_its_own() -> None:
    searched = {f"{table}.sealed" for table in canary.SEALED}
    assert searched | canary.CONTENTS == columns()
    assert not searched & canary.CONTENTS
    rotated = {f"{column.model._meta.db_table}.{column.field}" for column in rotation.COLUMNS}
    assert rotated <= searched | {"products_documentimport.document"}


def test_K13_secrets_of_resources_and_remembered_keys_are_looked_for(house: House, people: Cast, scene: Scene) -> None:
    alice = people.as_(people.alice)
    settings = {"host": "db.example", "database": "shop", "user": "shop", "password": SECRET}
    config = {"provider": "postgresql", "settings": settings}
    create_resource(alice, scene.product.tag, "database", {"name": "Orders", "environments": {"dev": config}})
    key = f"duk_abcdefgh_{'k3v9-' * 8}end"
    attempt = idempotency.Attempt("somebody", "/keys/", "once", "cd" * 32)
    answer = idempotency.Answer(201, {}, {"text": key})
    idempotency.once(attempt, people.workspace, lambda: answer)
    house.search()
    for table, secret in (("products_resourcesecret", SECRET), ("products_rememberedanswer", key)):
        Workspace.objects.filter(pk=people.workspace.pk).update(name=f"see {secret}")
        with pytest.raises(AssertionError, match=rf"{table} .* in table products_workspace"):
            house.search()
        Workspace.objects.filter(pk=people.workspace.pk).update(name="Acme")


def test_K1_the_search_finds_a_secret_wherever_it_is_put(house: House, people: Cast, scene: Scene, sink: Sink) -> None:
    scene.authenticate(HEADER, k=SECRET)
    sink.answering = lambda call, number: Reply(500, {"you": call.headers})
    worker = house.worker()
    runs = settled([start(people, "echo", {"id": "1"})])
    assert json.loads(json.dumps(sink.calls[0].headers))["x-key"] == SECRET
    house.search()
    for form in canary.spellings(SECRET):
        Run.objects.filter(pk=runs[0].pk).update(reason=f"see {form}")
        with pytest.raises(AssertionError, match=r"products_connectionvalue .* in table processors_run"):
            house.search()
    Run.objects.update(reason="")
    with worker.log.open("a") as log:
        log.write(f"{SECRET[:14]}\n")
    with pytest.raises(AssertionError, match=r"in log worker0\.log"):
        house.search()
    worker.log.write_text("")
    with redis.Redis.from_url(os.environ["VALKEY_URL"]) as client:
        for put in (as_text, as_list, as_message):
            put(client)
            with pytest.raises(AssertionError, match="in Valkey b'canary'"):
                house.search()
            client.delete("canary")
    house.search()
    assert LogLine.objects.filter(run=runs[0]).exists()
