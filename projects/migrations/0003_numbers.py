from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_guards")]
    operations = [migrations.RunSQL("CREATE SEQUENCE projects_receipt", "DROP SEQUENCE projects_receipt")]
