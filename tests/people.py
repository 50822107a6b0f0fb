"""The cast of every test: Alice owns, Dev develops, Vera views, Charlie owns another workspace and is a stranger."""

from __future__ import annotations

from dataclasses import dataclass

from products import access
from products.access import Actor
from products.models import Membership, Role, User, Workspace
from products.services import vault

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Cast:
    """The people and both workspaces."""

    workspace: Workspace
    alice: User
    adam: User
    dev: User
    vera: User
    elsewhere: Workspace
    charlie: User

    def as_(self, user: User) -> Actor:
        """The actor that this person is in their workspace."""
        return access.member(user, "elsewhere" if user == self.charlie else "acme")


def make_workspace(tag: str, name: str) -> Workspace:
    """A workspace with a data key of its own."""
    return Workspace.objects.create(tag=tag, name=name, data_key=vault.wrapped_data_key())


def make_person(email: str, workspace: Workspace, role: str) -> User:
    """A person with a role."""
    user = User.objects.create_user(email, PASSWORD, name=email.split("@")[0].capitalize())
    Membership.objects.create(workspace=workspace, user=user, role=role)
    return user


def make_cast() -> Cast:
    """Alice (owner), Adam (admin), Dev, Vera in `acme`; Charlie owns `elsewhere`."""
    acme, elsewhere = make_workspace("acme", "Acme Corp"), make_workspace("elsewhere", "Elsewhere")
    return Cast(
        workspace=acme,
        alice=make_person("alice@example.com", acme, Role.OWNER),
        adam=make_person("adam@example.com", acme, Role.ADMIN),
        dev=make_person("dev@example.com", acme, Role.DEVELOPER),
        vera=make_person("vera@example.com", acme, Role.VIEWER),
        elsewhere=elsewhere,
        charlie=make_person("charlie@example.com", elsewhere, Role.OWNER),
    )
