from django.db import migrations

FORWARD = """
CREATE FUNCTION projects_cut_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '已登记的预算核减和答复不能修改或删除，更正须登记新版本。' USING ERRCODE = 'check_violation', CONSTRAINT = 'projects_cut_append_only';
END $$;
CREATE TRIGGER projects_budgetcut_append_only BEFORE UPDATE OR DELETE ON projects_budgetcut FOR EACH ROW EXECUTE FUNCTION projects_cut_append_only();
CREATE TRIGGER projects_cutline_append_only BEFORE UPDATE OR DELETE ON projects_cutline FOR EACH ROW EXECUTE FUNCTION projects_cut_append_only();
CREATE TRIGGER projects_cutanswer_append_only BEFORE UPDATE OR DELETE ON projects_cutanswer FOR EACH ROW EXECUTE FUNCTION projects_cut_append_only();

CREATE FUNCTION projects_cut_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  which bigint;
BEGIN
  which := CASE WHEN TG_TABLE_NAME = 'projects_cutline' THEN (to_jsonb(NEW) ->> 'cut_id')::bigint ELSE NEW.id END;
  IF EXISTS (
    SELECT 1 FROM projects_budgetcut c LEFT JOIN projects_cutline l ON l.cut_id = c.id WHERE c.id = which
    GROUP BY c.id, c.asked, c.approved
    HAVING COALESCE(SUM(l.asked), 0) <> c.asked OR COALESCE(SUM(l.approved), 0) <> c.approved
  ) THEN
    RAISE EXCEPTION '核减各行之和与合计不符。' USING ERRCODE = 'check_violation', CONSTRAINT = 'projects_cut_adds_up';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER projects_cut_adds_up AFTER INSERT ON projects_budgetcut DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION projects_cut_adds_up();
CREATE CONSTRAINT TRIGGER projects_cutline_adds_up AFTER INSERT ON projects_cutline DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION projects_cut_adds_up();
"""

REVERSE = """
DROP TRIGGER projects_cutline_adds_up ON projects_cutline;
DROP TRIGGER projects_cut_adds_up ON projects_budgetcut;
DROP FUNCTION projects_cut_adds_up();
DROP TRIGGER projects_cutanswer_append_only ON projects_cutanswer;
DROP TRIGGER projects_cutline_append_only ON projects_cutline;
DROP TRIGGER projects_budgetcut_append_only ON projects_budgetcut;
DROP FUNCTION projects_cut_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0005_budget_cut")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
