from django.db import migrations

FORWARD = """
CREATE FUNCTION messaging_outgoing_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.resends < OLD.resends OR NEW.resends > OLD.resends + 1 OR NEW.attempts < OLD.attempts AND NEW.resends = OLD.resends THEN
    RAISE EXCEPTION '发送次数只能逐次增加。' USING ERRCODE = 'check_violation', CONSTRAINT = 'messaging_outgoing_guard';
  END IF;
  IF NEW.state = OLD.state THEN
    RETURN NEW;
  END IF;
  IF (OLD.state = 'due' AND NEW.state <> 'unknown')
    OR (OLD.state = 'claimed' AND NEW.state IN ('sent', 'failed', 'unknown'))
    OR (OLD.state = 'claimed' AND NEW.state = 'due' AND NEW.attempts = OLD.attempts + 1)
    OR (OLD.state IN ('failed', 'unknown', 'dropped') AND NEW.state = 'due' AND NEW.resends = OLD.resends + 1)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '消息不能从“%”变为“%”，以免发送两遍。', OLD.state, NEW.state
    USING ERRCODE = 'check_violation', CONSTRAINT = 'messaging_outgoing_guard';
END $$;
CREATE TRIGGER messaging_delivery_guard BEFORE UPDATE ON messaging_delivery FOR EACH ROW EXECUTE FUNCTION messaging_outgoing_guard();
CREATE TRIGGER messaging_posting_guard BEFORE UPDATE ON messaging_posting FOR EACH ROW EXECUTE FUNCTION messaging_outgoing_guard();

CREATE FUNCTION messaging_delivery_number_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '邮件编号不能改变。' USING ERRCODE = 'check_violation', CONSTRAINT = 'messaging_delivery_number_guard';
END $$;
CREATE TRIGGER messaging_delivery_number_guard BEFORE UPDATE OF message_id, notice_id, channel ON messaging_delivery
  FOR EACH ROW WHEN (OLD.message_id <> NEW.message_id OR OLD.notice_id <> NEW.notice_id OR OLD.channel <> NEW.channel)
  EXECUTE FUNCTION messaging_delivery_number_guard();

CREATE FUNCTION messaging_wording_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '模板的旧版本不能修改或删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'messaging_wording_append_only';
END $$;
CREATE TRIGGER messaging_wording_append_only BEFORE UPDATE OR DELETE ON messaging_wording
  FOR EACH ROW EXECUTE FUNCTION messaging_wording_append_only();
"""

REVERSE = """
DROP TRIGGER messaging_wording_append_only ON messaging_wording;
DROP FUNCTION messaging_wording_append_only();
DROP TRIGGER messaging_delivery_number_guard ON messaging_delivery;
DROP FUNCTION messaging_delivery_number_guard();
DROP TRIGGER messaging_posting_guard ON messaging_posting;
DROP TRIGGER messaging_delivery_guard ON messaging_delivery;
DROP FUNCTION messaging_outgoing_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("messaging", "0010_outbox_grows")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
