from django.db import migrations

FORWARD = """
CREATE FUNCTION needs_step_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '需求的经过只能追加，不能修改或删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_step_append_only';
END $$;
CREATE TRIGGER needs_needstep_append_only BEFORE UPDATE OR DELETE ON needs_needstep
  FOR EACH ROW EXECUTE FUNCTION needs_step_append_only();

CREATE FUNCTION needs_said_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '反馈和评议不能修改或删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_said_stays';
END $$;
CREATE TRIGGER needs_feedback_append_only BEFORE UPDATE OR DELETE ON needs_feedback
  FOR EACH ROW EXECUTE FUNCTION needs_said_stays();
CREATE TRIGGER needs_needrating_append_only BEFORE UPDATE OR DELETE ON needs_needrating
  FOR EACH ROW EXECUTE FUNCTION needs_said_stays();
"""

REVERSE = """
DROP TRIGGER needs_needrating_append_only ON needs_needrating;
DROP TRIGGER needs_feedback_append_only ON needs_feedback;
DROP FUNCTION needs_said_stays();
DROP TRIGGER needs_needstep_append_only ON needs_needstep;
DROP FUNCTION needs_step_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("needs", "0004_cycle_data")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
