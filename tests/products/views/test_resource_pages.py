"""Pages of resources: lists, configuration by provider, errors beside fields, secrets masked, viewers without forms."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from products.lib.redaction import MASK
from products.models import Resource, ResourceConfig, ResourceSecret
from products.queries.find import find
from products.services.resources import configure, create_resource
from products.services.secrets import create_secret
from tests import objects, resource_objects
from tests.contracts.lists import assert_constant_queries
from tests.contracts.routes import signed_in
from tests.people import Cast

pytestmark = pytest.mark.django_db
S3 = {
    "provider": "s3",
    "settings:bucket": "receipts",
    "settings:access_key_id": "AKIA",
    "settings:secret_access_key": "canary-of-s3",
    "settings:virtual_hosted": "false",
    "settings:read_only": "false",
}


@pytest.fixture
def alice(cast: Cast) -> Client:
    objects.product(cast.workspace)
    return signed_in(cast.alice)


def url(name: str, *args: str) -> str:
    return reverse(name, args=["acme", "shop-acme", *args])


def storage(cast: Cast) -> Resource:
    return create_resource(cast.as_(cast.alice), "shop-acme", "storage", {"name": "Receipts", "tag": "receipts"})


def page_of(cast: Cast, client: Client, env: str = "dev") -> str:
    return client.get(url("resource", "storage", "receipts") + f"?env={env}").content.decode()


def test_a_new_resource_leads_to_its_configuration_and_is_counted_and_found(cast: Cast, alice: Client) -> None:
    answer = alice.post(url("resource-new", "cache"), {"name": "Rates", "tag": "rates", "shared:for": "10m"})
    assert answer.headers["Location"] == url("resource", "cache", "rates")
    assert Resource.objects.get(tag="rates").shared["for"] == "10m"
    text = alice.get(url("caches")).content.decode()
    assert re.search(r'Caches<span class="count">1</span>', text)
    assert [(one.kind, one.args) for one in find(cast.as_(cast.alice), "rates")] == [
        ("cache", ("shop-acme", "cache", "rates"))
    ]


def test_a_wrong_shared_field_stands_beside_its_field_and_nothing_typed_is_lost(alice: Client) -> None:
    answer = alice.post(url("resource-new", "cache"), {"name": "Kept", "tag": "rates", "shared:for": "soon"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert not Resource.objects.filter(tag="rates").exists()
    assert re.search(r'data-field="shared:for">(?:(?!data-field).)*field-error', text, re.DOTALL)
    assert 'value="Kept"' in text
    assert 'value="soon"' in text


def test_the_fields_are_those_of_the_chosen_provider(cast: Cast, alice: Client) -> None:
    storage(cast)
    drawn = alice.post(url("resource", "storage", "receipts") + "?env=dev&draft=1", {"provider": "azure"})
    text = drawn.content.decode()
    assert "<html" not in text
    assert 'name="settings:container"' in text
    assert 'name="settings:bucket"' not in text
    assert not ResourceConfig.objects.exists()


def test_K3_a_secret_setting_is_sealed_masked_and_kept_when_the_mask_comes_back(cast: Cast, alice: Client) -> None:
    storage(cast)
    here = url("resource", "storage", "receipts") + "?env=dev"
    assert alice.post(here, S3).status_code == 302
    text = page_of(cast, alice)
    assert "canary" not in text
    assert f'value="{MASK}"' in text
    before = bytes(ResourceSecret.objects.get().sealed)
    again = {**S3, "settings:secret_access_key": MASK, "settings:region": "eu-west-1"}
    assert alice.post(here, again).status_code == 302
    assert bytes(ResourceSecret.objects.get().sealed) == before
    assert ResourceConfig.objects.get().settings["region"] == "eu-west-1"


def test_what_is_missing_or_wrong_is_said_beside_its_field(cast: Cast, alice: Client) -> None:
    storage(cast)
    answer = alice.post(url("resource", "storage", "receipts") + "?env=dev", {
        **S3, "settings:bucket": "", "settings:max_bytes": "many", "settings:access_key_id": "$Secret{GONE}",
    })  # fmt: skip
    text = answer.content.decode()
    assert answer.status_code == 422
    for field, words in (("bucket", "is missing"), ("max_bytes", "whole number"), ("access_key_id", "no secret")):
        assert re.search(rf'data-field="settings:{field}">(?:(?!data-field).)*{words}', text, re.DOTALL), field
    assert "canary-of-s3" in text  # what was typed is not lost
    assert not ResourceConfig.objects.exists()


def test_a_default_that_nobody_set_is_not_written_down(cast: Cast, alice: Client) -> None:
    storage(cast)
    alice.post(url("resource", "storage", "receipts") + "?env=dev", S3)
    assert set(ResourceConfig.objects.get().settings) == {"bucket", "access_key_id"}


def test_a_viewer_sees_values_and_no_form(cast: Cast, alice: Client) -> None:
    row = storage(cast)
    configure(cast.as_(cast.alice), row, "dev", {"provider": "local", "settings": {"folder": "papers"}})
    text = page_of(cast, signed_in(cast.vera))
    assert "<code>papers</code>" in text
    assert 'name="provider"' not in text
    assert "Forget this environment" not in text


def test_an_environment_is_forgotten_and_the_resource_deleted(cast: Cast, alice: Client) -> None:
    row = storage(cast)
    configure(cast.as_(cast.alice), row, "dev", {"provider": "local", "settings": {"folder": "papers"}})
    assert alice.post(url("resource-forget", "storage", "receipts", "dev")).status_code == 302
    assert not ResourceConfig.objects.exists()
    assert alice.post(url("resource-delete", "storage", "receipts")).headers["Location"] == url("storages")
    assert not Resource.objects.exists()


def test_the_list_says_each_environment_s_state_and_pages_on(cast: Cast, alice: Client) -> None:
    actor = cast.as_(cast.alice)
    for number in range(53):
        create_resource(actor, "shop-acme", "cache", {"name": f"Cache {number:02}", "tag": f"c-{number:02}"})
    configure(actor, Resource.objects.get(tag="c-00"), "dev", {"provider": "builtin"})
    text = alice.get(url("caches")).content.decode()
    assert "Untested" in text
    assert "Not configured" in text
    assert "Cache 49" in text
    assert "Cache 50" not in text
    following = re.search(r'rel="next" href="([^"]+)"', text)
    assert following is not None
    rest = alice.get(url("caches") + following[1].replace("&amp;", "&")).content.decode()
    assert "Cache 52" in rest
    assert "Cache 49" not in rest
    assert "Nothing matches" in alice.get(url("caches") + "?q=zzz").content.decode()


def test_X1_names_and_settings_are_text(cast: Cast, alice: Client) -> None:
    payload = '"><img src=x onerror=alert(1)>'
    row = create_resource(cast.as_(cast.alice), "shop-acme", "storage", {"name": payload, "tag": "receipts"})
    configure(cast.as_(cast.alice), row, "dev", {"provider": "s3", "settings": {
        "bucket": payload, "access_key_id": "a", "secret_access_key": "b",
    }})  # fmt: skip
    for client in (alice, signed_in(cast.vera)):
        for text in (page_of(cast, client), client.get(url("storages")).content.decode()):
            assert "<img src=x" not in text


def test_the_list_costs_the_same_for_many(cast: Cast, alice: Client) -> None:
    actor = cast.as_(cast.alice)

    def more(number: int) -> None:
        create_resource(actor, "shop-acme", "cache", {
            "name": f"C{number}", "tag": f"c-{number}", "environments": {"dev": {"provider": "builtin"}},
        })  # fmt: skip

    assert_constant_queries(alice, url("caches"), more)


def test_secrets_of_the_workspace_are_offered_by_name(cast: Cast, alice: Client) -> None:
    storage(cast)
    create_secret(cast.as_(cast.alice), key="S3_KEY", value="canary", description="of the bucket")
    text = page_of(cast, alice)
    assert 'value="$Secret{S3_KEY}"' in text
    assert "canary" not in text


def test_a_resource_of_another_workspace_is_not_there(cast: Cast) -> None:
    resource_objects.everything(cast.workspace)
    stranger = signed_in(cast.charlie)
    assert stranger.get(url("resource", "storage", "files-acme")).status_code == 404
