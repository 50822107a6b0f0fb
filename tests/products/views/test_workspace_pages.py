"""Pages of a workspace: what they show and do not show, errors beside fields, nothing typed is lost."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from products.models import AccessKey, Environment, Membership, Product, Secret, Workspace
from products.services import audit, vault
from products.services.keys import find_key
from products.services.products import create_product
from products.services.secrets import create_secret
from tests import objects
from tests.contracts.lists import assert_constant_queries
from tests.contracts.routes import signed_in
from tests.people import Cast

pytestmark = pytest.mark.django_db
PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "{{7*7}}{% debug %}",
    "javascript:alert(1)",
    "</title><svg onload=alert(1)>",
)


@pytest.fixture
def alice(cast: Cast) -> Client:
    return signed_in(cast.alice)


def page(client: Client, name: str, *args: str, **query: str) -> str:
    response = client.get(reverse(name, args=["acme", *args]), query)
    assert response.status_code == 200
    return response.content.decode()


def test_a_new_product_leads_to_its_overview(cast: Cast, alice: Client) -> None:
    response = alice.post("/w/acme/products/new/", {"name": "Web shop", "tag": "web-shop", "description": ""})
    assert response.headers["Location"] == "/w/acme/p/web-shop/"
    assert "Web shop" in page(alice, "products")
    found = alice.get("/w/acme/products/", {"q": "other"}, headers={"HX-Request": "true"}).content.decode()
    assert "Web shop" not in found
    assert "No product has this name or tag" in found


def test_a_refused_form_keeps_what_was_typed_and_says_why_beside_the_field(cast: Cast, alice: Client) -> None:
    objects.product(cast.workspace)
    response = alice.post("/w/acme/products/new/", {"name": "Kept", "tag": "shop-acme", "description": "also kept"})
    text = response.content.decode()
    assert response.status_code == 422
    assert 'value="Kept"' in text
    assert "also kept" in text
    assert "Another product has this tag." in text
    assert 'aria-invalid="true"' in text


def test_the_fragment_is_for_htmx_and_the_page_includes_it(alice: Client) -> None:
    whole, part = alice.get("/w/acme/products/"), alice.get("/w/acme/products/", headers={"HX-Request": "true"})
    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    assert "HX-Request" in part.headers["Vary"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_X1_names_are_text_on_every_page(cast: Cast, alice: Client, payload: str) -> None:
    actor = cast.as_(cast.alice)
    row = create_product(actor, name=payload, tag="evil", description=payload)
    create_secret(actor, key="EVIL", value="v", description=payload)
    Workspace.objects.filter(pk=cast.workspace.pk).update(name=payload)
    Environment.objects.filter(product=row, slug="dev").update(name=payload)
    cast.vera.name = payload
    cast.vera.save()
    AccessKey.objects.filter(pk=objects.key(cast.workspace).key.pk).update(name=payload)
    names = ["products", "team", "secrets", "keys", "audit", "settings", "product-new", "key-new"]
    pages = [page(alice, name) for name in names]
    pages += [page(alice, name, "evil") for name in ("product-settings", "environments")]
    pages.append(page(alice, "environment", "evil", "dev"))
    pages.append(page(alice, "secret", "EVIL"))
    for text in pages:
        for dangerous in ("<script>alert(1)", "<img src=x", "<svg onload", 'href="javascript:'):
            assert dangerous not in text
        assert "49" not in re.findall(r"<h1>(.*?)</h1>", text)


def test_K3_a_secrets_page_never_holds_its_value(cast: Cast, alice: Client) -> None:
    alice.post("/w/acme/secrets/new/", {"key": "TOKEN", "value": "canary-1f2e3d", "description": "d"})
    everything = page(alice, "secrets") + page(alice, "secret", "TOKEN") + page(alice, "audit")
    assert "canary" not in everything
    response = alice.post("/w/acme/secrets/new/", {"key": "TOKEN", "value": "canary-second", "description": ""})
    assert response.status_code == 422
    row = Secret.objects.get()
    alice.post("/w/acme/secrets/of/TOKEN/", {"value": "•••", "description": "changed"})
    alice.post("/w/acme/secrets/of/TOKEN/", {"value": "•••\r\n", "description": "changed"})
    row.refresh_from_db()
    assert row.description == "changed"
    assert vault.open_sealed(cast.workspace, row, "sealed", row.sealed) == "canary-1f2e3d"


def test_a_secrets_lines_arrive_as_they_were_pasted(cast: Cast, alice: Client) -> None:
    alice.post("/w/acme/secrets/new/", {"key": "PEM", "value": "-----BEGIN\r\nabc\r\n-----END\r\n", "description": ""})
    row = Secret.objects.get()
    assert vault.open_sealed(cast.workspace, row, "sealed", row.sealed) == "-----BEGIN\nabc\n-----END\n"


def test_an_expiry_stays_the_same_day_when_it_is_saved_again(cast: Cast, alice: Client) -> None:
    cast.alice.time_zone = "Pacific/Auckland"
    cast.alice.save()
    alice.post("/w/acme/secrets/new/", {"key": "TOKEN", "value": "v", "expires_on": "2099-12-31"})
    first = Secret.objects.get().expires_at
    assert first == datetime(2099, 12, 31, 11, tzinfo=UTC)
    assert 'value="2099-12-31"' in page(alice, "secret", "TOKEN")
    alice.post("/w/acme/secrets/of/TOKEN/", {"value": "•••", "expires_on": "2099-12-31"})
    assert Secret.objects.get().expires_at == first


def test_a_key_is_shown_in_one_answer_and_works(cast: Cast, alice: Client) -> None:
    response = alice.post("/w/acme/keys/new/", {"name": "CI", "verbs": ["read"], "life": "30"})
    text = re.search(r"duk_[a-z0-9]{8}_[\w-]{43}", response.content.decode())
    assert text is not None
    assert find_key(text[0]) == AccessKey.objects.get()
    assert "no-store" in response.headers["Cache-Control"]
    assert text[0] not in page(alice, "keys") + page(alice, "audit")
    alice.post(reverse("key-revoke", args=["acme", AccessKey.objects.get().pk]))
    assert "Revoked" in page(alice, "keys")


def test_a_typed_tag_is_needed_to_delete_a_product_or_workspace(cast: Cast, alice: Client) -> None:
    objects.product(cast.workspace)
    for url, word in (("/w/acme/p/shop-acme/delete/", "shop-acme"), ("/w/acme/delete/", "acme")):
        assert alice.post(url, {"confirm": "other"}).status_code == 400
        assert alice.post(url).status_code == 400
        assert alice.post(url, {"confirm": word}).status_code == 302
    assert list(Workspace.objects.filter(deleting_at=None).values_list("tag", flat=True)) == ["elsewhere"]


def test_environments_move_up_and_down(cast: Cast, alice: Client) -> None:
    objects.product(cast.workspace)
    alice.post("/w/acme/p/shop-acme/environments/dev/move/", {"to": "down"})
    alice.post("/w/acme/p/shop-acme/environments/prd/move/", {"to": "down"})
    slugs = Product.objects.get().environments.values_list("slug", flat=True)
    assert list(slugs) == ["stg", "dev", "prd"]


def test_a_viewer_sees_no_button_that_would_be_refused(cast: Cast) -> None:
    objects.product(cast.workspace)
    objects.secret(cast.workspace)
    vera = signed_in(cast.vera)
    pages = [page(vera, name) for name in ("products", "team", "secrets", "settings")]
    pages += [page(vera, name, "shop-acme") for name in ("product-settings", "environments")]
    pages.append(page(vera, "secret", "TOKEN_ACME"))
    for text in pages:
        main = text[text.index("<main") :]
        actions = set(re.findall(r'<form[^>]*method="post"[^>]*action="([^"]*)"', main))
        assert actions <= {"/w/acme/team/leave/"}, actions


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("products", lambda cast, n: create_product(cast.as_(cast.alice), name=f"P{n}")),
        ("secrets", lambda cast, n: create_secret(cast.as_(cast.alice), key=f"K{n}", value="v")),
        ("keys", lambda cast, n: objects.key(cast.workspace)),
        ("audit", lambda cast, n: audit.record(cast.as_(cast.alice), "x.y", cast.workspace)),
        ("team", lambda cast, n: Membership.objects.filter(user=cast.vera).update(role="viewer")),
    ],
)
def test_lists_ask_as_often_for_many_rows_as_for_one(cast: Cast, alice: Client, name: str, make: object) -> None:
    assert_constant_queries(alice, reverse(name, args=["acme"]), lambda number: make(cast, number))  # type: ignore[operator]
    assert_constant_queries(alice, f"/api/v1/workspaces/acme/{name}/".replace("team", "members"), lambda number: None)


def test_the_log_is_filtered_and_paged_by_key(cast: Cast, alice: Client) -> None:
    for number in range(120):
        audit.record(cast.as_(cast.alice), "thing.made", cast.workspace, name=f"number-{number:03}")
    audit.record(cast.as_(cast.adam), "thing.lost", cast.workspace, name="only")
    seen, cursor = [], ""
    for _ in range(3):
        text = page(alice, "audit", **({"cursor": cursor} if cursor else {}))
        seen += re.findall(r"number-\d{3}", re.sub(r'title="[^"]*"', "", text))
        cursor = (re.findall(r'rel="next" href="\?cursor=([^"]*)"', text) or [""])[0]
    assert sorted(set(seen), reverse=True) == seen == [f"number-{n:03}" for n in range(119, -1, -1)]
    assert "number-" not in page(alice, "audit", actor="adam")
    assert "only" in page(alice, "audit", verb="thing.lost")
    assert "No change matches" in page(alice, "audit", until="2000-01-01")
    for nonsense in ("x", "o", "o123", "n\x00"):
        page(alice, "audit", cursor=nonsense)


def test_the_exported_table_holds_no_formulas(cast: Cast, alice: Client) -> None:
    audit.record(cast.as_(cast.alice), "thing.made", cast.workspace, name='=HYPERLINK("http://evil","x")')
    response = alice.get("/w/acme/audit/export/", {"file": "csv"})
    assert "attachment" in response.headers["Content-Disposition"]
    assert "'=HYPERLINK" in response.content.decode()
    rows = alice.get("/api/v1/workspaces/acme/audit/export/", {"file": "json"}).json()
    names = {row["verb"]: row["object_name"] for row in rows}
    assert names["thing.made"].startswith("=HYPERLINK")
    assert set(names) == {"thing.made", "audit.exported"}  # that the log was taken away stands in it
