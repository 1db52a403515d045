from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("needs", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE needs_number", "DROP SEQUENCE needs_number"),
        migrations.RunSQL("CREATE SEQUENCE needs_order_number", "DROP SEQUENCE needs_order_number"),
    ]
