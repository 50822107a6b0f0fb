"""Documents that wait to be read or decided on are sealed, as everything that may hold a credential."""

from typing import Any

from django.conf import settings
from django.db import migrations

from products.lib.sealing import KeyRing, Place, Sealer


def seal_documents(apps: Any, schema_editor: Any) -> None:
    """One after the other: each may have 20 MB."""
    rows = apps.get_model("products", "DocumentImport").objects.filter(document__isnull=False)
    for pk in list(rows.values_list("pk", flat=True)):
        row = rows.select_related("workspace").get(pk=pk)
        sealer = Sealer(KeyRing(tuple(settings.FIELD_ENCRYPTION_KEYS)).unwrap(bytes(row.workspace.data_key)))
        place = Place(str(row.workspace_id), "products_documentimport", str(pk), "document")
        rows.filter(pk=pk).update(document=sealer.seal(bytes(row.document).decode("latin-1"), place=place))


class Migration(migrations.Migration):
    """Data only; the other way they are lost, and imported again."""

    dependencies = [("products", "0009_deleting")]

    operations = [
        migrations.RunPython(seal_documents, lambda apps, _: _forget(apps)),
    ]


def _forget(apps: Any) -> None:
    rows = apps.get_model("products", "DocumentImport").objects.filter(document__isnull=False)
    rows.update(document=None, state="failed", error={"code": "internal", "message": "Import it again."})
