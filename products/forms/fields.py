"""Form fields that several pages share."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms

from products.models.base import TAG_MESSAGE, TAG_PATTERN


def name_field(label: str = "Name", *, length: int = 120, **options: Any) -> forms.CharField:
    """A short text that people read."""
    return forms.CharField(label=label, max_length=length, **options)


def tag_field(label: str = "Tag", *, follows: str = "id_name", **options: Any) -> forms.RegexField:
    """A tag that follows the name as one types."""
    attributes = {"class": "input-mono", "data-tag-from": follows, "autocapitalize": "off", "spellcheck": "false"}
    return forms.RegexField(
        TAG_PATTERN.replace("$", r"\Z"),
        label=label,
        max_length=63,
        error_messages={"invalid": TAG_MESSAGE},
        widget=forms.TextInput(attrs=attributes),
        **options,
    )


def lines_field(label: str, *, length: int, rows: int = 4, **options: Any) -> forms.CharField:
    """A longer text."""
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=length, required=False, widget=widget, **options)


def day_field(label: str, **options: Any) -> forms.DateField:
    """A day, picked."""
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"], **options)


def choices_field(label: str, choices: list[tuple[str, str]], **options: Any) -> forms.MultipleChoiceField:
    """Any number of boxes to tick."""
    widget = forms.CheckboxSelectMultiple
    return forms.MultipleChoiceField(label=label, choices=choices, required=False, widget=widget, **options)


def zone_of(user: object) -> str:
    """The person's time zone."""
    return str(getattr(user, "time_zone", "") or "UTC")


def last_day(moment: datetime | None, zone: str) -> date | None:
    """The day that ends at a moment: what `end_of` was made from."""
    return (moment - timedelta(microseconds=1)).astimezone(zoneinfo.ZoneInfo(zone)).date() if moment else None


def start_of(day: date | None, zone: str) -> datetime | None:
    """The first moment of a day where the person is."""
    return datetime.combine(day, time.min, zoneinfo.ZoneInfo(zone)) if day else None


def end_of(day: date | None, zone: str) -> datetime | None:
    """The first moment after a day where the person is."""
    return start_of(day + timedelta(days=1), zone) if day and day < date.max else None
