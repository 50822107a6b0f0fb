"""What workers ask the database of resources."""

# Sealed settings, and workspace secrets that are named in plain ones.
VALUES = """
SELECT 'setting' AS kind, id::text AS name, id, sealed, '[]'::jsonb AS hosts, NULL::jsonb AS given_for
FROM products_resourcesecret WHERE id = ANY(%(values)s::uuid[]) AND config_id = %(config)s
UNION ALL
SELECT 'secret', key, id, sealed, allowed_hosts, NULL::jsonb FROM products_secret
WHERE workspace_id = %(workspace)s AND key = ANY(%(secrets)s::text[]) AND (expires_at IS NULL OR expires_at > now())
"""

NOTE_HEALTH = """
UPDATE products_resourceconfig c SET
    last_success_at = coalesce(h.success_at, c.last_success_at),
    last_failure_at = coalesce(h.failure_at, c.last_failure_at),
    last_failure = coalesce(h.failure, c.last_failure)
FROM unnest(%(ids)s::uuid[], %(success_at)s::timestamptz[], %(failure_at)s::timestamptz[], %(failure)s::text[])
    AS h(id, success_at, failure_at, failure)
WHERE c.id = h.id
"""

NEW_FILE = """
INSERT INTO processors_keptfile
    (id, created_at, workspace_id, product_id, name, content_type, size, sha256, is_whole, expires_at)
VALUES (%(id)s, now(), %(workspace)s, (SELECT product_id FROM processors_run WHERE id = %(run)s), %(name)s,
    %(content_type)s, 0, '', false, now() + interval '1 day')
"""

NEW_PIECE = """
INSERT INTO processors_filepiece (id, file_id, start, sealed) VALUES (%(id)s, %(file)s, %(start)s, %(sealed)s)
"""

WHOLE_FILE = "UPDATE processors_keptfile SET is_whole = true, size = %(size)s, sha256 = %(sha256)s WHERE id = %(id)s"

DROP_FILE = """
WITH pieces AS (DELETE FROM processors_filepiece WHERE file_id = %(id)s)
DELETE FROM processors_keptfile WHERE id = %(id)s
"""

FILE = """
SELECT size FROM processors_keptfile
WHERE id = %(id)s AND workspace_id = %(workspace)s AND is_whole
    AND (product_id IS NULL OR product_id = (SELECT product_id FROM processors_run WHERE id = %(run)s))
"""

PIECE = "SELECT id, sealed FROM processors_filepiece WHERE file_id = %(file)s AND start = %(start)s"

DATA_KEY = "SELECT data_key FROM products_workspace WHERE id = %(workspace)s AND deleting_at IS NULL"

# What is known of the run is read from it; a save that came later is not forgotten for one that came before.
NOTE_STORED = """
INSERT INTO processors_storedfile AS s (id, config_id, key, at, run_id, kind, target, step, trigger, by)
SELECT %(id)s, %(config)s, %(key)s, now(), r.id, r.kind, r.target, CASE r.kind WHEN 'feature' THEN %(step)s ELSE '' END,
    r.trigger, r.actor
FROM processors_run r WHERE r.id = %(run)s AND EXISTS (SELECT FROM products_resourceconfig WHERE id = %(config)s)
ON CONFLICT (config_id, key) DO UPDATE SET at = excluded.at, run_id = excluded.run_id, kind = excluded.kind,
    target = excluded.target, step = excluded.step, trigger = excluded.trigger, by = excluded.by
"""

NOTE_REMOVED = "DELETE FROM processors_storedfile WHERE config_id = %(config)s AND key = %(key)s"
