"""A database for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.databases import DatabaseUnderTest
from tests.processors.connectors.sql.databases import database

PROVIDERS = (
    pytest.param("postgresql", marks=pytest.mark.services("postgres")),
    pytest.param("mysql", marks=pytest.mark.services("mysql")),
    "sqlite",
)


@pytest.fixture(params=PROVIDERS)
async def under(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[DatabaseUnderTest]:
    """The same test on each provider."""
    async with database(request.param, tmp_path) as made:
        yield made
