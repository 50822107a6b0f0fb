"""Members: nobody grants more than they have, owners are out of an admin's reach, the last owner stays."""

from __future__ import annotations

import pytest

from products import access
from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.models import AuditEntry, Invitation, Membership, Role, User
from products.services.invitations import invite, revoke_invitation
from products.services.keys import NewKey, create_key, find_key, revoke_key
from products.services.members import MemberChange, change_member, leave_workspace, remove_member
from tests import objects
from tests.contracts.routes import signed_in
from tests.people import Cast

pytestmark = pytest.mark.django_db


def row_of(cast: Cast, user: User) -> Membership:
    return Membership.objects.get(workspace=cast.workspace, user=user)


def test_an_admin_changes_roles_up_to_their_own(cast: Cast) -> None:
    adam = cast.as_(cast.adam)
    assert change_member(adam, row_of(cast, cast.vera).pk, MemberChange(role=Role.ADMIN)).role == Role.ADMIN
    with pytest.raises(Forbidden):
        change_member(adam, row_of(cast, cast.vera).pk, MemberChange(role=Role.OWNER))
    entry = AuditEntry.objects.get(verb="member.changed")
    assert entry.changes == {"role": ["viewer", "admin"]}
    assert entry.object_name == "vera@example.com"


def test_an_admin_cannot_touch_an_owner(cast: Cast) -> None:
    adam, alice = cast.as_(cast.adam), row_of(cast, cast.alice)
    with pytest.raises(Forbidden):
        change_member(adam, alice.pk, MemberChange(role=Role.VIEWER))
    with pytest.raises(Forbidden):
        remove_member(adam, alice.pk)


def test_A13_the_keys_of_somebody_who_leaves_end(cast: Cast) -> None:
    alice, adam = cast.as_(cast.alice), cast.as_(cast.adam)
    theirs = [create_key(adam, NewKey(f"Robot {number}")) for number in (1, 2)]
    other = create_key(alice, NewKey("Mine"))
    elsewhere = Membership.objects.create(workspace=cast.elsewhere, user=cast.adam, role=Role.ADMIN).workspace
    kept = create_key(access.member(cast.adam, elsewhere.tag), NewKey("Elsewhere"))
    answer = signed_in(cast.alice).post(f"/w/acme/team/{row_of(cast, cast.adam).pk}/remove/", follow=True)
    assert "2 access keys ended with the membership." in answer.content.decode()
    assert [find_key(key.text) for key in theirs] == [None, None]
    assert [find_key(key.text) is not None for key in (other, kept)] == [True, True]
    entries = AuditEntry.objects.filter(verb="key.revoked", actor="alice@example.com")
    assert sorted(entries.values_list("object_name", flat=True)) == ["Robot 1", "Robot 2"]
    with pytest.raises(Forbidden, match="not a member any more"):
        create_key(adam, NewKey("Too late"))


def test_A13_who_leaves_ends_their_own_keys(cast: Cast) -> None:
    key = create_key(cast.as_(cast.adam), NewKey("Robot"))
    assert leave_workspace(cast.as_(cast.adam)) == 1
    assert find_key(key.text) is None


def test_the_last_owner_stays(cast: Cast) -> None:
    alice = cast.as_(cast.alice)
    own = row_of(cast, cast.alice)
    for attempt in (
        lambda: change_member(alice, own.pk, MemberChange(role=Role.ADMIN)),
        lambda: remove_member(alice, own.pk),
        lambda: leave_workspace(alice),
    ):
        with pytest.raises(Conflict):
            attempt()
    change_member(alice, row_of(cast, cast.adam).pk, MemberChange(role=Role.OWNER))
    leave_workspace(alice)
    with pytest.raises(NotFound):
        cast.as_(cast.alice)


def test_a_narrowed_admin_grants_no_more_than_their_own(cast: Cast) -> None:
    product = objects.product(cast.workspace)
    alice = cast.as_(cast.alice)
    change_member(
        alice,
        row_of(cast, cast.adam).pk,
        MemberChange(product_scope=[product.tag], environment_scope=["dev"]),
    )
    adam, vera = cast.as_(cast.adam), row_of(cast, cast.vera)
    for wider in (MemberChange(role=Role.ADMIN), MemberChange(product_scope=[product.tag], environment_scope=["prd"])):
        with pytest.raises(Forbidden):
            change_member(adam, vera.pk, wider)
    with pytest.raises(Forbidden):
        invite(adam, email="new@example.com", role=Role.VIEWER)


def test_A6_a_narrowed_admin_ends_nothing_that_reaches_beyond_their_own(cast: Cast) -> None:
    product, alice = objects.product(cast.workspace), cast.as_(cast.alice)
    asked = objects.invitation(cast.workspace)
    wide, mine = (create_key(cast.as_(user), NewKey("Wide")).key for user in (cast.alice, cast.adam))
    scope = {"product_scope": [product.tag], "environment_scope": ["dev"]}
    narrow = create_key(alice, NewKey("Narrow", **scope)).key
    for user in (cast.adam, cast.dev):
        change_member(alice, row_of(cast, user).pk, MemberChange(**scope))
    adam, dev, vera = cast.as_(cast.adam), row_of(cast, cast.dev), row_of(cast, cast.vera)
    for act in (
        lambda: change_member(adam, vera.pk, MemberChange(**scope)),
        lambda: remove_member(adam, vera.pk),
        lambda: revoke_key(adam, wide.pk),
        lambda: revoke_invitation(adam, asked.pk),
    ):
        with pytest.raises(Forbidden, match="reaches beyond your own"):
            act()
    page = signed_in(cast.adam).get("/w/acme/team/").content.decode()
    assert (f"/team/{dev.pk}/" in page, f"/team/{vera.pk}/" in page) == (True, False)
    revoke_key(adam, narrow.pk)
    revoke_key(adam, mine.pk)
    change_member(adam, dev.pk, MemberChange(role=Role.VIEWER))
    remove_member(adam, dev.pk)


def test_A4_a_scope_names_only_what_is_in_the_workspace(cast: Cast) -> None:
    theirs = objects.product(cast.elsewhere)
    with pytest.raises(Invalid) as refused:
        change_member(cast.as_(cast.alice), row_of(cast, cast.dev).pk, MemberChange(product_scope=[theirs.tag]))
    assert refused.value.errors[0].pointer == "/product_scope/0"


def test_a_removed_member_is_a_stranger_and_their_invitations_end(cast: Cast) -> None:
    invite(cast.as_(cast.adam), email="friend@example.com", role=Role.ADMIN)
    remove_member(cast.as_(cast.alice), row_of(cast, cast.adam).pk)
    with pytest.raises(NotFound):
        access.member(cast.adam, "acme")
    assert not Invitation.objects.exists()


def test_A1_a_member_of_another_workspace_is_not_there(cast: Cast) -> None:
    charlie = Membership.objects.get(user=cast.charlie)
    with pytest.raises(NotFound):
        change_member(cast.as_(cast.alice), charlie.pk, MemberChange(role=Role.VIEWER))
    with pytest.raises(NotFound):
        remove_member(cast.as_(cast.alice), "no id")
