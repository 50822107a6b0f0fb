"""Workspaces and products that are deleted in the background; their audit log may go in lots then."""

from django.db import migrations, models

# A row still goes only together with its workspace: with one that is gone, or one on its way that nobody can stop.
GUARD = """
CREATE OR REPLACE FUNCTION products_audit_is_not_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM products_workspace w WHERE w.id = OLD.workspace_id AND w.deleting_at IS NULL) THEN
        RAISE EXCEPTION 'rows of the audit log are deleted only with their workspace'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
"""
BEFORE = GUARD.replace(" AND w.deleting_at IS NULL", "")


class Migration(migrations.Migration):
    """Two columns, and a trigger that knows one of them."""

    dependencies = [("products", "0008_features_and_releases")]

    operations = [
        migrations.AddField("workspace", "deleting_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("product", "deleting_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddIndex(
            "workspace",
            models.Index(condition=models.Q(("deleting_at__isnull", False)), fields=["id"], name="workspace_deleting"),
        ),
        migrations.AddIndex(
            "product",
            models.Index(condition=models.Q(("deleting_at__isnull", False)), fields=["id"], name="product_deleting"),
        ),
        migrations.RunSQL(GUARD, BEFORE),
    ]
