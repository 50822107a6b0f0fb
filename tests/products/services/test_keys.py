"""Access keys: found by their text and only while they are valid; they do no more than their maker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from products import access
from products.access import Permission
from products.lib.errors import Forbidden, Invalid, NotFound
from products.models import AccessKey, AuditEntry, Membership
from products.services.keys import NewKey, create_key, find_key, revoke_key
from tests import objects
from tests.people import Cast

pytestmark = pytest.mark.django_db


def test_the_text_finds_the_key_and_is_not_stored(cast: Cast) -> None:
    issued = create_key(cast.as_(cast.adam), NewKey(name="CI", verbs=["run", "read"]))
    assert issued.text.startswith(f"duk_{issued.key.prefix}_")
    assert len(issued.text) == len("duk_") + 8 + 1 + 43
    assert issued.key.verbs == ["read", "run"]
    assert find_key(issued.text) == issued.key
    stored = str(AccessKey.objects.values().get()) + str(AuditEntry.objects.values())
    assert issued.text[13:] not in stored


def test_A8_any_other_text_finds_nothing(cast: Cast) -> None:
    text = objects.key(cast.workspace).text
    last = "A" if text[-1] != "A" else "B"
    wrong = [
        "",
        "duk_",
        text[:-1],
        f"{text}A",
        text[:-1] + last,
        text.upper(),
        f" {text}",
        f"{text}\n",
        "\x00",
        "ü" * 56,
    ]
    assert [find_key(each) for each in wrong] == [None] * len(wrong)
    assert find_key(f"duk_aaaaaaaa_{text[13:]}") is None


def test_A8_revoked_and_expired_keys_find_nothing(cast: Cast) -> None:
    alice = cast.as_(cast.alice)
    revoked, expired = objects.key(cast.workspace), objects.key(cast.workspace)
    revoke_key(alice, revoked.key.pk)
    revoke_key(alice, revoked.key.pk)
    AccessKey.objects.filter(pk=expired.key.pk).update(expires_at=timezone.now())
    assert find_key(revoked.text) is None
    assert find_key(expired.text) is None
    assert AuditEntry.objects.filter(verb="key.revoked").count() == 1


def test_use_is_noted_at_most_once_a_minute(cast: Cast, django_assert_num_queries: object) -> None:
    issued = objects.key(cast.workspace)
    find_key(issued.text)
    first = AccessKey.objects.get().last_used_at
    with django_assert_num_queries(0):  # type: ignore[operator]  # the look itself goes past Django
        find_key(issued.text)
    assert first is not None
    assert AccessKey.objects.get().last_used_at == first
    AccessKey.objects.update(last_used_at=first - timedelta(minutes=2))
    find_key(issued.text)
    assert AccessKey.objects.get().last_used_at > first


def test_a_key_may_no_more_than_its_verbs_and_scopes(cast: Cast) -> None:
    product = objects.product(cast.workspace)
    new = NewKey(name="CI", verbs=["run"], product_scope=[product.tag], environment_scope=["dev"])
    key = create_key(cast.as_(cast.alice), new).key
    actor = access.client(key, "acme", now=timezone.now())
    assert actor.permissions == {Permission.VIEW, Permission.RUN}
    assert actor.may_run_in(product.environments.get(slug="dev"))
    assert not actor.may_run_in(product.environments.get(slug="prd"))
    with pytest.raises(NotFound):
        access.client(key, "elsewhere", now=timezone.now())


def test_only_admins_make_keys_and_none_beyond_their_scope(cast: Cast) -> None:
    product = objects.product(cast.workspace)
    Membership.objects.filter(user=cast.adam).update(product_scope=[product.tag])
    with pytest.raises(Forbidden):
        create_key(cast.as_(cast.adam), NewKey(name="all"))
    create_key(cast.as_(cast.adam), NewKey(name="mine", product_scope=[product.tag]))
    with pytest.raises(Forbidden):
        create_key(cast.as_(cast.dev), NewKey(name="x"))
    with pytest.raises(NotFound):
        revoke_key(cast.as_(cast.charlie), AccessKey.objects.get().pk)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", NewKey(name=" ")),
        ("verbs", NewKey(name="x", verbs=[])),
        ("verbs", NewKey(name="x", verbs=["read", "rule"])),
        ("product_scope/0", NewKey(name="x", product_scope=["shop-elsewhere"])),
        ("environment_scope/0", NewKey(name="x", environment_scope=["nowhere"])),
        ("expires_at", NewKey(name="x", expires_at=timezone.now() - timedelta(seconds=1))),
        ("expires_at", NewKey(name="x", expires_at=timezone.now() + timedelta(days=36_600))),
    ],
)
def test_A4_a_wrong_key_is_refused_by_field(cast: Cast, field: str, wrong: NewKey) -> None:
    objects.product(cast.elsewhere)
    with pytest.raises(Invalid) as refused:
        create_key(cast.as_(cast.alice), wrong)
    assert refused.value.errors[0].pointer == f"/{field}"
