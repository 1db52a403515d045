from django.db import migrations

FORWARD = """
CREATE FUNCTION rounds_frozen_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'draft' AND (to_jsonb(NEW) - 'state') IS DISTINCT FROM (to_jsonb(OLD) - 'state') THEN
    RAISE EXCEPTION '期次已开启，规则已冻结。' USING ERRCODE = 'check_violation', CONSTRAINT = 'rounds_frozen_guard';
  END IF;
  IF OLD.state <> 'draft' AND NEW.state = 'draft' THEN
    RAISE EXCEPTION '期次已开启，不能退回筹备。' USING ERRCODE = 'check_violation', CONSTRAINT = 'rounds_frozen_guard';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER rounds_frozen_guard BEFORE UPDATE ON rounds_round
  FOR EACH ROW EXECUTE FUNCTION rounds_frozen_guard();
"""

REVERSE = """
DROP TRIGGER rounds_frozen_guard ON rounds_round;
DROP FUNCTION rounds_frozen_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("rounds", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
