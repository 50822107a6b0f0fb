"""A small Google Cloud Storage for tests: its XML API as documented, with tokens and links that are checked.

The emulators one can install speak the JSON API; the storage library speaks this one: uploads in parts, listing,
copying, conditions on generations, self-signed tokens (RFC 7523, no token endpoint) and V4 signed URLs.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import time
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

PAGE = 1_000


class Stored:
    """One object."""

    numbers = itertools.count(1_700_000_000_000_000)

    def __init__(self, data: bytes, content_type: str) -> None:
        self.data, self.content_type = data, content_type
        self.generation = str(next(self.numbers))
        self.etag = hashlib.md5(data).hexdigest()
        self.modified = time.time()


class GoogleStorage(ThreadingHTTPServer):
    """Buckets in memory. `account` is a service account's key whose tokens it takes; `uploads` are not complete."""

    daemon_threads = True

    def __init__(self, bucket: str, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        super().__init__(address, Handler)
        self.buckets: dict[str, dict[str, Stored]] = {bucket: {}}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.types: dict[str, str] = {}
        self.asked: list[str] = []
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def account(self, **more: str) -> str:
        private = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return json.dumps({
            "type": "service_account", "project_id": "tests", "private_key_id": "k1", "private_key": private.decode(),
            "client_email": "tests@tests.iam.gserviceaccount.com", **more,
        })  # fmt: skip

    def verified(self, signature: bytes, text: bytes) -> bool:
        try:
            self.key.public_key().verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


class Handler(BaseHTTPRequestHandler):
    """Path-style requests of the XML API."""

    protocol_version = "HTTP/1.1"
    server: GoogleStorage

    def log_message(self, *_: object) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self.answer()

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

    def answer(self) -> None:
        parts = urlsplit(self.path)
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(f"{self.command} {self.path}")
        if not (self.link_holds(parts.path) if "X-Goog-Signature" in self.query else self.token_holds()):
            return self.error(401, "InvalidAuthentication")
        if bucket not in self.server.buckets:
            return self.error(404, "NoSuchBucket")
        self.objects = self.server.buckets[bucket]
        return getattr(self, f"on_{self.command.lower()}")(key)

    def on_get(self, key: str) -> None:
        if not key:
            return self.listed()
        found = self.objects.get(key)
        if found is None:
            return self.error(404, "NoSuchKey")
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        if asked is None or self.command == "HEAD":
            return self.reply(200, found.data, self.of(found))
        start, end, size = int(asked[1]), min(int(asked[2]) + 1, len(found.data)), len(found.data)
        if start >= size:
            return self.error(416, "InvalidRange")
        return self.reply(
            206, found.data[start:end], {**self.of(found), "Content-Range": f"bytes {start}-{end - 1}/{size}"}
        )

    on_head = on_get

    def on_put(self, key: str) -> None:
        if "uploadId" in self.query:
            self.server.uploads[self.query["uploadId"]][int(self.query["partNumber"])] = self.body
            return self.reply(200, b"", {"ETag": f'"{hashlib.md5(self.body).hexdigest()}"'})
        if self.headers.get("x-goog-if-generation-match") == "0" and key in self.objects:
            return self.error(412, "PreconditionFailed")
        source = self.headers.get("x-goog-copy-source")
        if source:
            return self.copied(unquote(source).lstrip("/").partition("/")[2], key)
        made = self.objects[key] = Stored(self.body, self.headers.get("Content-Type") or "")
        return self.reply(200, b"", self.of(made))

    def on_post(self, key: str) -> None:
        if "uploads" in self.query:
            upload = f"u{len(self.server.types)}"
            self.server.uploads[upload] = {}
            self.server.types[upload] = self.headers.get("Content-Type") or ""
            return self.xml(
                f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            )
        parts = self.server.uploads.pop(self.query["uploadId"])
        data = b"".join(parts[number] for number in sorted(parts))
        made = self.objects[key] = Stored(data, self.server.types[self.query["uploadId"]])
        return self.xml(
            f'<CompleteMultipartUploadResult><ETag>"{made.etag}"</ETag></CompleteMultipartUploadResult>', self.of(made)
        )

    def on_delete(self, key: str) -> None:
        if "uploadId" in self.query:
            self.server.uploads.pop(self.query["uploadId"], None)
        elif self.objects.pop(key, None) is None:
            return self.error(404, "NoSuchKey")
        return self.reply(204, b"")

    def copied(self, source: str, key: str) -> None:
        found = self.objects.get(source)
        if found is None:
            return self.error(404, "NoSuchKey")
        made = self.objects[key] = Stored(found.data, found.content_type)
        return self.xml(f'<CopyObjectResult><ETag>"{made.etag}"</ETag></CopyObjectResult>', self.of(made))

    def listed(self) -> None:
        begin = max(self.query.get("continuation-token", ""), self.query.get("start-after", ""))
        prefix, most = self.query.get("prefix", ""), int(self.query.get("max-keys", PAGE))
        keys = sorted(key for key in self.objects if key > begin and key.startswith(prefix))
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[key].data)}</Size>"
            f'<ETag>"{self.objects[key].etag}"</ETag><LastModified>'
            f"{datetime.fromtimestamp(self.objects[key].modified, UTC):%Y-%m-%dT%H:%M:%S.000Z}"
            "</LastModified></Contents>"
            for key in keys[:most]
        )
        more = f"<NextContinuationToken>{escape(keys[most - 1])}</NextContinuationToken>" if len(keys) > most else ""
        self.xml(f"<ListBucketResult>{items}{more}</ListBucketResult>")

    def token_holds(self) -> bool:
        """A JWT of the account's own, for storage."""
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        signed, _, signature = token.rpartition(".")
        if scheme != "Bearer" or not signature:
            return False
        padded = lambda text: base64.urlsafe_b64decode(text + "==")  # noqa: E731
        claims = json.loads(padded(signed.split(".")[1]))
        return claims["scope"].endswith(("/auth/cloud-platform", "/auth/devstorage.full_control")) and (
            claims["exp"] > time.time() and self.server.verified(padded(signature), signed.encode())
        )

    def link_holds(self, path: str) -> bool:
        """A V4 signed URL: the canonical request is built again of what came."""
        query = self.query
        began = datetime.strptime(query["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if time.time() > began.timestamp() + int(query["X-Goog-Expires"]):
            return False
        pairs = sorted((key, value) for key, value in query.items() if key != "X-Goog-Signature")
        wanted = "&".join(f"{quote(key, safe='~-._')}={quote(value, safe='~-._')}" for key, value in pairs)
        names = query["X-Goog-SignedHeaders"].split(";")
        headers = "".join(f"{name}:{self.headers[name].strip()}\n" for name in names)
        canonical = "\n".join([self.command, path, wanted, headers, ";".join(names), "UNSIGNED-PAYLOAD"])
        scope = query["X-Goog-Credential"].partition("/")[2]
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join([query["X-Goog-Algorithm"], query["X-Goog-Date"], scope, digest])
        return self.server.verified(bytes.fromhex(query["X-Goog-Signature"]), text.encode())

    def of(self, found: Stored) -> dict[str, str]:
        return {
            "ETag": f'"{found.etag}"', "x-goog-generation": found.generation,
            "Last-Modified": formatdate(found.modified, usegmt=True), "Content-Type": found.content_type,
        }  # fmt: skip

    def error(self, status: int, code: str) -> None:
        self.xml(f"<Error><Code>{code}</Code><Message>no</Message></Error>", status=status)

    def xml(self, text: str, headers: dict[str, str] | None = None, *, status: int = 200) -> None:
        kept = {**(headers or {}), "Content-Type": "application/xml"}
        self.reply(status, f"<?xml version='1.0' encoding='UTF-8'?>{text}".encode(), kept)

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
