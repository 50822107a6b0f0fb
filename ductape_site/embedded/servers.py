"""Both embedded servers as one thing: their addresses, and the two of them running for as long as a block lasts."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ductape_site.embedded import ports
from ductape_site.embedded.accounts import server_account
from ductape_site.embedded.folder import DataFolder
from ductape_site.embedded.postgres import FAST, SAFE, Postgres, end_leftover_postgres
from ductape_site.embedded.valkey import Valkey, end_leftover_valkey

NOTE = "servers"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which embedded servers to run, and whether for real work or for tests."""

    postgres: bool = True
    valkey: bool = True
    for_tests: bool = False


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the embedded servers of a data folder answer."""

    database_url: str
    valkey_url: str

    def environment(self) -> Mapping[str, str]:
        """The settings these addresses stand for."""
        return {"DATABASE_URL": self.database_url, "VALKEY_URL": self.valkey_url, "CELERY_BROKER_URL": self.valkey_url}


def embedded_servers(folder: DataFolder, *, wanted: Wanted) -> tuple[Postgres, Valkey]:
    """The two servers of a folder, not started, with ports and passwords chosen once and remembered.

    Servers that an earlier start left behind are ended first, so that their ports are free again.
    """
    place = folder.servers_place()
    end_leftover_postgres(place)
    end_leftover_valkey(place)
    known = folder.note(NOTE)
    postgres_port = ports.choose(known.get("postgres_port"))
    record = {
        "postgres_port": postgres_port,
        "postgres_password": known.get("postgres_password") or secrets.token_urlsafe(24),
        "valkey_port": ports.choose(known.get("valkey_port"), avoid=frozenset({postgres_port})),
        "valkey_password": known.get("valkey_password") or secrets.token_urlsafe(24),
    }
    if record != known:
        folder.remember(NOTE, record)
    return _build(folder, place=place, record=record, wanted=wanted)


def _build(folder: DataFolder, *, place: Path, record: dict[str, int | str], wanted: Wanted) -> tuple[Postgres, Valkey]:
    account = server_account(place / "postgres")
    postgres = Postgres(
        place=place,
        port=int(record["postgres_port"]),
        password=str(record["postgres_password"]),
        log=folder.logs / "postgres.log",
        account=account,
        tuning=FAST if wanted.for_tests else SAFE,
    )
    valkey = Valkey(
        place=place,
        port=int(record["valkey_port"]),
        password=str(record["valkey_password"]),
        log=folder.logs / "valkey.log",
        account=account,
        keep=not wanted.for_tests,
        databases=2048 if wanted.for_tests else 16,
    )
    return postgres, valkey


def known_addresses(folder: DataFolder) -> Addresses | None:
    """Where the servers of a folder were last started; None when they never were."""
    record = folder.note(NOTE)
    if not {"postgres_port", "postgres_password", "valkey_port", "valkey_password"} <= record.keys():
        return None
    postgres, valkey = _build(folder, place=folder.root, record=record, wanted=Wanted())
    return Addresses(postgres.url(), valkey.url())


@contextmanager
def running(folder: DataFolder, *, wanted: Wanted) -> Iterator[Addresses]:
    """Run the wanted servers inside the block and stop them after it; the caller holds the folder."""
    previous = os.umask(0o077)
    try:
        postgres, valkey = embedded_servers(folder, wanted=wanted)
        try:
            if wanted.valkey:
                valkey.start()
            if wanted.postgres:
                postgres.start()
            os.umask(previous)
            yield Addresses(postgres.url(), valkey.url())
        finally:
            postgres.ask_to_stop()  # so that both write what they hold at the same time
            valkey.stop()
            postgres.stop()
    finally:
        os.umask(previous)
