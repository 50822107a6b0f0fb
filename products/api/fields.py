"""Fields of REST input that take a value only in its own JSON type: text is not made of numbers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers

from products.models.base import TAG_MESSAGE, TAG_PATTERN


class Text(serializers.CharField):
    """A JSON string; DRF's own field would take a number too."""

    def to_internal_value(self, data: Any) -> str:
        """Raises ValidationError for anything but a string."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """A JSON boolean; DRF's own field would take "yes" and 1 too."""

    def to_internal_value(self, data: Any) -> bool:
        """Raises ValidationError for anything but true or false."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return bool(data)


class Tag(serializers.RegexField):
    """A tag or slug."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 63)
        super().__init__(TAG_PATTERN.replace("$", r"\Z"), error_messages={"invalid": TAG_MESSAGE}, **options)

    def to_internal_value(self, data: Any) -> str:
        """Raises ValidationError for anything but a string."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Items(serializers.ListField):
    """A JSON list; one that is too long is refused before anybody looks at what is in it."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """Raises ValidationError for what is no list, too long, or wrong inside."""
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            raise serializers.ValidationError(f"This may have at most {self.max_length} items.", code="max_length")
        return list(super().to_internal_value(data))


class Tags(Items):
    """A list of tags, at most 100."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=Tag(), max_length=100, **options)


class Entries(serializers.DictField):
    """A JSON object of at most so many entries, counted before anybody looks at what is in them."""

    def __init__(self, *, most: int, **options: Any) -> None:
        self.most = most
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Raises ValidationError for what is no object, too large, or wrong inside."""
        if isinstance(data, dict) and len(data) > self.most:
            raise serializers.ValidationError(f"This may have at most {self.most} entries.", code="max_length")
        return dict(super().to_internal_value(data))


class Id(serializers.UUIDField):
    """An id as text, never a number."""

    def to_internal_value(self, data: Any) -> UUID:
        """Raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid", value=str(data)[:50])
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A JSON integer; DRF's own field would take "7", 7.0 and true too."""

    def to_internal_value(self, data: Any) -> int:
        """Raises ValidationError for anything but an integer."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class Number(serializers.FloatField):
    """A JSON number; DRF's own field would take "7" and true too."""

    def to_internal_value(self, data: Any) -> float:
        """Raises ValidationError for anything but a number."""
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return float(super().to_internal_value(data))
