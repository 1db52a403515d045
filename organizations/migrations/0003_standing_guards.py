from django.db import migrations

FORWARD = """
CREATE FUNCTION organizations_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '已登记的述职结果和说明不能修改或删除，更正须登记新版本。' USING ERRCODE = 'check_violation', CONSTRAINT = 'organizations_append_only';
END $$;
CREATE TRIGGER organizations_standing_append_only BEFORE UPDATE OR DELETE ON organizations_standing FOR EACH ROW EXECUTE FUNCTION organizations_append_only();
CREATE TRIGGER organizations_standingcomment_append_only BEFORE UPDATE OR DELETE ON organizations_standingcomment FOR EACH ROW EXECUTE FUNCTION organizations_append_only();
"""

REVERSE = """
DROP TRIGGER organizations_standing_append_only ON organizations_standing;
DROP TRIGGER organizations_standingcomment_append_only ON organizations_standingcomment;
DROP FUNCTION organizations_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("organizations", "0002_standing")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
