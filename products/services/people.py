"""A person's own facts: name and time zone."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping

from products.lib.errors import Invalid
from products.models import User
from products.services.validation import assign, name_text


def update_profile(user: User, values: Mapping[str, str]) -> User:
    """Another `name` or `time_zone` (an IANA name). Raises Invalid."""
    zone = values.get("time_zone", user.time_zone)
    if zone not in zoneinfo.available_timezones():
        raise Invalid.field("time_zone", "This is not a time zone; use a name such as Europe/Paris.")
    changes = assign(user, {"name": name_text(values.get("name", user.name)), "time_zone": zone}, ("name", "time_zone"))
    if changes:
        user.save(update_fields=[*changes, "updated_at"])
    return user
