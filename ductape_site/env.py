"""Typed readers of the process environment that fail loudly; `NAME_FILE` names a file that holds the value."""

from __future__ import annotations

import os
from pathlib import Path


class SettingError(Exception):
    """A setting is missing or cannot be read; the message names it and says what is expected."""


def text(name: str, default: str | None = None) -> str:
    """The value of `name`, or the content of the file that `name_FILE` names. Raises SettingError if neither is set
    and there is no default."""
    file = os.environ.get(f"{name}_FILE")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingError(f"{name}_FILE: cannot read {file}: {error.strerror}") from error
    value = os.environ.get(name, default)
    if value is None:
        raise SettingError(f"{name} is not set")
    return value


def flag(name: str, *, default: bool) -> bool:
    """1/true/yes/on or 0/false/no/off. Raises SettingError for anything else."""
    value = text(name, "1" if default else "0").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise SettingError(f"{name}: {value!r} is not a yes or a no")


def number(name: str, default: int, *, least: int = 0, most: int = 10**9) -> int:
    """A whole number within bounds. Raises SettingError otherwise."""
    value = text(name, str(default))
    try:
        result = int(value)
    except ValueError:
        raise SettingError(f"{name}: {value!r} is not a whole number") from None
    if not least <= result <= most:
        raise SettingError(f"{name}: {result} is not between {least} and {most}")
    return result


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas, without blanks."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]
