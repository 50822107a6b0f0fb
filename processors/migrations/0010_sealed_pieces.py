import django.db.models.deletion
import products.models.base
from django.db import migrations, models


class Migration(migrations.Migration):
    """Contents on their way are sealed. Those from before, which would live for a day at most, are sent again."""

    dependencies = [
        ('processors', '0009_run_asks'),
        ('products', '0011_resources'),
    ]

    operations = [
        migrations.DeleteModel(name='FilePiece'),
        migrations.RunSQL('DELETE FROM processors_keptfile', migrations.RunSQL.noop),
        migrations.CreateModel(
            name='FilePiece',
            fields=[
                ('id', models.UUIDField(default=products.models.base.new_id, editable=False, primary_key=True, serialize=False)),
                ('start', models.BigIntegerField()),
                ('sealed', models.BinaryField(editable=False)),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pieces', to='processors.keptfile')),
            ],
            options={'ordering': ['start']},
        ),
        migrations.AddConstraint(
            model_name='filepiece',
            constraint=models.UniqueConstraint(fields=('file', 'start'), name='file_piece_start'),
        ),
        migrations.CreateModel(
            name='StoredFile',
            fields=[
                ('id', models.UUIDField(default=products.models.base.new_id, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=1024)),
                ('at', models.DateTimeField()),
                ('run_id', models.UUIDField()),
                ('kind', models.CharField(max_length=20)),
                ('target', models.CharField(max_length=130)),
                ('step', models.CharField(blank=True, max_length=130)),
                ('trigger', models.CharField(max_length=20)),
                ('by', models.CharField(blank=True, max_length=254)),
                ('config', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='products.resourceconfig')),
            ],
            options={'ordering': ['-at']},
        ),
        migrations.AddConstraint(
            model_name='storedfile',
            constraint=models.UniqueConstraint(fields=('config', 'key'), name='stored_file_unique'),
        ),
        migrations.AddIndex(
            model_name='storedfile',
            index=models.Index(fields=['at'], name='stored_file_age'),
        ),
    ]
