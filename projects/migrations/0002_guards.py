from django.db import migrations

FORWARD = """
CREATE FUNCTION projects_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '已提交的版本和初审结论不能修改或删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'projects_append_only';
END $$;
CREATE TRIGGER projects_proposalversion_append_only BEFORE UPDATE OR DELETE ON projects_proposalversion FOR EACH ROW EXECUTE FUNCTION projects_append_only();
CREATE TRIGGER projects_eligibilitydecision_append_only BEFORE UPDATE OR DELETE ON projects_eligibilitydecision FOR EACH ROW EXECUTE FUNCTION projects_append_only();
"""

REVERSE = """
DROP TRIGGER projects_proposalversion_append_only ON projects_proposalversion;
DROP TRIGGER projects_eligibilitydecision_append_only ON projects_eligibilitydecision;
DROP FUNCTION projects_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
