from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('processors', '0006_features'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='concurrency_limit',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]
