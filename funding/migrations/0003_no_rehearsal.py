from django.db import migrations

FORWARD = """
CREATE FUNCTION funding_plan_no_rehearsal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM judging_result r JOIN judging_session s ON s.id = r.session_id
    WHERE r.id = NEW.result_id AND s.rehearsal_of_id IS NOT NULL
  ) THEN
    RAISE EXCEPTION '排练的结果不能用来分配资金。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_plan_no_rehearsal';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER funding_plan_no_rehearsal BEFORE INSERT OR UPDATE OF result_id ON funding_allocationplan
  FOR EACH ROW EXECUTE FUNCTION funding_plan_no_rehearsal();
"""

REVERSE = """
DROP TRIGGER funding_plan_no_rehearsal ON funding_allocationplan;
DROP FUNCTION funding_plan_no_rehearsal();
"""


class Migration(migrations.Migration):
    dependencies = [("funding", "0002_guards"), ("judging", "0018_rehearsal")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
