from django.db import migrations

FORWARD = """
CREATE FUNCTION funding_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '已发布的公示不能修改，更正须另发新版本。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_append_only';
END $$;
CREATE TRIGGER funding_publicnotice_append_only BEFORE UPDATE OR DELETE ON funding_publicnotice FOR EACH ROW EXECUTE FUNCTION funding_append_only();

CREATE FUNCTION funding_plan_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'approved' THEN
    RAISE EXCEPTION '已批准的方案不能修改或删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_plan_guard';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER funding_plan_guard BEFORE UPDATE OR DELETE ON funding_allocationplan
  FOR EACH ROW EXECUTE FUNCTION funding_plan_guard();

CREATE FUNCTION funding_award_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  plan_state text;
BEGIN
  SELECT state INTO plan_state FROM funding_allocationplan
    WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.plan_id ELSE NEW.plan_id END FOR UPDATE;
  IF plan_state IS NOT NULL AND plan_state <> 'draft' THEN
    RAISE EXCEPTION '方案已提请审批，金额不能再改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_award_guard';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER funding_award_guard BEFORE INSERT OR UPDATE OR DELETE ON funding_award
  FOR EACH ROW EXECUTE FUNCTION funding_award_guard();

CREATE FUNCTION funding_pool_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM funding_allocationplan p
    WHERE p.id IN (SELECT plan_id FROM changed)
      AND (SELECT COALESCE(SUM(a.amount), 0) FROM funding_award a WHERE a.plan_id = p.id) > p.pool
  ) THEN
    RAISE EXCEPTION '拟资助金额合计超过资金总额。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_pool_guard';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER funding_pool_guard_insert AFTER INSERT ON funding_award REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION funding_pool_guard();
CREATE TRIGGER funding_pool_guard_update AFTER UPDATE ON funding_award REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION funding_pool_guard();
"""

REVERSE = """
DROP TRIGGER funding_pool_guard_update ON funding_award;
DROP TRIGGER funding_pool_guard_insert ON funding_award;
DROP FUNCTION funding_pool_guard();
DROP TRIGGER funding_award_guard ON funding_award;
DROP FUNCTION funding_award_guard();
DROP TRIGGER funding_plan_guard ON funding_allocationplan;
DROP FUNCTION funding_plan_guard();
DROP TRIGGER funding_publicnotice_append_only ON funding_publicnotice;
DROP FUNCTION funding_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("funding", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
