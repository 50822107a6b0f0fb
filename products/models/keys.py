"""Access keys for REST clients: shown once, stored hashed."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from products.models.base import Row
from products.models.workspaces import Workspace


class KeyVerb(models.TextChoices):
    """What a key may do; `products.access` says what each verb permits."""

    READ = "read", "Read"
    RUN = "run", "Run"
    WRITE = "write", "Change products and apps"


class AccessKey(Row):
    """`duk_<prefix>_<secret>`: the prefix finds the row, the SHA-256 of the whole proves it. Empty scopes mean all."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="access_keys")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    verbs = models.JSONField(default=list)
    product_scope = models.JSONField(default=list, blank=True)
    environment_scope = models.JSONField(default=list, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name
