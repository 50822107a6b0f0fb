"""Large files go through in pieces: what a process needs does not grow with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.storage_servers import Server

ROOT = Path(__file__).resolve().parents[4]
MEGABYTES, MORE = 200, 100
CHILD = """
import asyncio, json, sys
from pathlib import Path
from uuid import UUID
import psutil
from bench.storages import Made
from bench.system import PeakMemory
from processors.connectors.storage.connector import StorageConnector
from products.lib.addresses import AddressPolicy
from tests.contracts.storages import Storage
provider, port, settings, root, megabytes = json.loads(sys.argv[1])
async def main():
    policy = AddressPolicy.from_entries([f"127.0.0.1:{port}"] if port else [])
    storage = Storage(StorageConnector(policy, Path(root), str), provider, settings, files=Made(megabytes))
    await storage.do("check")
    this = psutil.Process()
    before, peak = this.memory_info().rss, PeakMemory(this)
    saved = await storage.do("save", key="large.bin", file=str(UUID(int=1)), deadline_s=200)
    read = await storage.do("read", key="large.bin", deadline_s=200)
    await storage.connector.close()
    print(json.dumps([saved["size"], read["size"], sorted(read), peak.mb() - before / 1e6]))
asyncio.run(main())
"""


@pytest.mark.xdist_group("storages")
@pytest.mark.parametrize("server", ["local", "s3"], indirect=True)
def test_R22_two_hundred_megabytes_need_no_memory_of_their_own(server: Server, tmp_path: Path):
    given = json.dumps([server.provider, server.port, {**server.settings, "prefix": "mem"}, str(tmp_path), MEGABYTES])
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, given], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    saved, read, fields, more = json.loads(done.stdout)
    assert saved == read == MEGABYTES * 1_048_576
    assert "file" in fields
    assert more < MORE, f"{more:.0f} MB more"
