"""Storages: S3-compatible, Google Cloud Storage, Azure Blob, local disk."""

from __future__ import annotations

from typing import Final

from products.catalog.resources.shapes import Operation, Provider, ResourceKind, Setting
from products.lib.actions import Parameter

_PREFIX: Final = Setting("prefix", "Folder", help="Everything lies below it.", maximum=500, placeholder="receipts/")
_CERTIFICATES: Final = Setting(
    "ca_certificate", "CA certificate", "text", "PEM; where the endpoint's certificate is of an authority of your own.",
    maximum=20_000,
)  # fmt: skip
_LIMITS: Final = (
    Setting(
        "max_bytes", "Size limit", "integer", "Bytes that one file may have.",
        default=1_000_000_000, minimum=1, maximum=100_000_000_000,
    ),
    Setting("read_only", "Read-only", "boolean", "Nothing in this environment may change its files.", default=False),
)  # fmt: skip


def _field(name: str, type: str, description: str, *, required: bool = False, default: object = None) -> Parameter:
    return Parameter(name, "query", type, required=required, description=description, default=default)


_KEY: Final = _field("key", "string", "Path and name of the file.", required=True)

STORAGE: Final = ResourceKind(
    "storage",
    "Storage",
    "storages",
    "folder",
    "storage",
    "Files in S3, Google Cloud Storage, Azure Blob or on this installation's disk.",
    (
        "Files have a key: a path with a name, as `2026/11/receipt.pdf`. Saving under a key that is taken replaces "
        "the file.",
        "Contents of up to 64 KiB are read into a run; larger ones become a file of the run, which another step can "
        "save, and go through in pieces without ever being in memory as a whole.",
        "A file of any size can be downloaded from its page, by a signed URL, and over REST at "
        "`/products/{product}/resources/storage/{resource}/environments/{environment}/content/?key=`, also in ranges, "
        "so that what broke off is gone on with. A file that is replaced meanwhile breaks the download off.",
        "A key has no empty parts, no part that ends with a dot, no backslashes and no control characters, and at most "
        "1024 bytes: so it is the same file whatever the storage is kept in.",
    ),
    (
        Provider(
            "s3", "S3", "bucket", "Amazon S3, MinIO, and whatever else speaks its protocol.",
            (
                Setting("bucket", "Bucket", required=True, minimum=3, maximum=63),
                Setting("region", "Region", default="us-east-1", maximum=40),
                Setting("endpoint", "Endpoint", help="Where it is not Amazon's.", maximum=500,
                        placeholder="https://minio.example.com"),
                Setting("access_key_id", "Access key id", required=True, maximum=200),
                Setting("secret_access_key", "Secret access key", required=True, secret=True, maximum=500),
                Setting("session_token", "Session token", secret=True, maximum=4_000),
                Setting("virtual_hosted", "Bucket in the host name", "boolean", default=False),
                _PREFIX,
                _CERTIFICATES,
            ),
        ),
        Provider(
            "gcs", "Google Cloud Storage", "brand-google", "A bucket of Google Cloud.",
            (
                Setting("bucket", "Bucket", required=True, minimum=3, maximum=222),
                Setting("service_account_key", "Service account key", "text", "The JSON file's content.",
                        required=True, secret=True, maximum=20_000),
                Setting("endpoint", "Endpoint", help="Where it is not Google's.", maximum=500),
                _PREFIX,
                _CERTIFICATES,
            ),
        ),
        Provider(
            "azure", "Azure Blob", "brand-azure", "A container of an Azure storage account.",
            (
                Setting("account", "Account", required=True, minimum=3, maximum=24),
                Setting("container", "Container", required=True, minimum=3, maximum=63),
                Setting("access_key", "Access key", required=True, secret=True, maximum=500),
                Setting("endpoint", "Endpoint", help="Where it is not Azure's.", maximum=500),
                _PREFIX,
                _CERTIFICATES,
            ),
        ),
        Provider(
            "local", "Local disk", "device-floppy", "A folder in this installation's data folder.",
            (Setting("folder", "Folder name", required=True, default="files", maximum=63),),
        ),
    ),
    (
        Operation(
            "save", "Save", "Keeps a file.", "changes",
            (
                _KEY,
                _field("content", "string", "The content as text."),
                _field("base64", "string", "Or as Base64."),
                _field("json", "object", "Or as an object that is kept as JSON."),
                _field("file", "uuid", "Or the id of an uploaded file."),
                _field("content_type", "string", "Media type; by the name's ending without it."),
                _field("if_absent", "boolean", "Fails where the key is taken. Of files above 16 MiB, two that are "
                       "saved at the same moment may both pass.", default=False),
            ),
            "`key`, `size`, `content_type`, `etag`.",
        ),
        Operation(
            "read", "Read", "Gives a file.", "reads",
            (
                _KEY,
                _field("as", "string", "text, json, base64 or file. Without it: JSON and text of up to 64 KiB as they "
                       "are, other contents as Base64, larger ones as a file."),
            ),
            "`key`, `size`, `content_type`, `modified_at`, and `content`, `json`, `base64` or `file`.",
        ),
        Operation(
            "list", "List", "Files below a folder.", "reads",
            (
                _field("prefix", "string", "The folder.", default=""),
                _field("limit", "number", "Files and folders at most, up to 1000.", default=100),
                _field("after", "string", "The key, or the folder, to go on after: `next` of the page before."),
                _field("deep", "boolean", "Also those in folders below.", default=False),
            ),
            "`files` with `key`, `size`, `modified_at`; `folders`, with “/” at their ends; `next`, null at the end.",
        ),
        Operation("stat", "Look at a file", "What a file is at this moment.", "reads", (_KEY,),
                  "`key`, `size`, `modified_at` and `version`.", inner=True),
        Operation(
            "part", "Read a part", "Some bytes of a file, for a download that goes on while it is fetched.", "reads",
            (
                _KEY,
                _field("start", "number", "The first byte.", default=0),
                _field("length", "number", "How many bytes.", required=True),
                _field("version", "string", "Of the file that was looked at.", required=True),
            ),
            "`key` and `file`.", inner=True,
        ),
        Operation("delete", "Delete", "Removes a file.", "changes", (_KEY,), "`key`, and whether it `existed`."),
        Operation("copy", "Copy", "Copies a file.", "changes",
                  (_KEY, _field("to", "string", "The new key.", required=True)), "`key` and `to`."),
        Operation(
            "sign", "Sign", "A URL by which anybody can fetch, or put, the file for a while.", "reads",
            (
                _KEY,
                _field("seconds", "number", "How long it holds; at most a week.", default=3_600),
                _field("method", "string", "GET or PUT", default="GET"),
            ),
            "`url`, and when it `expires_at`.",
        ),
        Operation("check", "Test the connection", "Lists the folder, and unless it is read-only writes, reads and "
                  "removes a small file.", "reads", inner=True),
    ),
    settings=_LIMITS,
)  # fmt: skip
