"""The marketplace: what any workspace has published."""

from __future__ import annotations

from typing import Any

from products.queries import marketplace as queries
from products.views.apps import AppsPage


class MarketplacePage(AppsPage):
    """`/w/<workspace>/marketplace/`"""

    section = "marketplace"
    public = True

    def rows(self, chosen: dict[str, str]) -> Any:
        """Published apps of all workspaces."""
        return queries.published_apps(self.actor, **chosen)
