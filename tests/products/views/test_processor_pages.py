"""The page of processors lists those that work is done by, and pauses them."""

from __future__ import annotations

import pytest
from django.test import Client

from processors.models import Processor
from products.models import AuditEntry
from tests.people import Cast
from tests.products.things import make_product

pytestmark = pytest.mark.django_db
PAGE = "/w/acme/processors/"


@pytest.fixture
def adam(cast: Cast) -> Client:
    make_product(cast.as_(cast.alice))
    made = Client()
    made.force_login(cast.adam)
    return made


def test_the_processor_that_environments_name_is_there_before_anybody_touched_it(adam: Client) -> None:
    page = adam.get(PAGE).content.decode()
    assert "No processor" not in page
    assert f'action="{PAGE}default/pause/"' in page


def test_it_can_be_paused_and_resumed(adam: Client) -> None:
    assert adam.post(f"{PAGE}default/pause/").status_code == 302
    assert Processor.objects.get().paused_at is not None
    assert f'action="{PAGE}default/resume/"' in adam.get(PAGE).content.decode()
    assert adam.post(f"{PAGE}default/resume/").status_code == 302
    assert Processor.objects.get().paused_at is None
    assert AuditEntry.objects.filter(verb__startswith="processor.").count() == 2


def test_A2_what_no_environment_names_cannot_be_paused(adam: Client) -> None:
    assert adam.post(f"{PAGE}of-somebody-else/pause/").status_code == 404
    assert not Processor.objects.exists()
