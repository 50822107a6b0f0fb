"""What Django is told about the database, and the deadline that only requests have."""

from __future__ import annotations

from typing import Any

import pytest

from ductape_site import database, env


def test_a_line_that_died_is_noticed_and_none_is_taken_untried() -> None:
    found = database.described("postgresql://me:p%40ss@db.example:5433/duct%2Dape")
    options: dict[str, Any] = found["OPTIONS"]
    assert (found["USER"], found["PASSWORD"], found["HOST"]) == ("me", "p@ss", "db.example")
    assert (found["PORT"], found["NAME"], found["ENGINE"]) == ("5433", "duct-ape", "ductape_site.postgresql")
    assert options["keepalives_idle"] + options["keepalives_interval"] * options["keepalives_count"] < 30
    assert options["options"] == "-c jit=off", "no deadline for migrations, commands and workers"


@pytest.mark.parametrize("url", ["mysql://me@db/x", "postgresql://me@db", "postgresql://me@db/"])
def test_what_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(env.SettingError, match="DATABASE_URL"):
        database.described(url)
