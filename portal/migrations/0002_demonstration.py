"""Removing a demonstration street, whole: the one way past the append-only tables, for what was never real."""

from django.db import migrations

# SECURITY DEFINER: the portal's own role may neither delete from append-only tables nor switch their triggers off; the owner,
# in whose name this runs, may. What it removes must have been born as a demonstration (audit_demostreet), and nothing that
# belongs to another street may hang on it: an act keeps its scope for good, so a real record that was moved is found out.
FORWARD = """
CREATE FUNCTION portal_remove_demonstration(wanted bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  link record;
  kind record;
  more bigint;
  found bigint;
  gone bigint := 0;
  paths jsonb := '[]';
  foreign_rows bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM audit_demostreet WHERE street_id = wanted) THEN
    RAISE EXCEPTION '这个街道不是演示街道，不能删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'portal_only_demonstrations';
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  SET CONSTRAINTS ALL IMMEDIATE;
  -- ids as text: some tables have a uuid for one
  CREATE TEMP TABLE doomed (tab text, id text, PRIMARY KEY (tab, id)) ON COMMIT DROP;
  CREATE TEMP TABLE links ON COMMIT DROP AS
    SELECT c.conrelid::regclass::text AS child, a.attname::text AS col, c.confrelid::regclass::text AS parent
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    JOIN pg_class t ON t.oid = c.conrelid
    WHERE c.contype = 'f' AND t.relnamespace = 'public'::regnamespace AND c.confrelid <> 'django_content_type'::regclass;

  -- what begins it: the street's areas (its district where it has no other street), its people, what is filed under it
  INSERT INTO doomed SELECT 'accounts_area', id::text FROM accounts_area WHERE id = wanted OR street_id = wanted;
  INSERT INTO doomed SELECT 'accounts_area', d.id::text FROM accounts_area d JOIN accounts_area s ON s.parent_id = d.id
    WHERE s.id = wanted AND NOT EXISTS (SELECT 1 FROM accounts_area o WHERE o.parent_id = d.id AND o.id <> wanted);
  INSERT INTO doomed SELECT 'audit_demostreet', id::text FROM audit_demostreet WHERE street_id = wanted;
  FOR kind IN
    SELECT table_name::text AS tab FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'scope_id'
  LOOP
    EXECUTE format('INSERT INTO doomed SELECT %L, id::text FROM %I WHERE scope_id = $1 ON CONFLICT DO NOTHING', kind.tab, kind.tab) USING wanted;
  END LOOP;

  -- whatever points at it, and whatever points at that
  LOOP
    more := 0;
    FOR link IN SELECT l.* FROM links l WHERE EXISTS (SELECT 1 FROM doomed d WHERE d.tab = l.parent) LOOP
      EXECUTE format(
        'INSERT INTO doomed SELECT %L, t.id::text FROM %s t JOIN doomed d ON d.tab = %L AND d.id = t.%I::text ON CONFLICT DO NOTHING',
        link.child, link.child, link.parent, link.col);
      GET DIAGNOSTICS found = ROW_COUNT;
      more := more + found;
    END LOOP;
    EXIT WHEN more = 0;
  END LOOP;

  -- nothing of another street may be among it
  FOR link IN SELECT l.* FROM links l WHERE l.parent = 'accounts_area' AND EXISTS (SELECT 1 FROM doomed d WHERE d.tab = l.child) LOOP
    EXECUTE format(
      'SELECT count(*) FROM %s t JOIN doomed d ON d.tab = %L AND d.id = t.id::text '
      'WHERE t.%I IS NOT NULL AND NOT EXISTS (SELECT 1 FROM doomed a WHERE a.tab = ''accounts_area'' AND a.id = t.%I::text) '
      'AND NOT (%L = ''accounts_area'' AND t.id::text = $1::text)',
      link.child, link.child, link.col, link.col, link.child) INTO foreign_rows USING wanted;
    IF foreign_rows > 0 THEN
      RAISE EXCEPTION '演示街道里有 % 条记录同时属于别的街道（%），没有删除任何内容。', foreign_rows, link.child
        USING ERRCODE = 'check_violation', CONSTRAINT = 'portal_demonstration_is_apart';
    END IF;
  END LOOP;
  SELECT count(*) INTO foreign_rows FROM audit_event e
    WHERE e.scope_id IS NOT NULL AND e.scope_id <> wanted AND (
      EXISTS (SELECT 1 FROM doomed d WHERE d.tab = 'audit_event' AND d.id = e.id::text)
      OR EXISTS (SELECT 1 FROM doomed d WHERE d.tab = replace(e.object_label, '.', '_') AND d.id = e.object_id::text));
  IF foreign_rows > 0 THEN
    RAISE EXCEPTION '演示街道里有别的街道的操作记录（% 条），没有删除任何内容。', foreign_rows
      USING ERRCODE = 'check_violation', CONSTRAINT = 'portal_demonstration_is_apart';
  END IF;

  -- acts and changes of what goes; files that nothing else needs; sessions of its people
  INSERT INTO doomed SELECT 'audit_event', e.id::text FROM audit_event e
    JOIN doomed d ON d.tab = replace(e.object_label, '.', '_') AND d.id = e.object_id::text ON CONFLICT DO NOTHING;
  INSERT INTO doomed SELECT 'audit_change', c.id::text FROM audit_change c
    JOIN doomed d ON d.tab = replace(c.object_label, '.', '_') AND d.id = c.object_id::text ON CONFLICT DO NOTHING;
  CREATE TEMP TABLE files (id bigint PRIMARY KEY) ON COMMIT DROP;
  FOR link IN SELECT l.* FROM links l WHERE l.parent = 'jobs_storedfile' LOOP
    EXECUTE format('INSERT INTO files SELECT t.%I FROM %s t JOIN doomed d ON d.tab = %L AND d.id = t.id::text WHERE t.%I IS NOT NULL ON CONFLICT DO NOTHING',
      link.col, link.child, link.child, link.col);
  END LOOP;
  FOR link IN SELECT l.* FROM links l WHERE l.parent = 'jobs_storedfile' LOOP
    EXECUTE format('DELETE FROM files f USING %s t WHERE t.%I = f.id AND NOT EXISTS (SELECT 1 FROM doomed d WHERE d.tab = %L AND d.id = t.id::text)',
      link.child, link.col, link.child);
  END LOOP;
  SELECT coalesce(jsonb_agg(DISTINCT s.path), '[]') INTO paths FROM jobs_storedfile s JOIN files f ON f.id = s.id;
  INSERT INTO doomed SELECT 'jobs_storedfile', id::text FROM files ON CONFLICT DO NOTHING;
  DELETE FROM django_session WHERE session_key IN
    (SELECT s.session_key FROM accounts_signin s JOIN doomed d ON d.tab = 'accounts_signin' AND d.id = s.id::text);

  SET CONSTRAINTS ALL DEFERRED;
  FOR kind IN SELECT tab FROM doomed GROUP BY tab ORDER BY tab LOOP
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', kind.tab);
  END LOOP;
  FOR kind IN SELECT tab FROM doomed GROUP BY tab ORDER BY tab LOOP
    EXECUTE format('DELETE FROM %s t USING doomed d WHERE d.tab = %L AND d.id = t.id::text', kind.tab, kind.tab);
    GET DIAGNOSTICS found = ROW_COUNT;
    gone := gone + found;
  END LOOP;
  SET CONSTRAINTS ALL IMMEDIATE;
  FOR kind IN SELECT tab FROM doomed GROUP BY tab ORDER BY tab LOOP
    EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', kind.tab);
  END LOOP;
  DROP TABLE doomed, links, files;
  SET CONSTRAINTS ALL DEFERRED;
  RETURN jsonb_build_object('rows', gone, 'paths', paths);
END $$;

-- streets of the demonstration that stand already: all their people are made up. Whoever migrates is the owner.
ALTER TABLE audit_demostreet DISABLE TRIGGER audit_demostreet_born;
INSERT INTO audit_demostreet (street_id, marked_at)
  SELECT s.id, clock_timestamp() FROM accounts_area s
  WHERE s.kind = 'street' AND EXISTS (SELECT 1 FROM accounts_user u WHERE u.street_id = s.id)
    AND NOT EXISTS (SELECT 1 FROM accounts_user u WHERE u.street_id = s.id AND NOT u.is_demo);
ALTER TABLE audit_demostreet ENABLE TRIGGER audit_demostreet_born;
"""

REVERSE = "DROP FUNCTION portal_remove_demonstration(bigint);"


class Migration(migrations.Migration):
    dependencies = [("portal", "0001_followed"), ("accounts", "0003_second_factor"), ("jobs", "0001_initial"), ("sessions", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
