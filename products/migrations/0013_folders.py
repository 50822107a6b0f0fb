"""What environments have on this installation's disk is theirs alone, and goes with them."""

from django.db import migrations, models

import products.models.base
import products.models.products


class Migration(migrations.Migration):
    """A column that is empty in the rows that are there, whose folders have the slug, and a table of folders to go."""

    dependencies = [("products", "0012_environments_deleting")]

    operations = [
        migrations.AddField(
            "environment",
            "folder",
            models.CharField(
                blank=True, db_default="", default=products.models.products.new_folder, editable=False, max_length=63
            ),
        ),
        migrations.CreateModel(
            name="LeftFolders",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=products.models.base.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("names", models.JSONField(default=list)),
            ],
            options={"ordering": ["id"], "verbose_name_plural": "left folders"},
        ),
    ]
