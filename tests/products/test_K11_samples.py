"""K11: answers that people keep as samples of a published app never leave its workspace; its document's examples do."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from products.models import App
from products.services import marketplace, samples
from tests.people import Cast
from tests.products.test_K11_reimport import imported

pytestmark = pytest.mark.django_db
CANARY = "answer-canary-of-a-real-customer"
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Ledger", "version": "1"},
    "servers": [{"url": "https://api.ledger.example"}],
    "paths": {
        "/entries": {
            "get": {
                "operationId": "list",
                "responses": {
                    "200": {"description": "ok", "content": {"application/json": {"example": {"from": "document"}}}}
                },
            }
        }
    },
}


@pytest.fixture
def published(cast: Cast) -> App:
    """An app of `acme` on the marketplace, with an example of its document and an answer that Dev kept."""
    app = imported("acme", "ledger", json.dumps(DOCUMENT).encode())
    marketplace.publish_app(cast.as_(cast.adam), "ledger", category="finance")
    kept = {"name": CANARY, "headers": {"X-Customer": CANARY}, "body": {"customer": CANARY}}
    samples.save_sample(cast.as_(cast.dev), "ledger", "list", kept)
    return app


def client_of(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def test_K11_an_answer_kept_as_a_sample_is_not_seen_by_other_workspaces(cast: Cast, published: App) -> None:
    stranger = client_of(cast.charlie)
    rest = stranger.get(f"/api/v1/workspaces/elsewhere/marketplace/{published.pk}/actions/list/")
    page = stranger.get(f"/w/elsewhere/apps/{published.pk}/actions/list/")
    assert [row["body"] for row in rest.json()["samples"]] == [{"from": "document"}]
    assert "document" in page.content.decode()
    for answer in (rest, page):
        assert (answer.status_code, CANARY in answer.content.decode()) == (200, False)
    assert stranger.get(f"/w/elsewhere/apps/{published.pk}/export/").status_code == 404
    assert stranger.get("/api/v1/workspaces/elsewhere/apps/ledger/export/").status_code == 404


def test_K11_the_apps_own_workspace_sees_both_and_which_stays_at_home(cast: Cast, published: App) -> None:
    own = client_of(cast.vera)
    for path in ("apps/ledger", f"marketplace/{published.pk}"):
        found = own.get(f"/api/v1/workspaces/acme/{path}/actions/list/").json()["samples"]
        assert sorted(row["imported"] for row in found) == [False, True]
    page = own.get(f"/w/acme/apps/{published.pk}/actions/list/").content.decode()
    assert CANARY in page
    assert page.count("Only your workspace sees this") == 1
