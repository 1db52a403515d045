from django.db import migrations

FORWARD = """
CREATE FUNCTION judging_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '评审结果不能修改或删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_append_only';
END $$;
CREATE TRIGGER judging_result_append_only BEFORE UPDATE OR DELETE ON judging_result FOR EACH ROW EXECUTE FUNCTION judging_append_only();
CREATE TRIGGER judging_resultline_append_only BEFORE UPDATE OR DELETE ON judging_resultline FOR EACH ROW EXECUTE FUNCTION judging_append_only();

CREATE FUNCTION judging_sheet_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  session_state text;
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION '评分表不能删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_sheet_guard';
  END IF;
  SELECT state INTO session_state FROM judging_session WHERE id = NEW.session_id FOR SHARE;
  IF session_state IS DISTINCT FROM 'scoring' THEN
    RAISE EXCEPTION '评审会不在评分中，评分表不能写入。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_sheet_guard';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER judging_scoresheet_guard BEFORE INSERT OR UPDATE OR DELETE ON judging_scoresheet
  FOR EACH ROW EXECUTE FUNCTION judging_sheet_guard();

CREATE FUNCTION judging_session_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'setup' AND (NEW.rule IS DISTINCT FROM OLD.rule OR NEW.rule_digest IS DISTINCT FROM OLD.rule_digest) THEN
    RAISE EXCEPTION '评分已开放，规则不能再改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_session_guard';
  END IF;
  IF OLD.state IN ('locked', 'published') AND (NEW.state IN ('setup', 'scoring') OR NEW.locked_at IS DISTINCT FROM OLD.locked_at) THEN
    RAISE EXCEPTION '评审会已锁定，不能退回。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_session_guard';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER judging_session_guard BEFORE UPDATE ON judging_session
  FOR EACH ROW EXECUTE FUNCTION judging_session_guard();
"""

REVERSE = """
DROP TRIGGER judging_session_guard ON judging_session;
DROP FUNCTION judging_session_guard();
DROP TRIGGER judging_scoresheet_guard ON judging_scoresheet;
DROP FUNCTION judging_sheet_guard();
DROP TRIGGER judging_result_append_only ON judging_result;
DROP TRIGGER judging_resultline_append_only ON judging_resultline;
DROP FUNCTION judging_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("judging", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
