"""Environments that are deleted in the background, as products are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column, and an index of the few rows that have it."""

    dependencies = [("products", "0011_resources")]

    operations = [
        migrations.AddField("environment", "deleting_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddIndex(
            "environment",
            models.Index(condition=models.Q(("deleting_at__isnull", False)), fields=["id"], name="environment_deleting"),
        ),
    ]
