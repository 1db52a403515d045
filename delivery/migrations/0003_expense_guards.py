from django.db import migrations

# What is handed in stays as it was handed in; what is accepted never changes; nothing is deleted; the grant is not
# overspent, whoever writes. The agreement's row is locked first, so that two people cannot pass together.
FORWARD = """
CREATE FUNCTION delivery_expense_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  a funding_agreement%ROWTYPE;
  o delivery_expense%ROWTYPE;
  used numeric;
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION '支出记录不能删除，只能作废或冲销。' USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_expense_guard';
  END IF;
  SELECT * INTO a FROM funding_agreement WHERE id = NEW.agreement_id FOR UPDATE;
  IF NEW.line_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM projects_budgetline l WHERE l.id = NEW.line_id AND l.head = NEW.head AND l.proposal_id = a.proposal_id
  ) THEN
    RAISE EXCEPTION '预算行不属于该项目的这个科目。' USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_expense_line';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.reverses_id IS NULL THEN
      IF NEW.state <> 'draft' OR a.state <> 'signed' THEN
        RAISE EXCEPTION '只能为已签订的协议录入支出。' USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_expense_guard';
      END IF;
      RETURN NEW;
    END IF;
    SELECT * INTO o FROM delivery_expense WHERE id = NEW.reverses_id FOR UPDATE;
    IF o.state <> 'accepted' OR o.reverses_id IS NOT NULL OR (o.agreement_id, o.amount, o.head, o.source, o.line_id)
       IS DISTINCT FROM (NEW.agreement_id, NEW.amount, NEW.head, NEW.source, NEW.line_id) THEN
      RAISE EXCEPTION '冲销须与已核的原支出金额、科目一致。' USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_expense_guard';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.agreement_id, NEW.number, NEW.created_by_id, NEW.created_at, NEW.reverses_id)
     IS DISTINCT FROM (OLD.agreement_id, OLD.number, OLD.created_by_id, OLD.created_at, OLD.reverses_id) THEN
    RAISE EXCEPTION '支出的编号、项目和录入人不能修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_expense_guard';
  END IF;
  IF NEW.state = OLD.state THEN
    IF OLD.state NOT IN ('draft', 'returned') AND to_jsonb(NEW) <> to_jsonb(OLD) THEN
      RAISE EXCEPTION '支出已提交，内容不能修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_expense_guard';
    END IF;
    RETURN NEW;
  END IF;
  IF NOT ((OLD.state, NEW.state) IN (
    ('draft', 'submitted'), ('draft', 'dropped'), ('returned', 'submitted'), ('returned', 'dropped'), ('submitted', 'accepted'),
    ('submitted', 'returned'), ('accepted', 'reversed')
  )) THEN
    RAISE EXCEPTION '支出状态不能这样变动。' USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_expense_guard';
  END IF;
  IF OLD.state IN ('submitted', 'accepted') AND to_jsonb(NEW) - ARRAY['state', 'decided_by_id', 'decided_at', 'note']
     <> to_jsonb(OLD) - ARRAY['state', 'decided_by_id', 'decided_at', 'note'] THEN
    RAISE EXCEPTION '支出已提交，内容不能修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_expense_guard';
  END IF;
  IF NEW.state = 'reversed' AND (to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state'
     OR NOT EXISTS (SELECT 1 FROM delivery_expense c WHERE c.reverses_id = NEW.id)) THEN
    RAISE EXCEPTION '已核的支出只能冲销。' USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_expense_guard';
  END IF;
  IF NEW.state = 'submitted' THEN
    IF a.state <> 'signed' THEN
      RAISE EXCEPTION '协议没有处于已签订状态，不能提交支出。' USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_expense_guard';
    END IF;
    IF NEW.source = 'grant' THEN
      SELECT COALESCE(SUM(CASE WHEN e.reverses_id IS NULL THEN e.amount ELSE -e.amount END), 0) INTO used FROM delivery_expense e
        WHERE e.agreement_id = NEW.agreement_id AND e.source = 'grant' AND e.state IN ('submitted', 'accepted', 'reversed') AND e.id <> NEW.id;
      IF used + NEW.amount > a.amount THEN
        RAISE EXCEPTION '累计支出超过协议金额。' USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_grant_not_overspent';
      END IF;
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER delivery_expense_guard BEFORE INSERT OR UPDATE OR DELETE ON delivery_expense FOR EACH ROW EXECUTE FUNCTION delivery_expense_guard();

CREATE FUNCTION delivery_paper_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  eid bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.expense_id ELSE NEW.expense_id END;
  now_is text;
BEGIN
  SELECT state INTO now_is FROM delivery_expense WHERE id = eid FOR UPDATE;
  IF TG_OP = 'UPDATE' OR now_is NOT IN ('draft', 'returned') THEN
    RAISE EXCEPTION '支出已提交，附件不能增减。' USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_paper_guard';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  IF (SELECT COUNT(*) FROM delivery_expensepaper WHERE expense_id = eid) >= 5 THEN
    RAISE EXCEPTION '每笔支出最多 5 个附件。' USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_paper_at_most_five';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER delivery_paper_guard BEFORE INSERT OR UPDATE OR DELETE ON delivery_expensepaper FOR EACH ROW EXECUTE FUNCTION delivery_paper_guard();
"""

REVERSE = """
DROP TRIGGER delivery_paper_guard ON delivery_expensepaper;
DROP FUNCTION delivery_paper_guard();
DROP TRIGGER delivery_expense_guard ON delivery_expense;
DROP FUNCTION delivery_expense_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0002_expense"), ("funding", "0008_agreement_guards")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
