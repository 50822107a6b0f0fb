import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Kept contents are a product's; those that are there belong to none, and are gone after a day."""

    dependencies = [("processors", "0010_sealed_pieces"), ("products", "0013_folders")]

    operations = [
        migrations.AddField(
            "keptfile",
            "product",
            models.ForeignKey(
                default=None,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="products.product",
            ),
        ),
    ]
