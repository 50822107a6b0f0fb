"""A8, A9, A10, A12, A13: signing in and what ends it."""

from __future__ import annotations

import re
import threading
import time
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from processors.services import sweeping
from products.models import AuditEntry, Invitation, Membership, User
from products.services import ended_sessions
from products.services.first_start import first_start
from products.services.invitations import invite
from products.services.sign_in import prove_address
from tests import objects
from tests.contracts.routes import with_key
from tests.people import PASSWORD, Cast, make_cast

LOGIN = "/account/login/"


_HANDLER = Client().handler  # every new client would load all middleware again, and list all static files


def browser(**options: Any) -> Client:
    """A new one, quickly."""
    client = Client(**options)
    client.handler = _HANDLER
    return client


@pytest.fixture(autouse=True)
def nothing_counted_yet() -> None:
    """Tests share a Valkey, and an address."""
    cache.clear()


def sign_in(email: str, password: str = PASSWORD, client: Client | None = None, **where: Any) -> Client:
    client = client or browser()
    client.answer = client.post(LOGIN, {"login": email, "password": password}, **where)  # type: ignore[attr-defined]
    return client


def is_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def text_of(answer: Any) -> str:
    """The page without what differs by chance or by what was typed."""
    page = re.sub(r'(nonce|content|value)="[^"]*"|"X-CSRFToken":"[^"]*"', "", answer.content.decode())
    return re.sub(r"\s+", " ", page)


# Guessing ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_A10_tries_on_one_account_are_throttled_wherever_they_come_from(cast: Cast) -> None:
    statuses = []
    for number in range(60):
        address = f"10.0.0.{number + 1}"
        client = sign_in("alice@example.com", f"guess {number}", REMOTE_ADDR=address)
        statuses.append("too many" in client.answer.content.decode().lower())  # type: ignore[attr-defined]
    assert statuses[:5] == [False] * 5
    assert all(statuses[5:])
    assert not is_in(sign_in("alice@example.com", REMOTE_ADDR="10.9.9.9")), "not even with the right one, for now"
    assert is_in(sign_in("dev@example.com", REMOTE_ADDR="10.9.9.8")), "others are not touched"


@pytest.mark.django_db
def test_A10_tries_from_one_address_are_throttled_whatever_the_account(cast: Cast) -> None:
    answers = [sign_in(f"user{number}@example.com", "guess").answer for number in range(60)]  # type: ignore[attr-defined]
    refused = [a.status_code == 429 or "too many" in a.content.decode().lower() for a in answers]
    assert not any(refused[:10])
    assert all(refused[10:])
    assert answers[-1].status_code == 429
    assert is_in(sign_in("dev@example.com", REMOTE_ADDR="10.9.9.8"))


@pytest.mark.django_db
def test_A10_unknown_and_known_people_get_the_same_words(cast: Cast) -> None:
    known = sign_in("alice@example.com", "wrong").answer  # type: ignore[attr-defined]
    unknown = sign_in("nobody@example.com", "wrong").answer  # type: ignore[attr-defined]
    assert (known.status_code, text_of(known)) == (unknown.status_code, text_of(unknown))
    resets = [
        browser().post("/account/password/reset/", {"email": f"{who}@example.com"}) for who in ("alice", "nobody")
    ]
    assert [answer.status_code for answer in resets] == [302, 302]
    assert resets[0]["Location"] == resets[1]["Location"]


@pytest.mark.django_db
def test_A10_unknown_people_cost_as_many_hashes_as_known_ones(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    locked = User.objects.create_user("locked@example.com", PASSWORD, is_active=False)
    User.objects.create_user("invited@example.com", None)
    cast.alice.set_password(PASSWORD)
    cast.alice.save()
    hashed: list[int] = []
    real = PBKDF2PasswordHasher.encode

    def counted(self: Any, password: str, salt: str, iterations: int | None = None) -> str:
        hashed.append(1)
        return real(self, password, salt, iterations=1000)

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", counted)
    costs = {}
    for name in ("alice", "nobody", "locked", "invited"):
        hashed.clear()
        sign_in(f"{name}@example.com", "wrong")
        costs[name] = len(hashed)
    assert locked.pk
    assert set(costs.values()) == {1}, costs


@pytest.mark.django_db
def test_A10_the_admin_has_no_door_of_its_own(cast: Cast) -> None:
    root = User.objects.create_superuser("root@example.com", PASSWORD)
    staff = User.objects.create_user("staff@example.com", PASSWORD, is_staff=True)
    inside = browser()
    inside.force_login(staff)
    for client, password in ((browser(), "wrong"), (browser(), PASSWORD), (inside, PASSWORD)):
        answer = client.post("/admin/login/?next=/admin/", {"username": "root@example.com", "password": password})
        wanted = "/admin/" if client is inside else f"{LOGIN}?next=%2Fadmin%2F"
        assert (answer.status_code, answer["Location"]) == (302, wanted)
        assert client.session.get("_auth_user_id") == (str(staff.pk) if client is inside else None)
    prove_address(root)
    client = sign_in("root@example.com")
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/password_change/")["Location"] == "/account/password/change/"
    enrol(client)
    half_in = sign_in("root@example.com", REMOTE_ADDR="10.6.0.1")
    assert half_in.get("/admin/")["Location"].startswith("/admin/login/"), "the second factor is not given yet"
    half_in.post("/admin/login/?next=/admin/", {"username": "root@example.com", "password": PASSWORD})
    assert half_in.get("/admin/").status_code == 302
    assert sign_in("alice@example.com", REMOTE_ADDR="10.6.0.2").get("/admin/login/").status_code == 403


@pytest.mark.django_db
def test_A10_resets_are_throttled(cast: Cast) -> None:
    statuses = [
        browser()
        .post("/account/password/reset/", {"email": "alice@example.com"}, REMOTE_ADDR=f"10.0.0.{n}")
        .status_code
        for n in range(1, 40)
    ]
    assert statuses[:3] == [302] * 3
    assert len(mail.outbox) <= 3, "nobody's mailbox is flooded"
    many = [browser().post("/account/password/reset/", {"email": f"u{n}@example.com"}).status_code for n in range(20)]
    assert set(many[10:]) == {429}
    guesses = [browser().get(f"/account/password/reset/key/abc-{n}/").status_code for n in range(20)]
    assert guesses[-1] in {200, 429}


def guesses_since(began: float) -> int:
    """Thirty a minute, however many minutes have turned meanwhile."""
    return 30 * (2 + int((time.monotonic() - began) // 60))


@pytest.mark.django_db
def test_A10_guessing_invitations_and_access_keys_is_throttled(cast: Cast) -> None:
    began = time.monotonic()
    links = [browser().get(f"/invitations/guess-{n}/").status_code for n in range(60)]
    assert set(links[:30]) == {404}
    assert links.count(429) == 60 - links.count(404)
    assert links.count(404) <= guesses_since(began)
    client, began = browser(), time.monotonic()
    guesser = [
        client.get("/api/v1/me/", headers={"Authorization": f"Bearer duk_{n:08d}_{'x' * 43}"}) for n in range(1000)
    ]
    assert {one.status_code for one in guesser[:30]} == {401}
    refused = [one for one in guesser[30:] if one.status_code == 429]
    assert len(refused) >= 1000 - guesses_since(began)
    assert refused[-1].json()["code"] == "too_many"
    assert int(refused[-1]["Retry-After"]) <= 60
    assert with_key(objects.key(cast.workspace).text).get("/api/v1/me/").status_code == 200, "a good key still works"


@pytest.mark.django_db
def test_A10_nobody_guesses_uncounted_while_valkey_is_down(cast: Cast, settings: Any) -> None:
    inside = sign_in("alice@example.com")
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    client = browser(raise_request_exception=False)
    answer = client.post(LOGIN, {"login": "dev@example.com", "password": PASSWORD})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert not is_in(client)
    assert is_in(inside), "who is in stays in"


# Sessions ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_A9_signing_in_makes_a_new_session_and_ends_the_old(cast: Cast) -> None:
    client = browser()
    token = objects.invitation_token(cast.workspace)
    client.get(f"/invitations/{token}/")  # a session from before
    before = client.cookies["sessionid"].value
    sign_in("alice@example.com", client=client)
    after = client.cookies["sessionid"].value
    assert before != after
    thief = browser()
    thief.cookies["sessionid"] = before
    assert not is_in(thief)
    assert not Session.objects.filter(session_key=before).exists()


@pytest.mark.django_db
def test_A9_nobody_is_signed_in_by_another_site(cast: Cast) -> None:
    victim = Client(enforce_csrf_checks=True)
    victim.get(LOGIN)
    answer = victim.post(
        LOGIN, {"login": "charlie@example.com", "password": PASSWORD}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert not is_in(victim)


@pytest.mark.django_db
def test_A8_forged_edited_and_ended_sessions_are_nobodys(cast: Cast) -> None:
    client = sign_in("alice@example.com")
    good = client.cookies["sessionid"].value
    client.post("/account/logout/")
    for forged in (
        good,
        good[:-1] + "x",
        "x" * 32,
        "",
        "../../etc",
        f"{good}\x00",
        '"\\000"',
        "0",
        "eyJhbGciOiJub25lIn0.e30.",
    ):
        thief = browser()
        thief.cookies["sessionid"] = forged
        assert not is_in(thief), forged


@pytest.mark.django_db
def test_A8_forged_access_keys_open_nothing(cast: Cast) -> None:
    text = objects.key(cast.workspace, "read", "run", "write").text
    foreign = objects.key(cast.elsewhere, "read").text
    prefix, secret = text[:13], text[13:]
    forged = [
        text[:-1] + ("A" if text[-1] != "A" else "B"), text.upper(), text + "x", text[:-1], prefix + foreign[13:],
        foreign[:13] + secret, f"{text} ", f"{prefix}{'_' * 43}", "", "null",
        "eyJhbGciOiJub25lIn0.eyJhZG1pbiI6dHJ1ZX0.",
    ]  # fmt: skip
    for value in forged:
        cache.clear()
        answer = browser(headers={"Authorization": f"Bearer {value}"}).get("/api/v1/workspaces/acme/products/")
        assert answer.status_code == (200 if value.strip() == text else 401), value
    for scheme in ("Basic", "Token", "bearer:", "Digest"):
        headers = {"Authorization": f"{scheme} {text}"}
        assert browser(headers=headers).get("/api/v1/me/").status_code == 401, scheme
    assert browser().get(f"/api/v1/me/?access_key={text}").status_code == 401
    assert browser(headers={"Cookie": f"sessionid={text}"}).get("/api/v1/me/").status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["change", "reset"])
def test_A9_A13_a_new_password_ends_the_other_sessions(cast: Cast, way: str) -> None:
    mine, other = sign_in("alice@example.com"), sign_in("alice@example.com", REMOTE_ADDR="10.1.1.1")
    assert is_in(mine)
    assert is_in(other)
    key = other.cookies["sessionid"].value
    new = "a quite different phrase"
    if way == "change":
        mine.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
        assert is_in(mine), "the one who changed it stays"
    else:
        browser().post("/account/password/reset/", {"email": "alice@example.com"})
        link = next(word for word in mail.outbox[-1].body.split() if "/reset/key/" in word)
        somebody = browser()
        page = somebody.get(urlsplit(link).path)
        answer = somebody.post(page["Location"], {"password1": new, "password2": new})
        assert answer.status_code == 302, answer.content
        assert somebody.get(urlsplit(link).path).status_code == 200, "a link works once"
        assert not is_in(mine)
    assert not Session.objects.filter(session_key=key).exists(), "open sockets look here every few seconds"
    assert not is_in(other)
    assert is_in(sign_in("alice@example.com", new, REMOTE_ADDR="10.2.2.2"))


@pytest.mark.django_db
def test_A13_the_others_can_be_signed_out(cast: Cast) -> None:
    mine, other = sign_in("alice@example.com"), sign_in("alice@example.com", HTTP_USER_AGENT="Old phone")
    page = mine.get("/account/sessions/").content.decode()
    assert "Old phone" in page
    assert page.count("this one") == 1
    mine.post("/account/sessions/")
    assert is_in(mine)
    assert not is_in(other)
    assert UserSession.objects.filter(user=cast.alice).count() == 1


@pytest.mark.django_db
def test_A13_whoever_is_locked_out_is_out_at_once(cast: Cast) -> None:
    client = sign_in("dev@example.com")
    User.objects.filter(pk=cast.dev.pk).update(is_active=False)
    assert not is_in(client)
    assert client.get("/api/v1/me/").status_code == 401


def sign_in_elsewhere(email: str, ends: timedelta, began: timedelta = timedelta()) -> str:
    """The key of a session that ends so much later than now, and began so much earlier."""
    key = str(sign_in(email).session.session_key)
    Session.objects.filter(session_key=key).update(expire_date=timezone.now() + ends)
    UserSession.objects.filter(session_key=key).update(created_at=timezone.now() - began)
    return key


@pytest.mark.django_db
def test_A9_ended_sessions_are_forgotten_in_lots(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    minute, week = timedelta(minutes=1), timedelta(days=7)
    for _ in range(3):
        sign_in_elsewhere("dev@example.com", -minute)
    kept = {sign_in_elsewhere("vera@example.com", week, week), sign_in_elsewhere("vera@example.com", week)}
    for began in (week, timedelta()):  # signed out
        key = sign_in_elsewhere("adam@example.com", week, began)
        Session.objects.filter(session_key=key).delete()
    monkeypatch.setattr(ended_sessions, "LOT", 2)
    sweeping.tidy()
    assert Session.objects.filter(expire_date__lt=timezone.now()).count() == 1
    sweeping.tidy()
    assert set(Session.objects.values_list("session_key", flat=True)) == kept
    assert set(UserSession.objects.values_list("session_key", flat=True)) == kept | {key}


# Second factor -------------------------------------------------------------------------------------------------------


def enrol(client: Client, password: str = PASSWORD) -> tuple[str, list[str]]:
    """Sets a second factor up as a person does; its seed and the recovery codes."""
    asked = client.get("/account/2fa/totp/activate/")
    assert asked["Location"].startswith("/account/reauthenticate/"), "an unlocked screen is not enough"
    client.post(asked["Location"], {"password": password})
    given = client.get("/account/2fa/totp/activate/")
    assert given.status_code == 200, given.headers
    page = given.content.decode()
    seed = re.search(r"\b([A-Z2-7]{32})\b", page)
    assert seed, "the page shows the key to type"
    assert "data:image/svg" in page or "<svg" in page
    code = totp.format_hotp_value(totp.hotp_value(seed[1], next(totp.yield_hotp_counters_from_time())))
    answer = client.post("/account/2fa/totp/activate/", {"code": code})
    assert answer.status_code == 302, answer.content
    codes = client.get("/account/2fa/recovery-codes/").content.decode()
    return seed[1], list(dict.fromkeys(re.findall(r"(?<![\w-])\d{8}(?![\w-])", codes)))


@pytest.mark.django_db
def test_a_second_factor_is_set_up_asked_for_and_opened_by_a_recovery_code(cast: Cast) -> None:
    _, codes = enrol(sign_in("alice@example.com"))
    assert len(codes) == 10
    client = sign_in("alice@example.com")
    assert client.answer["Location"].startswith("/account/2fa/authenticate/")  # type: ignore[attr-defined]
    assert not is_in(client), "the password alone does not open it"
    assert client.get("/api/v1/me/").status_code == 401
    assert client.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert not is_in(client)
    client.post("/account/2fa/authenticate/", {"code": codes[0]})
    assert is_in(client)
    again = sign_in("alice@example.com", REMOTE_ADDR="10.3.3.3")
    again.post("/account/2fa/authenticate/", {"code": codes[0]}, REMOTE_ADDR="10.3.3.3")
    assert not is_in(again), "each recovery code opens once"


@pytest.mark.django_db
def test_A10_guessing_second_factors_is_throttled(cast: Cast) -> None:
    _, codes = enrol(sign_in("alice@example.com"))
    client = sign_in("alice@example.com")
    for number in range(20):
        where = {"REMOTE_ADDR": f"10.4.0.{number + 1}"}
        client.post("/account/2fa/authenticate/", {"code": f"{number:06d}"}, **where)
    client.post("/account/2fa/authenticate/", {"code": codes[0]}, REMOTE_ADDR="10.5.0.1")
    assert not is_in(client), "after so many not even a right one, for now"


@pytest.mark.django_db
def test_A10_a_lost_second_factor_is_taken_away_from_the_shell_alone(cast: Cast) -> None:
    client = sign_in("alice@example.com")
    enrol(client)
    said = StringIO()
    call_command("ductape_reset_second_factor", "Alice@example.com", stdout=said)
    assert "1 session" in said.getvalue()
    assert not Authenticator.objects.exists()
    assert not is_in(client)
    assert is_in(sign_in("alice@example.com")), "by the password"
    entry = AuditEntry.objects.get(verb="member.second_factor_reset")
    assert (entry.object_name, entry.workspace) == ("alice@example.com", cast.workspace)
    for email, why in (("alice@example.com", "has no second factor"), ("nobody@example.com", "Nobody signs in")):
        with pytest.raises(CommandError, match=why):
            call_command("ductape_reset_second_factor", email)


@pytest.mark.django_db
def test_K_seeds_of_second_factors_are_not_stored_in_clear(cast: Cast) -> None:
    seed, codes = enrol(sign_in("alice@example.com"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(data::text, ' ') FROM mfa_authenticator")
        stored = cursor.fetchone()[0]
    assert Authenticator.objects.count() == 2
    assert seed not in stored
    assert not [code for code in codes if code in stored]


@pytest.mark.django_db
def test_owners_and_invited_people_count_as_verified(cast: Cast) -> None:
    sent = invite(cast.as_(cast.alice), email="New@Example.com", role="viewer")
    client = browser()
    client.get(urlsplit(sent.link).path)
    client.post(reverse("account_signup"), {"password1": "long enough words", "password2": "long enough words"})
    person = User.objects.get(email__iexact="new@example.com")
    assert EmailAddress.objects.get(user=person).verified
    assert is_in(client)
    enrol(client, "long enough words")


@pytest.mark.django_db
def test_the_first_owner_counts_as_verified() -> None:
    first_start("owner@example.com", "correct horse battery", sample=None)
    assert EmailAddress.objects.get(email="owner@example.com").verified


# Once only -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_A12_an_invitation_used_by_many_at_once_works_once() -> None:
    cast = make_cast()
    sent = invite(cast.as_(cast.alice), email="new@example.com", role="developer")
    answers: list[int] = []

    def join() -> None:
        client = browser(raise_request_exception=False)
        client.get(urlsplit(sent.link).path)
        words = {"password1": "long enough words", "password2": "long enough words"}
        answers.append(client.post(reverse("account_signup"), words).status_code)

    in_parallel(*[join] * 8)
    assert Membership.objects.filter(user__email="new@example.com").count() == 1
    assert User.objects.filter(email="new@example.com").count() == 1
    assert not [status for status in answers if status >= 500], answers


@pytest.mark.django_db
def test_A12_an_invitation_ends_with_time_and_is_for_one_address(cast: Cast) -> None:
    sent = invite(cast.as_(cast.alice), email="new@example.com", role="developer")
    path = urlsplit(sent.link).path
    stranger = sign_in("charlie@example.com")
    assert stranger.post(path).status_code == 403
    assert not Membership.objects.filter(user=cast.charlie, workspace=cast.workspace).exists()
    Invitation.objects.filter(pk=sent.invitation.pk).update(expires_at=timezone.now())
    assert browser().get(path).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_A12_a_reset_link_used_by_many_at_once_works_once() -> None:
    make_cast()
    browser().post("/account/password/reset/", {"email": "alice@example.com"})
    link = urlsplit(next(word for word in mail.outbox[-1].body.split() if "/reset/key/" in word)).path
    answers: list[tuple[int, str]] = []
    browsers = [(client := browser(raise_request_exception=False), client.get(link)["Location"]) for _ in range(6)]

    def reset(number: int) -> None:
        client, form = browsers[number]
        word = f"another phrase number {number}"
        answer = client.post(form, {"password1": word, "password2": word})
        answers.append((answer.status_code if "/key/done/" in answer.get("Location", "") else 400, word))

    in_parallel(*[lambda n=n: reset(n) for n in range(6)])
    done = [word for status, word in answers if status == 302]
    assert len(done) == 1, answers
    assert User.objects.get(email="alice@example.com").check_password(done[0])


# Where one lands -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "evil",
    [
        "//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "///evil.example",
        "\\\\evil",
        "http:evil.example", "/%09/evil.example", "https:/evil.example", " //evil.example", "//testserver@evil.example",
        "https://testserver.evil.example", "data:text/html,x", "\t//evil.example", "/\t/evil.example",
    ],
)  # fmt: skip
def test_X6_nobody_is_sent_to_another_site(cast: Cast, evil: str) -> None:
    for path in (LOGIN, "/account/logout/", "/account/reauthenticate/", "/admin/login/"):
        client = browser()
        if path != LOGIN:
            client.force_login(cast.alice)
        answer = client.post(f"{path}?next={evil}", {"login": "alice@example.com", "password": PASSWORD, "next": evil})
        where = urlsplit(re.sub(r"[\t\r\n]", "", answer.get("Location", "").replace("\\", "/")))
        assert where.netloc in {"", "testserver"}, (path, answer["Location"])
        assert where.scheme in {"", "http"}, (path, answer["Location"])


@pytest.mark.django_db
def test_X6_ones_own_page_is_reached(cast: Cast) -> None:
    client = browser()
    asked = client.get("/w/acme/products/")
    answer = client.post(
        asked["Location"], {"login": "alice@example.com", "password": PASSWORD, "next": "/w/acme/products/"}
    )
    assert answer["Location"] == "/w/acme/products/"


def in_parallel(*acts: Any) -> None:
    def whole(act: Any) -> None:
        try:
            act()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=whole, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
