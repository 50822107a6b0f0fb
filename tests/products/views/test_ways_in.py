"""Ways in: the start page, the first workspace, an invitation with and without an account, the profile, the palette."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from products.models import App, Invitation, Membership, Role, User
from products.services.invitations import invite
from products.services.products import create_product
from tests import objects
from tests.contracts.routes import signed_in
from tests.people import Cast

pytestmark = pytest.mark.django_db
SIGN_UP = {"password1": "a long pass phrase 9", "password2": "a long pass phrase 9"}


@pytest.fixture
def link(cast: Cast) -> str:
    return invite(cast.as_(cast.alice), email="new@example.com", role=Role.DEVELOPER).link.removeprefix(
        "http://localhost:8000"
    )


def test_one_lands_in_the_workspace_one_was_in_last(cast: Cast) -> None:
    Membership.objects.create(workspace=cast.elsewhere, user=cast.alice, role=Role.VIEWER)
    client = signed_in(cast.alice)
    assert client.get("/").headers["Location"] == "/w/acme/"
    client.get("/w/elsewhere/products/")
    assert client.get("/").headers["Location"] == "/w/elsewhere/"
    Membership.objects.filter(user=cast.alice, workspace=cast.elsewhere).delete()
    assert client.get("/").headers["Location"] == "/w/acme/"


def test_somebody_without_a_workspace_makes_one(cast: Cast) -> None:
    client = signed_in(User.objects.create_user("lone@example.com", "x"))
    assert client.get("/").headers["Location"] == "/workspaces/new/"
    assert client.post("/workspaces/new/", {"name": "Mine", "tag": "acme"}).status_code == 422
    assert client.post("/workspaces/new/", {"name": "Mine", "tag": "mine"}).headers["Location"] == "/w/mine/"


def test_signing_up_by_invitation_makes_a_member_in_the_same_moment(cast: Cast, link: str) -> None:
    client = Client()
    assert "new@example.com" in client.get(link).content.decode()
    assert 'value="new@example.com"' in client.get("/account/signup/").content.decode()
    response = client.post("/account/signup/", {"email": "evil@example.com", **SIGN_UP})
    assert response.status_code == 302
    assert not User.objects.filter(email="evil@example.com").exists()
    membership = Membership.objects.get(user__email="new@example.com")
    assert (membership.workspace, membership.role) == (cast.workspace, Role.DEVELOPER)
    assert client.get("/").headers["Location"] == "/w/acme/"
    assert Client().get(link).status_code == 404


def test_A12_without_an_open_invitation_nobody_signs_up(cast: Cast, link: str) -> None:
    stranger = Client()
    assert "password1" not in stranger.get("/account/signup/").content.decode()
    late = Client()
    late.get(link)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    late.post("/account/signup/", {"email": "new@example.com", **SIGN_UP})
    stranger.post("/account/signup/", {"email": "new@example.com", **SIGN_UP})
    assert not User.objects.filter(email="new@example.com").exists()


def test_A12_somebody_else_who_is_signed_in_cannot_take_it(cast: Cast, link: str) -> None:
    client = signed_in(cast.charlie)
    assert client.get(link).status_code == 200
    assert client.post(link).status_code == 403
    assert not Membership.objects.filter(user=cast.charlie, workspace=cast.workspace).exists()


def test_somebody_with_an_account_joins_by_a_press(cast: Cast, link: str) -> None:
    client = signed_in(User.objects.create_user("New@example.com", "x"))
    assert client.post(link).headers["Location"] == "/w/acme/"
    assert client.post(link).status_code == 404


def test_the_link_is_shown_to_the_inviter_once(cast: Cast) -> None:
    client = signed_in(cast.adam)
    shown = client.post("/w/acme/team/invitations/", {"email": "other@example.com", "role": "viewer"})
    assert "http://localhost:8000/invitations/" in shown.content.decode()
    assert "/invitations/" not in client.get("/w/acme/team/").content.decode().replace("/team/invitations/", "")


def test_the_profile_takes_a_name_and_a_time_zone(cast: Cast) -> None:
    client = signed_in(cast.vera)
    assert client.post("/profile/", {"name": "Vera V.", "time_zone": "Europe/Paris"}).status_code == 302
    cast.vera.refresh_from_db()
    assert (cast.vera.name, cast.vera.time_zone) == ("Vera V.", "Europe/Paris")
    for wrong in ("Mars/Olympus", "../etc/passwd", ""):
        assert client.post("/profile/", {"name": "x", "time_zone": wrong}).status_code == 422


def test_A2_the_palette_finds_only_what_one_may_see(cast: Cast) -> None:
    one = create_product(cast.as_(cast.alice), name="Needle one")
    create_product(cast.as_(cast.alice), name="Needle two")
    create_product(cast.as_(cast.charlie), name="Needle three")
    App.objects.create(workspace=cast.elsewhere, tag="needle", name="Needle app", visibility="public")
    objects.connection(cast.workspace)
    Membership.objects.filter(user=cast.vera).update(product_scope=[one.tag])

    def titles(user: User, query: str) -> list[str]:
        return [item["title"] for item in signed_in(user).get("/w/acme/find/", {"q": query}).json()]

    assert titles(cast.alice, "needle") == ["Needle one", "Needle two"]
    assert titles(cast.vera, "needle") == ["Needle one"]
    assert "Audit log" in titles(cast.alice, "audit")
    assert titles(cast.vera, "audit") == []
    assert titles(cast.alice, "\x00%_'") == []
    assert "Payments" in titles(cast.alice, "pay-")


def test_the_palette_answers_at_most_twenty(cast: Cast) -> None:
    for number in range(30):
        create_product(cast.as_(cast.alice), name=f"Same {number}")
    found = signed_in(cast.alice).get("/w/acme/find/", {"q": "same"}).json()
    assert 0 < len(found) <= 20
    assert set(found[0]) == {"title", "hint", "url", "icon"}
