"""The help: every page draws, leads where it says, and is open to people inside and outside."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from products.catalog.errors import ERRORS
from products.catalog.pages import HELP_PAGES
from products.catalog.search import find
from products.catalog.settings import SETTINGS

pytestmark = pytest.mark.django_db


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


@pytest.fixture
def vera(client: Client, cast: Any) -> Client:
    """A signed-in member."""
    client.force_login(cast.vera)
    return client


@pytest.mark.parametrize("slug", HELP_PAGES)
def test_every_page_draws_for_strangers(client: Client, slug: str) -> None:
    html = page(client, f"/help/{slug}/")
    assert f"<h1>{HELP_PAGES[slug].title}</h1>" in html
    assert "Sign in" in html


@pytest.mark.parametrize("slug", HELP_PAGES)
def test_every_page_draws_inside_the_dashboard(vera: Client, slug: str) -> None:
    html = page(vera, f"/help/{slug}/")
    assert 'id="side"' in html
    assert "Acme Corp" in html


def test_every_link_inside_the_help_leads_somewhere(client: Client) -> None:
    pages = {"/help/": page(client, "/help/")} | {
        f"/help/{slug}/": page(client, f"/help/{slug}/") for slug in HELP_PAGES
    }
    broken = []
    for html in pages.values():
        for path, _, anchor in re.findall(r'href="(/help/[^"#?]*)(#([^"]+))?"', html):
            if path not in pages or (anchor and f'id="{anchor}"' not in pages[path]):
                broken.append((path, anchor))
    assert broken == []


def test_no_page_has_an_anchor_twice(client: Client) -> None:
    for slug in HELP_PAGES:
        ids = re.findall(r' id="([^"]+)"', page(client, f"/help/{slug}/"))
        if slug != "runs":  # the same state of a run, a step and a try
            assert len(ids) == len(set(ids)), slug


def test_the_type_of_every_problem_leads_to_its_paragraph(client: Client) -> None:
    html = page(client, "/help/errors/")
    assert [code for code in ERRORS if f'id="{code}"' not in html] == []


def test_the_type_of_an_answered_problem_leads_to_its_paragraph(client: Client) -> None:
    problem = client.get("/api/v1/workspaces/").json()
    path, _, code = problem["type"].partition("#")
    assert f'id="{code}"' in page(client, path)


def test_every_setting_stands_on_its_page(client: Client) -> None:
    html = page(client, "/help/settings/")
    assert [name for name in SETTINGS if f'id="{name}"' not in html] == []


def test_an_unknown_page_is_not_found(client: Client) -> None:
    assert client.get("/help/nothing/").status_code == 404


def test_somebody_in_no_workspace_sees_the_help_from_outside(client: Client, django_user_model: Any) -> None:
    client.force_login(django_user_model.objects.create_user("nina@example.com", "correct horse battery staple"))
    assert 'id="side"' not in page(client, "/help/")


def test_the_search_finds_codes_settings_and_words_and_puts_names_first(client: Client) -> None:
    assert find("egress_allow")[0].name == "EGRESS_ALLOW"
    assert find("not_mapped")[0].anchor == "not_mapped"
    assert find("  ") == []
    assert find("no such words anywhere") == []
    assert "/help/settings/#EGRESS_ALLOW" in page(client, "/help/?q=egress")


def test_the_search_shows_what_was_typed_as_text(client: Client) -> None:
    assert "<script>alert" not in page(client, "/help/?q=<script>alert(1)</script>")


def test_roles_show_what_the_tables_say(client: Client) -> None:
    row = re.search(r'<tr id="manage_owners">.*?</tr>', page(client, "/help/roles/"), re.DOTALL)
    assert row is not None
    assert re.findall(r">(yes|no)<", row[0]) == ["yes", "no", "no", "no"]
