"""K11, S10: hosts of secrets and certificates of connections, through pages and REST."""

from __future__ import annotations

import pytest
from django.test import Client

from products.models import ConnectionEnvironment, Environment, Secret
from tests.people import Cast
from tests.products.things import COMPLETE, make_app, make_connection, make_product

pytestmark = pytest.mark.django_db
REST = "/api/v1/workspaces/acme"
PAGE = "/w/acme/p/shop/connections/pay/?env=dev"


@pytest.fixture
def alice(client: Client, cast: Cast) -> Client:
    client.force_login(cast.alice)
    return client


def test_K11_rest_keeps_and_shows_allowed_hosts(alice: Client) -> None:
    body = {"key": "TOKEN", "value": "canary-1234", "allowed_hosts": ["API.example.com", "*.example.org"]}
    made = alice.post(f"{REST}/secrets/", body, content_type="application/json")
    assert made.status_code == 201
    assert made.json()["allowed_hosts"] == ["api.example.com", "*.example.org"]
    wrong = alice.patch(f"{REST}/secrets/TOKEN/", {"allowed_hosts": ["no host"]}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/allowed_hosts")
    alice.patch(f"{REST}/secrets/TOKEN/", {"description": "words"}, content_type="application/json")
    assert Secret.objects.get().allowed_hosts == ["api.example.com", "*.example.org"]


def test_K11_the_page_of_a_secret_keeps_its_hosts_unless_they_are_changed(alice: Client) -> None:
    alice.post("/w/acme/secrets/new/", {"key": "TOKEN", "value": "v", "allowed_hosts": "a.example\r\nb.example"})
    assert Secret.objects.get().allowed_hosts == ["a.example", "b.example"]
    page = "/w/acme/secrets/of/TOKEN/"
    assert "a.example\nb.example" in alice.get(page).text
    alice.post(page, {"value": "•••", "description": "words"})  # a form that does not ask for hosts
    assert Secret.objects.get().allowed_hosts == ["a.example", "b.example"]
    answer = alice.post(page, {"value": "•••", "allowed_hosts": "http://x/y"})
    assert answer.status_code == 422
    assert "is not a host" in answer.text
    alice.post(page, {"value": "•••", "allowed_hosts": ""})
    assert Secret.objects.get().allowed_hosts == []


@pytest.fixture
def place(cast: Cast) -> ConnectionEnvironment:
    dev = cast.as_(cast.dev)
    product = make_product(dev)
    make_connection(dev, product, make_app(dev), dev={**COMPLETE, "app_environment": "live"})
    return ConnectionEnvironment.objects.get()


def test_S10_the_page_offers_any_certificate_and_says_so_and_not_where_it_is_red(
    alice: Client, place: ConnectionEnvironment
) -> None:
    assert "Accept any certificate" in alice.get(PAGE).text
    fields = {"dev-app_environment": "live", "dev-auth": "key", "dev-credentials:api_key": "•••"}
    fields |= {"dev-variables:region": "eu", "dev-variables:signing": "•••"}
    assert alice.post(PAGE, {**fields, "dev-any_certificate": "on"}).status_code == 302
    place.refresh_from_db()
    assert not place.verify_tls
    assert "Certificates are not verified here" in alice.get(PAGE).text
    assert alice.post(PAGE, fields).status_code == 302
    place.refresh_from_db()
    assert place.verify_tls
    Environment.objects.filter(slug="dev").update(colour="red")
    assert "Accept any certificate" not in alice.get(PAGE).text
    body = {"verify_tls": False}
    path = f"{REST}/products/shop/connections/pay/environments/dev/"
    answer = alice.patch(path, body, content_type="application/json")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/verify_tls")


def test_K11_the_page_says_where_values_may_go_and_where_they_would(
    alice: Client, place: ConnectionEnvironment
) -> None:
    assert "<code>https://api.example.com</code>" in alice.get(PAGE).text
    place.app_environment.base_url = "https://evil.example"
    place.app_environment.save()
    assert (
        "Calls lead to https://evil.example, but the secret values were given for other hosts" in alice.get(PAGE).text
    )
    shown = alice.get(f"{REST}/products/shop/connections/pay/").json()["environments"][0]
    assert shown["allowed_hosts"] == ["https://api.example.com"]
    assert [problem["code"] for problem in shown["problems"]] == ["host_not_allowed"]
    assert not shown["complete"]
