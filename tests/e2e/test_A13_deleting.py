"""A13: a worker that is killed while it deletes leaves what is left to the next one."""

from __future__ import annotations

import pytest

from processors.models import LogLine, Run, RunInput, Step
from products.models import Product
from products.services.products import delete_product
from tests.e2e.harness import House, settled, start
from tests.patience import until
from tests.people import Cast
from tests.processors.scene import Scene
from tests.processors.test_A13_deleting import many

pytestmark = pytest.mark.e2e
pytest_plugins = ("tests.e2e.faults_scene",)
STORED = 20_000


def test_A13_a_worker_killed_while_it_deletes_leaves_the_rest_to_another(
    house: House, people: Cast, scene: Scene
) -> None:
    first = house.worker()
    many(settled([start(people, "echo", {"id": "1"})])[0], STORED)
    delete_product(people.as_(people.dev), "shop")
    until(lambda: Run.objects.count() < STORED, what="the first lots are gone")
    first.kill()
    left = Run.objects.count()
    assert 0 < left < STORED
    assert Product.objects.filter(pk=scene.product.pk).exists()
    house.worker()
    house.scheduler()
    until(lambda: not Product.objects.filter(pk=scene.product.pk).exists(), what="the product is gone")
    assert [model.__name__ for model in (Run, RunInput, Step, LogLine) if model._default_manager.exists()] == []
