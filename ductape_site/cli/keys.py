"""The installation's own keys: made at the first start, kept in the data folder, never made twice for the same data."""

import base64
import secrets

from ductape_site.cli.errors import CommandFailedError, Exit
from ductape_site.cli.surroundings import is_open, read_keys
from ductape_site.embedded.folder import DataFolder, write_private

HEADING = "# The keys of this installation. Without them the secrets in its database cannot be read: back them up.\n"


def ensure_keys(folder: DataFolder) -> None:
    """Make the keys that neither the environment nor the folder has."""
    known = read_keys(folder)
    missing = {name: make() for name, make in MAKERS.items() if name not in known and is_open(name)}
    if not missing:
        return
    if "FIELD_ENCRYPTION_KEYS" in missing and folder.note("prepared"):
        raise CommandFailedError(
            f"{folder.keys} is gone, and without it the secrets in the database cannot be read: "
            "put it back, or set FIELD_ENCRYPTION_KEYS.",
            code=Exit.NOT_CONFIGURED,
        )
    lines = [f"{name}={value}\n" for name, value in {**known, **missing}.items()]
    write_private(folder.keys, HEADING + "".join(lines))


def _secret_key() -> str:
    # The prefix lets the production settings refuse a key that nobody chose.
    return "generated-" + secrets.token_urlsafe(48)


def _field_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


MAKERS = {"SECRET_KEY": _secret_key, "FIELD_ENCRYPTION_KEYS": _field_key}
