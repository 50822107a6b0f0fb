"""Pages of releases: the matrix, what differs, making, deploying, rolling back."""

from __future__ import annotations

import pytest
from django.test import Client

from products.models import Environment, Feature, Membership, Release
from products.services.features import update_feature
from tests import app_objects, objects
from tests.contracts.routes import signed_in
from tests.people import Cast

pytestmark = pytest.mark.django_db
PAGE = "/w/acme/p/shop-acme/releases/"


@pytest.fixture
def row(cast: Cast) -> Feature:
    return app_objects.feature(cast.workspace)


@pytest.fixture
def dev(cast: Cast, row: Feature) -> Client:
    return signed_in(cast.dev)


def made(client: Client, note: str = "") -> Release:
    assert client.post(PAGE, {"note": note}).status_code == 302
    newest = Release.objects.order_by("-number").first()
    assert newest
    return newest


def runs(cast: Cast, slug: str) -> int | None:
    release = Environment.objects.get(product=objects.product(cast.workspace), slug=slug).release
    return release.number if release else None


def test_a_release_is_made_deployed_and_rolled_back(cast: Cast, dev: Client, row: Feature) -> None:
    made(dev, "The first")
    update_feature(cast.as_(cast.dev), row, description="Another")
    made(dev)
    for number in ("2", "1"):
        page = dev.get(f"{PAGE}deploy/dev/", {"release": number}).content.decode()
        assert ("Roll dev back" in page) is (number == "1")
        assert dev.post(f"{PAGE}deploy/dev/", {"release": number}).headers["Location"] == PAGE
        assert runs(cast, "dev") == int(number)
    shown = dev.get(PAGE).content.decode()
    assert "release 1, 1 behind" in shown
    assert "The first" in shown
    assert "the same as release 2" in shown
    dev.post(f"{PAGE}deploy/dev/", {"release": "draft"})
    assert runs(cast, "dev") is None


def test_the_draft_says_how_much_it_has_besides_and_what(cast: Cast, dev: Client, row: Feature) -> None:
    made(dev)
    update_feature(cast.as_(cast.dev), row, description="Another")
    assert "1 change</a> since release 1" in dev.get(PAGE).content.decode()
    changes = dev.get(f"{PAGE}difference/").content.decode()
    assert "&quot;Another&quot;" in changes
    same = dev.get(f"{PAGE}difference/", {"a": "1", "b": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert "Nothing differs" in same
    assert "<html" not in same


def test_what_an_environment_lacks_is_said_before_it_is_deployed(dev: Client) -> None:
    made(dev)
    page = dev.get(f"{PAGE}deploy/dev/", {"release": "1"}).content.decode()
    assert "lacks what this needs" in page
    assert "ledger-acme" in page


def test_nothing_new_is_no_release(dev: Client) -> None:
    made(dev)
    again = dev.post(PAGE, {"note": "kept"})
    assert again.status_code == 422
    assert "Nothing has changed since release 1" in again.content.decode()
    assert "kept" in again.content.decode()


def test_older_releases_are_a_page_further(cast: Cast, dev: Client, row: Feature) -> None:
    first = made(dev)
    Release.objects.bulk_create([
        Release(product=first.product, number=number, content={}, content_hash="x") for number in range(2, 40)
    ])  # fmt: skip
    assert "?before=10" in dev.get(PAGE).content.decode()
    older = dev.get(PAGE, {"before": "10"}).content.decode()
    assert ">9<" in older
    assert "Draft</th>" not in older


@pytest.mark.parametrize("number", ["0", "-1", "99", "x", "99999999999999", "\N{SUPERSCRIPT TWO}"])
def test_a_release_that_is_none_is_not_found(dev: Client, number: str) -> None:
    assert dev.get(f"{PAGE}deploy/dev/", {"release": number}).status_code == 404
    assert dev.get(f"{PAGE}difference/", {"a": number}).status_code == 404


def test_a_viewer_sees_what_runs_where_and_may_not_choose(cast: Cast, dev: Client) -> None:
    made(dev)
    vera = signed_in(cast.vera)
    shown = vera.get(PAGE).content.decode()
    assert "Runs here" in shown
    assert "Deploy" not in shown
    assert "Make a release" not in shown
    assert {vera.post(PAGE).status_code, vera.post(f"{PAGE}deploy/dev/", {"release": "1"}).status_code} == {403}
    assert signed_in(cast.charlie).get(PAGE).status_code == 404


def test_A1_a_developer_of_one_environment_deploys_to_no_other(cast: Cast, dev: Client) -> None:
    made(dev)
    Membership.objects.filter(user=cast.dev).update(environment_scope=["dev"])
    assert dev.post(f"{PAGE}deploy/dev/", {"release": "1"}).status_code == 302
    page = dev.get(f"{PAGE}deploy/prd/", {"release": "1"}).content.decode()
    assert "You may not choose what prd runs" in page
    assert dev.post(f"{PAGE}deploy/prd/", {"release": "1"}).status_code == 403
    assert runs(cast, "prd") is None
