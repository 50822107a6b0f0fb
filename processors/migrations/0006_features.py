import django.db.models.deletion
import products.models.base
from django.conf import settings
from django.db import migrations, models


def cut(apps, schema_editor):
    """Cuts the new, still empty table of signals into the days that runs have: they lie and go together."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("DROP TABLE processors_runsignal")
        cursor.execute(
            "CREATE TABLE processors_runsignal (id uuid NOT NULL, name varchar(200) NOT NULL, payload jsonb, "
            "sealed bytea NOT NULL, \"by\" varchar(254) NOT NULL, at timestamptz NOT NULL, step_id uuid, "
            "run_id uuid NOT NULL, PRIMARY KEY (run_id, id)) PARTITION BY RANGE (run_id)"
        )
        cursor.execute("CREATE TABLE processors_runsignal_default PARTITION OF processors_runsignal DEFAULT")
        cursor.execute(
            "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i "
            "JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = 'processors_run'::regclass AND c.relname ~ '_d[0-9]{8}$'"
        )
        for name, bounds in cursor.fetchall():
            cursor.execute(
                f"CREATE TABLE processors_runsignal_{name[-9:]} PARTITION OF processors_runsignal {bounds}"
            )


class Migration(migrations.Migration):

    dependencies = [
        ('processors', '0005_measure_quarters'),
        ('products', '0008_features_and_releases'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='KeptResult',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=64)),
                ('value', models.JSONField(blank=True, null=True)),
                ('expires_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='RunSignal',
            fields=[
                ('id', models.UUIDField(default=products.models.base.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('payload', models.JSONField(blank=True, null=True)),
                ('sealed', models.BinaryField()),
                ('by', models.CharField(blank=True, max_length=254)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('step_id', models.UUIDField(blank=True, null=True)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddField(
            model_name='run',
            name='concurrency_key',
            field=models.CharField(blank=True, db_default='', max_length=200),
        ),
        migrations.AddField(
            model_name='run',
            name='depth',
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='run',
            name='news',
            field=models.PositiveIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='run',
            name='parent_id',
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='parent_step',
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='release',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='step',
            name='child',
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='step',
            name='input',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='step',
            name='wake_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('parent_id__isnull', False)), fields=['parent_id'], name='run_children'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('state__in', ['queued', 'running', 'waiting']), models.Q(('concurrency_key', ''), _negated=True)), fields=['environment', 'concurrency_key', 'id'], name='run_sharing'),
        ),
        migrations.AddField(
            model_name='keptresult',
            name='environment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='products.environment'),
        ),
        migrations.AddField(
            model_name='runsignal',
            name='run',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='signals', to='processors.run'),
        ),
        migrations.AddIndex(
            model_name='keptresult',
            index=models.Index(fields=['expires_at'], name='kept_result_expiry'),
        ),
        migrations.AddConstraint(
            model_name='keptresult',
            constraint=models.UniqueConstraint(fields=('environment', 'key'), name='kept_result_unique'),
        ),
        migrations.RunPython(cut, migrations.RunPython.noop),
    ]
