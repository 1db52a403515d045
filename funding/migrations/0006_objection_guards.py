from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION funding_plan_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'superseded' OR (OLD.state = 'approved' AND TG_OP = 'DELETE') THEN
    RAISE EXCEPTION '已批准的方案不能修改或删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_plan_guard';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  IF OLD.state = 'approved' AND (
    NEW.state <> 'superseded' OR to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state'
  ) THEN
    RAISE EXCEPTION '已批准的方案不能修改或删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_plan_guard';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION funding_objection_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION '异议不能删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_objection_guard';
  END IF;
  IF OLD.state = 'answered' THEN
    RAISE EXCEPTION '已答复的异议不能修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_objection_guard';
  END IF;
  IF (NEW.notice_id, NEW.number, NEW.code, NEW.name, NEW.phone, NEW.words, NEW.received_at)
     IS DISTINCT FROM (OLD.notice_id, OLD.number, OLD.code, OLD.name, OLD.phone, OLD.words, OLD.received_at)
     OR NEW.proposal_id IS DISTINCT FROM OLD.proposal_id OR NEW.answer_by IS DISTINCT FROM OLD.answer_by THEN
    RAISE EXCEPTION '异议的内容、提出人和期限不能修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_objection_guard';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER funding_objection_guard BEFORE UPDATE OR DELETE ON funding_objection
  FOR EACH ROW EXECUTE FUNCTION funding_objection_guard();
"""

REVERSE = """
DROP TRIGGER funding_objection_guard ON funding_objection;
DROP FUNCTION funding_objection_guard();
CREATE OR REPLACE FUNCTION funding_plan_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'approved' THEN
    RAISE EXCEPTION '已批准的方案不能修改或删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_plan_guard';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("funding", "0005_objection")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
