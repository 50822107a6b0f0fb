"""Who changed what, and when; rows are only ever added.

Triggers of the database (migration 0003) refuse to change a row, and to delete one whose workspace stays.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.fields.json import KT

from products.models.base import new_id
from products.models.workspaces import Workspace


class AuditEntry(models.Model):
    """One change. Values of secrets are never in `changes`, only that they changed.

    That a secret or a connection's credentials were used is written once a day and place: `changes` says where.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="audit_entries")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    actor = models.CharField(max_length=254)  # the name as it was: e-mail, or "key <name>", or "system"
    verb = models.CharField(max_length=60)  # "secret.rotated", "product.created"
    object_type = models.CharField(max_length=60)
    object_id = models.UUIDField(null=True)
    object_name = models.CharField(max_length=300)
    changes = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="audit_newest"),
            models.Index(fields=["workspace", "object_id", "-id"], name="audit_of_object"),
        ]
        constraints = [
            models.UniqueConstraint(
                "object_id",
                KT("changes__place"),
                KT("changes__day"),
                condition=models.Q(verb__in=["secret.used", "credentials.used"]),
                name="audit_use_unique",
            )
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_name}"
