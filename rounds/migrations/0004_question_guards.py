from django.db import migrations

FORWARD = """
CREATE FUNCTION rounds_question_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION '提问不能删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'rounds_question_guard';
  END IF;
  IF OLD.state <> 'waiting' THEN
    RAISE EXCEPTION '已处理的提问不能再修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'rounds_question_guard';
  END IF;
  IF NEW.words <> OLD.words OR NEW.round_id <> OLD.round_id THEN
    RAISE EXCEPTION '提问的原话不能修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'rounds_question_guard';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER rounds_question_guard BEFORE UPDATE OR DELETE ON rounds_question
  FOR EACH ROW EXECUTE FUNCTION rounds_question_guard();

CREATE FUNCTION rounds_theme_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM rounds_round WHERE id = OLD.round_id AND state <> 'draft') THEN
    RAISE EXCEPTION '期次已开启，主题已冻结。' USING ERRCODE = 'check_violation', CONSTRAINT = 'rounds_theme_guard';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER rounds_theme_guard BEFORE UPDATE ON rounds_theme
  FOR EACH ROW EXECUTE FUNCTION rounds_theme_guard();
"""

REVERSE = """
DROP TRIGGER rounds_theme_guard ON rounds_theme;
DROP FUNCTION rounds_theme_guard();
DROP TRIGGER rounds_question_guard ON rounds_question;
DROP FUNCTION rounds_question_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("rounds", "0003_setup")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
