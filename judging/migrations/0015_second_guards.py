from django.db import migrations

FORWARD = """
ALTER TABLE judging_session DISABLE TRIGGER judging_session_guard;
UPDATE judging_session s SET current_id = r.id FROM judging_result r WHERE r.session_id = s.id;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE judging_session ENABLE TRIGGER judging_session_guard;

CREATE FUNCTION judging_decided_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state <> 'waiting' THEN
    RAISE EXCEPTION '已经决定的记录不能修改，也不能删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_decided_stays';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER judging_rulechange_stays BEFORE UPDATE OR DELETE ON judging_rulechange FOR EACH ROW EXECUTE FUNCTION judging_decided_stays();
CREATE TRIGGER judging_unlock_stays BEFORE UPDATE OR DELETE ON judging_unlock FOR EACH ROW EXECUTE FUNCTION judging_decided_stays();
CREATE TRIGGER judging_supervisornote_append_only BEFORE UPDATE OR DELETE ON judging_supervisornote
  FOR EACH ROW EXECUTE FUNCTION judging_append_only();

CREATE OR REPLACE FUNCTION judging_session_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'setup' AND (NEW.rule IS DISTINCT FROM OLD.rule OR NEW.rule_digest IS DISTINCT FROM OLD.rule_digest)
    AND NOT (OLD.state = 'scoring' AND NEW.state = 'scoring' AND EXISTS (
      SELECT 1 FROM judging_rulechange c WHERE c.session_id = OLD.id AND c.state = 'applied'
        AND c.old_digest = OLD.rule_digest AND c.new_digest = NEW.rule_digest AND c.new_rule = NEW.rule
    )) THEN
    RAISE EXCEPTION '评分已开放，规则不能再改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_session_guard';
  END IF;
  IF OLD.state IN ('locked', 'published') AND (
    NEW.state IN ('setup', 'scoring') OR NEW.locked_at IS DISTINCT FROM OLD.locked_at OR NEW.head IS DISTINCT FROM OLD.head
    OR NEW.current_id IS DISTINCT FROM OLD.current_id
  ) AND NOT (OLD.state = 'locked' AND NEW.state = 'scoring' AND NEW.current_id IS NULL AND EXISTS (
      SELECT 1 FROM judging_unlock u WHERE u.session_id = OLD.id AND u.state = 'done' AND u.result_id = OLD.current_id
    )) THEN
    RAISE EXCEPTION '评审会已锁定，不能退回。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_session_guard';
  END IF;
  RETURN NEW;
END $$;
"""

REVERSE = """
DROP TRIGGER judging_supervisornote_append_only ON judging_supervisornote;
DROP TRIGGER judging_unlock_stays ON judging_unlock;
DROP TRIGGER judging_rulechange_stays ON judging_rulechange;
DROP FUNCTION judging_decided_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("judging", "0014_second")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
