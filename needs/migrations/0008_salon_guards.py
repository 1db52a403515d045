from django.db import migrations

FORWARD = """
CREATE FUNCTION needs_salon_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state <> 'planned' THEN
    RAISE EXCEPTION '沙龙已办结或取消，不能再修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_salon_guard';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER needs_salon_guard BEFORE UPDATE OR DELETE ON needs_salon FOR EACH ROW EXECUTE FUNCTION needs_salon_guard();

CREATE FUNCTION needs_salon_part_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sid bigint;
BEGIN
  IF TG_OP = 'DELETE' THEN sid := OLD.salon_id; ELSE sid := NEW.salon_id; END IF;
  PERFORM 1 FROM needs_salon WHERE id = sid AND state = 'planned' FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION '沙龙已办结或取消，不能再修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_salon_guard';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER needs_salon_guest_guard BEFORE INSERT OR UPDATE OR DELETE ON needs_salonguest FOR EACH ROW EXECUTE FUNCTION needs_salon_part_guard();
CREATE TRIGGER needs_salon_item_guard BEFORE INSERT OR UPDATE OR DELETE ON needs_salonitem FOR EACH ROW EXECUTE FUNCTION needs_salon_part_guard();
"""

REVERSE = """
DROP TRIGGER needs_salon_item_guard ON needs_salonitem;
DROP TRIGGER needs_salon_guest_guard ON needs_salonguest;
DROP FUNCTION needs_salon_part_guard();
DROP TRIGGER needs_salon_guard ON needs_salon;
DROP FUNCTION needs_salon_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("needs", "0007_salon")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
