"""Contents too large for a run's input or output, kept in pieces while they are on their way."""

from __future__ import annotations

from django.db import models

from products.models import Product, ResourceConfig, Workspace, new_id

PIECE_BYTES = 1_000_000


class KeptFile(models.Model):
    """An uploaded content that a run is to take, or one that a run has read; gone after `expires_at`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    # Whose runs may take it, or whose run has read it; none for those from before this was written down.
    product = models.ForeignKey(Product, on_delete=models.CASCADE, null=True, default=None, related_name="+")
    name = models.CharField(max_length=300)
    content_type = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    is_whole = models.BooleanField(default=False)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["expires_at"], name="kept_file_expiry")]

    def __str__(self) -> str:
        return self.name


class FilePiece(models.Model):
    """A megabyte of it, or what is left, sealed; `start` says where in the content it begins."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    file = models.ForeignKey(KeptFile, on_delete=models.CASCADE, related_name="pieces")
    start = models.BigIntegerField()
    sealed = models.BinaryField(editable=False)

    class Meta:
        ordering = ["start"]
        constraints = [models.UniqueConstraint(fields=["file", "start"], name="file_piece_start")]

    def __str__(self) -> str:
        return f"{self.file_id} {self.start}"


class StoredFile(models.Model):
    """Who stored a file of a storage last, as far as it went through here; stays when the run that did is forgotten."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    config = models.ForeignKey(ResourceConfig, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=1_024)
    at = models.DateTimeField()
    run_id = models.UUIDField()
    kind = models.CharField(max_length=20)  # of the run: storage, feature
    target = models.CharField(max_length=130)
    step = models.CharField(max_length=130, blank=True)  # of a feature
    trigger = models.CharField(max_length=20)
    by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["config", "key"], name="stored_file_unique")]
        indexes = [models.Index(fields=["at"], name="stored_file_age")]

    def __str__(self) -> str:
        return self.key
