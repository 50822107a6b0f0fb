"""Answers that are given again to who asks the same with the same `Idempotency-Key`."""

from __future__ import annotations

from django.db import models

from products.models.base import Row
from products.models.workspaces import Workspace


class RememberedAnswer(Row):
    """The answer to a POST. `digest` is of caller, address and key; the answer is sealed: it may hold an access key."""

    workspace = models.ForeignKey(Workspace, null=True, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    body_hash = models.CharField(max_length=64)
    sealed = models.BinaryField(editable=False)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest[:12]
