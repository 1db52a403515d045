from django.db import migrations

# What the application may still get wrong, the database refuses: sums of agreements, instalments, draws and payments,
# checked at the end of the transaction with the rows they depend on locked, so that two officers cannot pass together.
FORWARD = """
CREATE FUNCTION funding_agreement_sound(aid bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  a funding_agreement%ROWTYPE;
  granted numeric;
BEGIN
  SELECT * INTO a FROM funding_agreement WHERE id = aid FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM 1 FROM funding_fund WHERE id IN (SELECT fund_id FROM funding_funddraw WHERE agreement_id = aid) ORDER BY id FOR UPDATE;
  IF (SELECT COALESCE(SUM(amount), 0) FROM funding_instalment WHERE agreement_id = aid) <> a.amount THEN
    RAISE EXCEPTION '各期拨付合计与协议金额不符。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_instalments_add_up';
  END IF;
  IF (SELECT COALESCE(SUM(amount), 0) FROM funding_funddraw WHERE agreement_id = aid) <> a.amount THEN
    RAISE EXCEPTION '各资金来源合计与协议金额不符。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_draws_add_up';
  END IF;
  IF a.state = 'signed' THEN
    SELECT w.amount INTO granted FROM funding_award w JOIN funding_allocationplan p ON p.id = w.plan_id
      WHERE p.round_id = a.round_id AND p.state = 'approved' AND w.proposal_id = a.proposal_id FOR SHARE OF p;
    IF a.amount > COALESCE(granted, 0) THEN
      RAISE EXCEPTION '协议金额超过批准的资助金额。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_agreement_within_award';
    END IF;
  END IF;
  IF EXISTS (
    SELECT 1 FROM funding_instalment i WHERE i.agreement_id = aid AND i.amount <
      (SELECT COALESCE(SUM(p.amount), 0) FROM funding_payment p
        WHERE p.instalment_id = i.id AND p.state IN ('requested', 'checked', 'approved', 'paid'))
      - (SELECT COALESCE(SUM(r.amount), 0) FROM funding_repayment r JOIN funding_paymentpart t ON t.id = r.part_id
          JOIN funding_payment p ON p.id = t.payment_id WHERE p.instalment_id = i.id)
  ) THEN
    RAISE EXCEPTION '拨付合计超过该期金额。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_instalment_not_overdrawn';
  END IF;
  IF EXISTS (
    SELECT 1 FROM funding_funddraw d WHERE d.agreement_id = aid AND d.amount <
      (SELECT COALESCE(SUM(t.amount), 0) FROM funding_paymentpart t JOIN funding_payment p ON p.id = t.payment_id
        WHERE t.draw_id = d.id AND p.state IN ('requested', 'checked', 'approved', 'paid'))
      - (SELECT COALESCE(SUM(r.amount), 0) FROM funding_repayment r JOIN funding_paymentpart t ON t.id = r.part_id WHERE t.draw_id = d.id)
  ) THEN
    RAISE EXCEPTION '拨付合计超过该资金来源的占用金额。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_draw_not_overdrawn';
  END IF;
  IF EXISTS (
    SELECT 1 FROM funding_payment p WHERE p.agreement_id = aid
      AND p.amount <> (SELECT COALESCE(SUM(t.amount), 0) FROM funding_paymentpart t WHERE t.payment_id = p.id)
  ) THEN
    RAISE EXCEPTION '拨付金额与资金构成不符。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_parts_add_up';
  END IF;
  IF EXISTS (
    SELECT 1 FROM funding_repayment r JOIN funding_paymentpart t ON t.id = r.part_id JOIN funding_payment p ON p.id = t.payment_id
      WHERE p.agreement_id = aid GROUP BY t.id, t.amount, p.state HAVING SUM(r.amount) > t.amount OR p.state <> 'paid'
  ) THEN
    RAISE EXCEPTION '退回金额超过已拨付金额。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_repaid_at_most_paid';
  END IF;
  IF EXISTS (
    SELECT 1 FROM funding_fund f WHERE f.id IN (SELECT fund_id FROM funding_funddraw WHERE agreement_id = aid)
      AND f.budget < (SELECT SUM(d.amount) FROM funding_funddraw d WHERE d.fund_id = f.id)
  ) THEN
    RAISE EXCEPTION '资金来源的年度额度不足。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_fund_not_overdrawn';
  END IF;
END $$;

CREATE FUNCTION funding_sound_agreement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM funding_agreement_sound(NEW.id); RETURN NULL; END $$;
CREATE FUNCTION funding_sound_child() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM funding_agreement_sound(OLD.agreement_id); END IF;
  IF TG_OP <> 'DELETE' THEN PERFORM funding_agreement_sound(NEW.agreement_id); END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION funding_sound_part() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM funding_agreement_sound((SELECT agreement_id FROM funding_payment WHERE id = NEW.payment_id));
  RETURN NULL;
END $$;
CREATE FUNCTION funding_sound_repayment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM funding_agreement_sound((SELECT p.agreement_id FROM funding_payment p JOIN funding_paymentpart t ON t.payment_id = p.id WHERE t.id = NEW.part_id));
  RETURN NULL;
END $$;
CREATE FUNCTION funding_sound_fund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.budget < (SELECT COALESCE(SUM(amount), 0) FROM funding_funddraw WHERE fund_id = NEW.id) THEN
    RAISE EXCEPTION '年度额度低于已占用金额。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_fund_not_overdrawn';
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION funding_sound_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  aid bigint;
BEGIN
  FOR aid IN SELECT id FROM funding_agreement WHERE round_id = NEW.round_id AND state = 'signed' ORDER BY id LOOP
    PERFORM funding_agreement_sound(aid);
  END LOOP;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER funding_sound_agreement AFTER INSERT OR UPDATE ON funding_agreement DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION funding_sound_agreement();
CREATE CONSTRAINT TRIGGER funding_sound_instalment AFTER INSERT OR UPDATE OR DELETE ON funding_instalment DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION funding_sound_child();
CREATE CONSTRAINT TRIGGER funding_sound_draw AFTER INSERT OR UPDATE OR DELETE ON funding_funddraw DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION funding_sound_child();
CREATE CONSTRAINT TRIGGER funding_sound_payment AFTER INSERT OR UPDATE ON funding_payment DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION funding_sound_child();
CREATE CONSTRAINT TRIGGER funding_sound_part AFTER INSERT ON funding_paymentpart DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION funding_sound_part();
CREATE CONSTRAINT TRIGGER funding_sound_repayment AFTER INSERT ON funding_repayment DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION funding_sound_repayment();
CREATE CONSTRAINT TRIGGER funding_sound_fund AFTER UPDATE ON funding_fund DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION funding_sound_fund();
CREATE CONSTRAINT TRIGGER funding_sound_plan AFTER UPDATE ON funding_allocationplan DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.state = 'approved' AND OLD.state <> 'approved') EXECUTE FUNCTION funding_sound_plan();

CREATE FUNCTION funding_agreement_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state = 'dropped'
     OR (OLD.state = 'ended' AND (to_jsonb(NEW) - 'amount' <> to_jsonb(OLD) - 'amount' OR NEW.amount > OLD.amount))
     OR (NEW.proposal_id, NEW.round_id, NEW.number) IS DISTINCT FROM (OLD.proposal_id, OLD.round_id, OLD.number)
     OR (OLD.state = 'signed' AND NEW.state NOT IN ('signed', 'ended'))
     OR (OLD.state = 'preparing' AND NEW.state = 'ended') THEN
    RAISE EXCEPTION '协议不能这样修改或删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_agreement_guard';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER funding_agreement_guard BEFORE UPDATE OR DELETE ON funding_agreement FOR EACH ROW EXECUTE FUNCTION funding_agreement_guard();

CREATE FUNCTION funding_version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state IN ('superseded', 'withdrawn') OR (OLD.state = 'signed' AND NEW.state <> 'superseded')
     OR (OLD.state <> 'draft' AND (NEW.content, NEW.digest, NEW.reason, NEW.drafted_by_id) IS DISTINCT FROM (OLD.content, OLD.digest, OLD.reason, OLD.drafted_by_id))
     OR (OLD.state = 'signed' AND to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state')
     OR (NEW.agreement_id, NEW.number) IS DISTINCT FROM (OLD.agreement_id, OLD.number) THEN
    RAISE EXCEPTION '协议已提请审批，内容不能再改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_version_guard';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER funding_version_guard BEFORE UPDATE OR DELETE ON funding_agreementversion FOR EACH ROW EXECUTE FUNCTION funding_version_guard();

CREATE FUNCTION funding_payment_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  agreement_state text;
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION '拨付记录不能删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_payment_guard';
  END IF;
  SELECT state INTO agreement_state FROM funding_agreement WHERE id = NEW.agreement_id FOR UPDATE;
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'requested' OR agreement_state <> 'signed' THEN
      RAISE EXCEPTION '只能为已签订的协议申请拨付。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_payment_guard';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.agreement_id, NEW.instalment_id, NEW.number, NEW.amount, NEW.requested_by_id, NEW.requested_at, NEW.payee)
     IS DISTINCT FROM (OLD.agreement_id, OLD.instalment_id, OLD.number, OLD.amount, OLD.requested_by_id, OLD.requested_at, OLD.payee) THEN
    RAISE EXCEPTION '拨付申请的金额、期次、收款账户和申请人不能修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_payment_guard';
  END IF;
  IF NEW.state = OLD.state THEN
    IF OLD.state <> 'requested' AND to_jsonb(NEW) <> to_jsonb(OLD) THEN
      RAISE EXCEPTION '拨付记录不能修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_payment_guard';
    END IF;
    RETURN NEW;
  END IF;
  IF NOT ((OLD.state, NEW.state) IN (
    ('requested', 'checked'), ('requested', 'refused'), ('requested', 'cancelled'), ('checked', 'approved'), ('checked', 'refused'),
    ('checked', 'cancelled'), ('approved', 'paid'), ('approved', 'refused'), ('approved', 'cancelled'), ('paid', 'failed')
  )) THEN
    RAISE EXCEPTION '拨付状态不能这样变动。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_payment_guard';
  END IF;
  IF NEW.state IN ('checked', 'approved', 'paid') AND agreement_state <> 'signed' THEN
    RAISE EXCEPTION '协议已终止，不能再拨付。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_payment_guard';
  END IF;
  IF OLD.voucher <> '' AND (NEW.voucher, NEW.paid_on, NEW.paid_by_id) IS DISTINCT FROM (OLD.voucher, OLD.paid_on, OLD.paid_by_id) THEN
    RAISE EXCEPTION '凭证号和拨付日期不能修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_payment_guard';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER funding_payment_guard BEFORE INSERT OR UPDATE OR DELETE ON funding_payment FOR EACH ROW EXECUTE FUNCTION funding_payment_guard();

CREATE FUNCTION funding_ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '资金流水不能修改或删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'funding_ledger_append_only';
END $$;
CREATE TRIGGER funding_repayment_append_only BEFORE UPDATE OR DELETE ON funding_repayment FOR EACH ROW EXECUTE FUNCTION funding_ledger_append_only();
CREATE TRIGGER funding_paymentpart_append_only BEFORE UPDATE OR DELETE ON funding_paymentpart FOR EACH ROW EXECUTE FUNCTION funding_ledger_append_only();
"""

REVERSE = """
DROP TRIGGER funding_paymentpart_append_only ON funding_paymentpart;
DROP TRIGGER funding_repayment_append_only ON funding_repayment;
DROP FUNCTION funding_ledger_append_only();
DROP TRIGGER funding_payment_guard ON funding_payment;
DROP FUNCTION funding_payment_guard();
DROP TRIGGER funding_version_guard ON funding_agreementversion;
DROP FUNCTION funding_version_guard();
DROP TRIGGER funding_agreement_guard ON funding_agreement;
DROP FUNCTION funding_agreement_guard();
DROP TRIGGER funding_sound_plan ON funding_allocationplan;
DROP TRIGGER funding_sound_fund ON funding_fund;
DROP TRIGGER funding_sound_repayment ON funding_repayment;
DROP TRIGGER funding_sound_part ON funding_paymentpart;
DROP TRIGGER funding_sound_payment ON funding_payment;
DROP TRIGGER funding_sound_draw ON funding_funddraw;
DROP TRIGGER funding_sound_instalment ON funding_instalment;
DROP TRIGGER funding_sound_agreement ON funding_agreement;
DROP FUNCTION funding_sound_plan();
DROP FUNCTION funding_sound_fund();
DROP FUNCTION funding_sound_repayment();
DROP FUNCTION funding_sound_part();
DROP FUNCTION funding_sound_child();
DROP FUNCTION funding_sound_agreement();
DROP FUNCTION funding_agreement_sound(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("funding", "0007_agreement")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
