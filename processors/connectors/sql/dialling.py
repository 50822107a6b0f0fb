"""Where a database's connections go: addresses that were checked, and the name that certificates are held against."""

from __future__ import annotations

from processors.connectors.resources import ResourcePlace
from products.lib.addresses import AddressPolicy
from products.lib.dialling import checked_host, checked_name, dial_addresses


class Dialler:
    """Raises OutboundError where a place may not be dialled."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy

    async def addresses(self, place: ResourcePlace) -> tuple[str, ...]:
        """To be connected to as they are. Names of databases and users that smuggle options are refused as well."""
        settings = place.settings
        checked_name(str(settings.get("database") or ""), what="database name")
        checked_name(str(settings.get("user") or ""), what="user name")
        return await dial_addresses(self._policy, str(settings.get("host") or ""), int(settings.get("port") or 0))

    def name(self, place: ResourcePlace) -> str:
        """The host's name as it was written. Raises HostRefused."""
        return checked_host(str(place.settings.get("host") or ""))
