from django.db import migrations, models

# Of the runs that already wait: what `waiting_for_people` would have found.
FILL = """
UPDATE processors_run r SET asks = CASE s.kind WHEN 'wait_signal' THEN 'signal' ELSE 'doubt' END
FROM processors_step s
WHERE r.state = 'waiting' AND r.kind = 'feature' AND s.run_id = r.id AND s.state = 'waiting'
    AND (s.kind = 'wait_signal' OR (s.wake_at IS NULL AND (s.error->>'outcome_unknown')::boolean));
UPDATE processors_run SET asks = 'undo'
WHERE state IN ('failed', 'cancelled', 'rolled_back') AND kind = 'feature'
    AND error #> '{details,rollback,left,0}' IS NOT NULL;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('processors', '0008_files'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='asks',
            field=models.CharField(
                blank=True,
                choices=[
                    ('approval', 'An approval'),
                    ('signal', 'A signal'),
                    ('doubt', 'What came of a call'),
                    ('undo', 'An undo that failed'),
                ],
                db_default='',
                default='',
                max_length=12,
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('asks', ''), _negated=True), fields=['workspace', '-id'], name='run_asking'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('asks', ''), _negated=True), fields=['environment', '-id'], name='run_asking_here'),
        ),
    ]
