"""A document on its way to becoming an app's parts."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from products.lib.redaction import Redactor
from products.models.apps import App
from products.models.base import Row
from products.models.keys import AccessKey
from products.models.workspaces import Workspace


class ImportState(models.TextChoices):
    """Where an import stands."""

    QUEUED = "queued", "Queued"
    READING = "reading", "Reading"
    READY = "ready", "Ready to apply"
    APPLYING = "applying", "Applying"
    APPLIED = "applied", "Applied"
    FAILED = "failed", "Failed"
    DISCARDED = "discarded", "Discarded"


class DocumentImport(Row):
    """One upload, paste or URL. With `app` it is a re-import: the difference waits to be applied.

    It is done with the rights of `created_by` or `key`: who sent it, and then who decided to apply it.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="imports")
    app = models.ForeignKey(App, null=True, blank=True, on_delete=models.CASCADE, related_name="imports")
    app_tag = models.CharField(max_length=63, blank=True)  # asked for, when a new app is to be made
    source = models.CharField(max_length=8)  # upload, paste, url
    filename = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=2000, blank=True)
    document = models.BinaryField(null=True, editable=False)
    apply_at_once = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict)  # format, title, counts, notices
    difference = models.JSONField(default=dict)  # added, changed, removed
    error = models.JSONField(null=True, blank=True)  # {"code", "message", "line", "column"}
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    key = models.ForeignKey(AccessKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["workspace", "-id"], name="import_newest")]

    def __str__(self) -> str:
        return self.filename or self.shown_address or "pasted document"

    @property
    def shown_address(self) -> str:
        """The address with what looks secret in its query masked."""
        return Redactor().url(self.url)
