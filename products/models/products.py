"""Products and their environments."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from products.models.base import Row, TagField, new_id
from products.models.workspaces import Workspace


class Colour(models.TextChoices):
    """How an environment is marked everywhere: the tape, the switch."""

    GREY = "grey", "Grey"
    AMBER = "amber", "Amber"
    RED = "red", "Red"


class Product(Row):
    """One application that the team builds out of connected apps and its own resources."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="products")
    tag = TagField()
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=4000)
    deleting_at = models.DateTimeField(null=True, blank=True, editable=False)  # as of a workspace

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "tag"], name="product_tag_unique")]
        indexes = [models.Index(fields=["id"], condition=models.Q(deleting_at__isnull=False), name="product_deleting")]

    def __str__(self) -> str:
        return self.name


def new_folder() -> str:
    """What no environment before had, whatever its slug."""
    return new_id().hex


class StandingEnvironments(models.Manager["Environment"]):
    """Those that nobody has deleted: what anybody may find, count or put in order."""

    def get_queryset(self) -> models.QuerySet[Environment]:
        """Leaves out those whose rows are still to go."""
        return super().get_queryset().filter(deleting_at__isnull=True)


class Environment(Row):
    """`dev`, `stg`, `prd`, … of a product, and the processor that runs its work."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="environments")
    slug = TagField()
    name = models.CharField(max_length=120)
    colour = models.CharField(max_length=8, choices=Colour, default=Colour.GREY)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)
    processor_tag = TagField(default="default")
    # What it runs; without one it follows the draft.
    release = models.ForeignKey(
        "products.Release", null=True, blank=True, on_delete=models.RESTRICT, related_name="environments"
    )
    # How long runs are kept, in days, by how they ended.
    keep_completed_days = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(400)]
    )
    keep_failed_days = models.PositiveSmallIntegerField(
        default=90, validators=[MinValueValidator(1), MaxValueValidator(400)]
    )
    deleting_at = models.DateTimeField(null=True, blank=True, editable=False)  # as of a workspace
    # What the names of its resources' folders on this installation's disk end with; empty in rows from before, where
    # that was the slug.
    folder = models.CharField(max_length=63, blank=True, editable=False, default=new_folder, db_default="")

    objects = StandingEnvironments()
    whole = models.Manager["Environment"]()  # with those that are being deleted

    class Meta:
        ordering = ["position", "slug"]
        constraints = [models.UniqueConstraint(fields=["product", "slug"], name="environment_slug_unique")]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(deleting_at__isnull=False), name="environment_deleting")
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.slug}"
