"""The tenant, its members and the invitations to it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from products.models.base import Row, TagField


class Role(models.TextChoices):
    """What a member may do; `products.access` says what each role permits."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    DEVELOPER = "developer", "Developer"
    VIEWER = "viewer", "Viewer"


class Workspace(Row):
    """The tenant: nothing is visible across workspaces but published apps."""

    tag = TagField(unique=True)
    name = models.CharField(max_length=120)
    data_key = models.BinaryField(editable=False)  # wrapped by the master keys; seals this workspace's secrets
    # Since when nobody can get at it and its rows are being deleted; its tag is free by then.
    deleting_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(deleting_at__isnull=False), name="workspace_deleting")
        ]

    def __str__(self) -> str:
        return self.name


class Membership(Row):
    """A person in a workspace. Empty scopes mean: all products, all environments."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role)
    product_scope = models.JSONField(default=list, blank=True)  # product tags
    environment_scope = models.JSONField(default=list, blank=True)  # environment slugs, for all but looking

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="membership_unique")]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace}"


class MailState(models.TextChoices):
    """What became of a mail; that it was sent does not say that it came."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class Invitation(Row):
    """An address asked to join; the token is only in the mail and its link, here is its hash."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=12, choices=Role)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    mail_state = models.CharField(max_length=8, choices=MailState, default=MailState.WAITING)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "workspace",
                Lower("email"),
                condition=models.Q(accepted_at__isnull=True),
                name="invitation_open_unique",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.workspace}"
