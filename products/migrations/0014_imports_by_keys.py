"""An import remembers the access key that asked for it, which is checked once more before anything is written."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """A column that is empty in the rows that are there: those of keys wait for a person to decide, or fail."""

    dependencies = [("products", "0013_folders")]

    operations = [
        migrations.AddField(
            "documentimport",
            "key",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="products.accesskey",
            ),
        ),
    ]
