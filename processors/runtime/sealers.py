"""The sealers of workspaces, for what lies in caches and for contents on their way."""

from __future__ import annotations

import time
from collections import OrderedDict
from uuid import UUID

from processors.runtime import resource_statements as statements
from processors.runtime.database import Pool, insist
from products.lib.sealing import Sealer, SealError
from products.models import Workspace
from products.services import vault

WORKSPACES = 500
KNOWN_S = 60.0


class Sealers:
    """The sealers of workspaces, for what lies in caches; looked up again now and then: data keys are replaced."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: OrderedDict[UUID, tuple[float, Sealer]] = OrderedDict()

    async def sealer(self, workspace_id: UUID) -> Sealer:
        """Raises SealError when the workspace is gone or no master key fits, psycopg.Error."""
        now = time.monotonic()
        known = self._known.get(workspace_id)
        if known is None or now - known[0] > KNOWN_S:
            rows = await insist(self._pool, statements.DATA_KEY, {"workspace": workspace_id})
            if not rows:
                raise SealError("The workspace is gone.")
            known = self._known[workspace_id] = (now, vault.sealer(Workspace(data_key=bytes(rows[0]["data_key"]))))
            if len(self._known) > WORKSPACES:
                self._known.popitem(last=False)
        return known[1]
