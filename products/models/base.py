"""What every model has: an id that sorts by time, and when it was made and changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.validators import RegexValidator
from django.db import models
from uuid_utils.compat import uuid7

TAG_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}$"
TAG_MESSAGE = "Use lower-case letters, digits, - and _, starting with a letter or digit, at most 63."


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): new rows sort after old ones."""
    return uuid7()


def least_id(moment: datetime) -> UUID:
    """The least UUIDv7 of a moment (RFC 9562, section 5.7: 48 bits of milliseconds come first)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


class Row(models.Model):
    """Base of every model of ours."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, db_index=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class TagField(models.CharField):  # type: ignore[type-arg]
    """A slug that names a thing within its parent; fixed after creation."""

    def __init__(self, *args: object, **options: object) -> None:
        options.setdefault("max_length", 63)
        options.setdefault("validators", [RegexValidator(TAG_PATTERN, TAG_MESSAGE)])
        super().__init__(*args, **options)  # type: ignore[arg-type]
