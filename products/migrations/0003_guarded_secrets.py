"""Hosts to which secret values may be sent, verified certificates, and an audit log that nobody rewrites."""

import django.db.models.fields.json
from django.db import migrations, models

# Of the audit log only the person may be forgotten; a row goes only together with its workspace, which is looked at
# when the transaction commits, because the rows of a workspace are deleted before it.
GUARD = """
CREATE FUNCTION products_audit_is_not_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.user_id IS NULL
        AND to_jsonb(NEW) - 'user_id' = to_jsonb(OLD) - 'user_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'rows of the audit log are never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION products_audit_is_not_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM products_workspace w WHERE w.id = OLD.workspace_id) THEN
        RAISE EXCEPTION 'rows of the audit log are deleted only with their workspace'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON products_auditentry
    FOR EACH ROW EXECUTE FUNCTION products_audit_is_not_changed();
CREATE CONSTRAINT TRIGGER audit_is_not_deleted AFTER DELETE ON products_auditentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION products_audit_is_not_deleted();
"""
UNGUARD = """
DROP TRIGGER audit_is_not_deleted ON products_auditentry;
DROP TRIGGER audit_is_not_changed ON products_auditentry;
DROP FUNCTION products_audit_is_not_deleted();
DROP FUNCTION products_audit_is_not_changed();
"""


class Migration(migrations.Migration):
    """Columns, one constraint, two triggers."""

    dependencies = [("products", "0002_remembered_answers")]

    operations = [
        migrations.AddField("connectionenvironment", "allowed_hosts", models.JSONField(blank=True, default=list)),
        migrations.AddField("connectionenvironment", "verify_tls", models.BooleanField(default=True)),
        migrations.AddField("secret", "allowed_hosts", models.JSONField(blank=True, default=list)),
        migrations.AddConstraint(
            "auditentry",
            models.UniqueConstraint(
                models.F("object_id"),
                django.db.models.fields.json.KeyTextTransform("place", "changes"),
                django.db.models.fields.json.KeyTextTransform("day", "changes"),
                condition=models.Q(verb__in=["secret.used", "credentials.used"]),
                name="audit_use_unique",
            ),
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
