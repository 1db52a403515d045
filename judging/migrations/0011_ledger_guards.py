from django.db import migrations

FORWARD = """
CREATE FUNCTION judging_move_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  session_state text;
BEGIN
  SELECT state INTO session_state FROM judging_session WHERE id = NEW.session_id FOR SHARE;
  IF session_state IS NULL OR (session_state = 'scoring') = (NEW.kind = 'late') OR session_state = 'setup' THEN
    RAISE EXCEPTION '评审会不在评分中，评分流水不能写入。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_move_guard';
  END IF;
  UPDATE judging_judge SET moves = NEW.number, head = NEW.digest
    WHERE id = NEW.judge_id AND session_id = NEW.session_id AND moves = NEW.number - 1 AND head = NEW.previous;
  IF NOT FOUND THEN
    RAISE EXCEPTION '评分流水必须接在上一条之后。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_move_chain';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER judging_move_guard BEFORE INSERT ON judging_move FOR EACH ROW EXECUTE FUNCTION judging_move_guard();
CREATE TRIGGER judging_move_append_only BEFORE UPDATE OR DELETE ON judging_move FOR EACH ROW EXECUTE FUNCTION judging_append_only();

CREATE OR REPLACE FUNCTION judging_session_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'setup' AND (NEW.rule IS DISTINCT FROM OLD.rule OR NEW.rule_digest IS DISTINCT FROM OLD.rule_digest) THEN
    RAISE EXCEPTION '评分已开放，规则不能再改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_session_guard';
  END IF;
  IF OLD.state IN ('locked', 'published') AND (
    NEW.state IN ('setup', 'scoring') OR NEW.locked_at IS DISTINCT FROM OLD.locked_at OR NEW.head IS DISTINCT FROM OLD.head
  ) THEN
    RAISE EXCEPTION '评审会已锁定，不能退回。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_session_guard';
  END IF;
  RETURN NEW;
END $$;
"""

REVERSE = """
DROP TRIGGER judging_move_append_only ON judging_move;
DROP TRIGGER judging_move_guard ON judging_move;
DROP FUNCTION judging_move_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("judging", "0010_ledger")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
