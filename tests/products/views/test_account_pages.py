"""The pages of one's own account say what they mean in words, and offer only what works."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from products.ui.agents import browser_text
from tests.people import Cast

pytestmark = pytest.mark.django_db
PAGES = ("/profile/", "/account/email/", "/account/password/change/", "/account/2fa/", "/account/sessions/")


@pytest.fixture
def alice(cast: Cast) -> Client:
    made = Client()
    made.force_login(cast.alice)
    EmailAddress.objects.get_or_create(
        user=cast.alice, email=cast.alice.email, defaults={"verified": True, "primary": True}
    )
    return made


def shown(client: Client, way: str) -> str:
    answer = client.get(way)
    assert answer.status_code == 200, way
    return answer.content.decode()


def test_every_page_of_the_account_leads_to_every_other(alice: Client) -> None:
    for way in PAGES:
        page = shown(alice, way)
        assert page.count('aria-current="page"') == 1
        assert all(f'href="{other}"' in page for other in PAGES)


def test_X1_rules_of_a_password_are_sentences_not_markup(alice: Client) -> None:
    page = shown(alice, "/account/password/change/")
    assert "&lt;" not in page
    assert "at least 8 characters" in page


def test_the_only_address_has_no_button_that_would_be_refused(alice: Client, cast: Cast) -> None:
    assert "action_" not in shown(alice, "/account/email/").partition('name="action_add"')[0]
    EmailAddress.objects.create(user=cast.alice, email="second@acme.example", verified=False)
    page = shown(alice, "/account/email/")
    assert all(f'name="action_{name}"' in page for name in ("primary", "send", "remove"))


@pytest.mark.parametrize(
    ("said", "known_as"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile Safari/604.1", "Safari on iPhone"),
        ("<script>alert(1)</script>", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_device_has_the_name_people_know(said: str, known_as: str) -> None:
    assert browser_text(said) == known_as
