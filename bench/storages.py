"""`python -m bench --only storages`: a large file stored and read back, beside the bare library in the same run."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psutil
from obstore.store import LocalStore, S3Store

from bench.figures import Figure, figure
from bench.processes import process
from bench.system import PeakMemory
from ductape_site.embedded import ports
from processors.connectors.resources import FileNote, ResourceCall, ResourcePlace
from processors.connectors.storage.connector import StorageConnector
from products.lib.addresses import AddressPolicy

PIECE = bytes(range(256)) * 4_096  # a megabyte
MEGABYTES = 200
BUCKET = "bench"


class Made:
    """Contents that are made and thrown away, so that only what carries them is measured (`Files`)."""

    def __init__(self, megabytes: int) -> None:
        self.megabytes = megabytes

    async def read(self, file_id: UUID) -> AsyncIterator[bytes]:
        """As many pieces."""
        for _ in range(self.megabytes):
            yield PIECE

    async def write(self, pieces: AsyncIterator[bytes], *, name: str, content_type: str, max_bytes: int) -> FileNote:
        """Counted."""
        size = 0
        async for piece in pieces:
            size += len(piece)
        return FileNote(uuid4(), size, hashlib.sha256().hexdigest())


@dataclass
class Taken:
    """Megabytes a second of each round, and how much more memory the process needed at its peak."""

    rates: list[float] = field(default_factory=list)
    more: list[float] = field(default_factory=list)

    async def time(self, work: Callable[[], Awaitable[object]], megabytes: int) -> None:
        """One round."""
        this = psutil.Process()
        before, peak = this.memory_info().rss / 1e6, PeakMemory(this)
        began = time.perf_counter()
        await work()
        self.rates.append(megabytes * len(PIECE) / 1e6 / (time.perf_counter() - began))
        self.more.append(max(0.0, peak.mb() - before))


def of_storages(*, quick: bool) -> list[Figure]:
    """Each provider that runs here, ours and the bare library turn by turn."""
    megabytes, rounds = (20, 1) if quick else (MEGABYTES, 3)
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="ductape-bench-") as folder:
        sys.stdout.write("storages, local disk …\n")
        bare: Any = LocalStore(Path(folder) / "bare", mkdir=True)
        found += asyncio.run(_of_one("local disk", {"folder": "files"}, bare, Path(folder), megabytes, rounds))
        with _s3() as port:
            sys.stdout.write("storages, S3 (moto) …\n")
            settings = {
                "bucket": BUCKET, "endpoint": f"http://127.0.0.1:{port}", "region": "us-east-1",
                "access_key_id": "bench", "secret_access_key": "bench",
            }  # fmt: skip
            bare = S3Store(config=settings, client_options={"allow_http": True})
            found += asyncio.run(_of_one("S3 (moto)", settings, bare, Path(folder), megabytes, rounds))
    return found


async def _of_one(
    name: str, settings: dict[str, Any], bare: Any, root: Path, megabytes: int, rounds: int
) -> list[Figure]:
    made = Made(megabytes)
    port = int(str(settings.get("endpoint", ":0")).rpartition(":")[2])
    policy = AddressPolicy.from_entries([f"127.0.0.1:{port}"] if port else [])
    connector = StorageConnector(policy, root, lambda link: link.key)
    provider = "s3" if port else "local"
    place = ResourcePlace(uuid4(), uuid4(), provider, settings, "1", "bench")

    async def call(operation: str, **data: Any) -> None:
        given = ResourceCall(place, operation, {}, {"key": "large.bin", **data}, files=made)
        await connector.call(given, deadline_s=600, max_bytes=1_000_000)

    async def read_bare() -> None:
        async for _ in (await bare.get_async("bare.bin")).stream(min_chunk_size=len(PIECE)):
            pass

    ways: dict[str, Callable[[], Awaitable[object]]] = {
        "stored": lambda: call("save", file=str(uuid4())),
        "bare library, stored": lambda: bare.put_async(
            "bare.bin", made.read(uuid4()), use_multipart=True, max_concurrency=3
        ),
        "read back": lambda: call("read", **{"as": "file"}),
        "bare library, read back": read_bare,
    }
    await call("check")
    taken = {way: Taken() for way in ways}
    for _ in range(rounds):
        for way, work in ways.items():
            await taken[way].time(work, megabytes)
    await connector.close()
    title = f"{megabytes} MB, {name}"
    return [
        made_figure
        for way, each in taken.items()
        for made_figure in (
            figure(f"{title}: {way}", "MB/s", each.rates),
            figure(f"{title}: {way}, memory more at the peak", "MB", each.more),
        )
    ]


@contextmanager
def _s3() -> Any:
    import boto3

    port = ports.choose(None)
    with process([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], port=port):
        boto3.client(
            "s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", aws_access_key_id="bench",
            aws_secret_access_key="bench",
        ).create_bucket(Bucket=BUCKET)  # fmt: skip
        yield port
