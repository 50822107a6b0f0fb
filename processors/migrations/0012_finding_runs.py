from django.db import migrations, models


class Migration(migrations.Migration):
    """Runs are found by their idempotency key and by what started them, however many there are."""

    dependencies = [("processors", "0011_kept_files_of_products")]

    operations = [
        migrations.AddIndex(
            "run",
            models.Index(
                condition=models.Q(("idempotency_key", ""), _negated=True),
                fields=["workspace", "idempotency_key", "-id"],
                name="run_of_key",
            ),
        ),
        migrations.AddIndex(
            "run",
            models.Index(
                condition=models.Q(("trigger", "rest"), _negated=True),
                fields=["workspace", "trigger", "-id"],
                name="run_by_trigger",
            ),
        ),
    ]
